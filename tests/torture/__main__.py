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

# What 20 minutes are for; fewer do a share of it, and no case less than the test suite does.
WHOLE = 20
SOAKS = {"fake": 100_000, "sailvl2-nano": 10_000}


def chosen(argv):
    p = argparse.ArgumentParser(prog="torture", description=__doc__)
    p.add_argument("--minutes", type=float, default=WHOLE, help="of the soak; below 20, all is done a share as often")
    p.add_argument("--only", default="", metavar="WORD,WORD", help="faults whose name holds one of these (soak is one)")
    p.add_argument("--out", type=Path, metavar="FILE", help="write the table as Markdown too")
    return p.parse_args(argv)


def tallies(arguments, say):
    wanted = [word for word in arguments.only.split(",") if word]
    share = min(1.0, arguments.minutes / WHOLE)
    for case in CASES:
        if not wanted or any(word in case.name for word in wanted):
            begun = time.monotonic()
            tally = case.tally(max(case.short, round(case.long * share)))
            say(f"{tally.fault}: {tally.injected} times in {time.monotonic() - begun:.0f} s")
            yield tally
    for name, size in SOAKS.items():
        if not wanted or any(word in f"soak {name}" for word in wanted):
            with tempfile.TemporaryDirectory() as folder:
                tally = soak(name, Path(folder), round(size * share), arguments.minutes / len(SOAKS))
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
