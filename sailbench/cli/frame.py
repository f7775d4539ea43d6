"""The frame that every command stands in: how one is declared, exit codes, the table on the terminal."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # its type has no public name

DONE, WRONG, UNGRADED, INTERRUPTED = 0, 2, 3, 130


def command(commands: "Commands", name: str, text: str, example: str) -> argparse.ArgumentParser:
    """A command with its one-line help and an example below."""
    return commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def say(text: str = "", file: TextIO | None = None, flush: bool = False) -> None:
    """Print, with what a terminal would obey written out: models, rows and files are quoted in what we print."""
    from sailbench.report.inert import plain

    print(plain(text), file=file, flush=flush)


def say_json(content: Any) -> None:
    """The same for machines: JSON that loses nothing."""
    from sailbench.report.inert import as_json

    print(as_json(content, indent=2))


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def finished(records: Sequence[Mapping[str, Any]], allow_ungraded: bool) -> int:
    ungraded = sum(r["ungraded"] for r in records)
    if not ungraded or allow_ungraded:
        return DONE
    print(f"sailbench: {ungraded} items are ungraded; the same command asks them again", file=sys.stderr)
    return UNGRADED


def print_table(records: Sequence[Mapping[str, Any]], groups: bool) -> None:
    from rich.console import Console

    from sailbench.report.terminal import table

    Console(width=None if sys.stdout.isatty() else 160).print(table(records, groups))
