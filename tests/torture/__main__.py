"""The whole of it: every fault many times, then the soak; prints one table and exits 1 if anything was lost."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from torture.cases import CASES
from torture.soak import soak

SOAKS = {"fake": 100_000, "small checkpoint": 10_000}


def chosen(argv):
    p = argparse.ArgumentParser(prog="torture", description=__doc__)
    p.add_argument("--minutes", type=float, default=20, help="of the soak, shared by its models; 0 leaves it out")
    p.add_argument("--only", default="", metavar="WORD,WORD", help="faults whose name holds one of these (soak is one)")
    p.add_argument("--short", action="store_true", help="the few injections of the test suite")
    p.add_argument("--out", type=Path, metavar="FILE", help="write the table as Markdown too")
    return p.parse_args(argv)


def tallies(arguments, say):
    wanted = [word for word in arguments.only.split(",") if word]
    for case in CASES:
        if not wanted or any(word in case.name for word in wanted):
            begun = time.monotonic()
            tally = case.tally(case.short if arguments.short else case.long)
            say(f"{tally.fault}: {tally.injected} times in {time.monotonic() - begun:.0f} s")
            yield tally
    if arguments.minutes and (not wanted or any(word in "soak" for word in wanted)):
        with tempfile.TemporaryDirectory() as folder:
            for name, size in SOAKS.items():
                tally = soak(name, Path(folder) / name, size, arguments.minutes / len(SOAKS))
                say(f"{tally.fault}: {tally.injected} faults")
                yield tally


HEADS = ("fault", "times injected", "lost", "doubled", "wrong", "")


def cells(tally):
    return [tally.fault, *map(str, (tally.injected, tally.lost, tally.doubled, tally.wrong)), tally.note]


def markdown(found):
    rows = [HEADS, ["---", "---:", "---:", "---:", "---:", "---"], *map(cells, found)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(argv):
    arguments = chosen(argv)
    console = Console(width=160)
    found = list(tallies(arguments, lambda line: Console(stderr=True).print(line, markup=False, highlight=False)))
    table = Table(*HEADS)
    for tally in found:
        table.add_row(*cells(tally))
    console.print(table)
    if arguments.out:
        arguments.out.write_text(markdown(found), encoding="utf-8")
    return 0 if all(tally.clean for tally in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
