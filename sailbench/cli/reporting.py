"""`sailbench report`: print what results folders hold."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli.frame import DONE, command, print_table

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands


def add_report(commands: "Commands") -> None:
    p = command(commands, "report", "print what results folders hold", "sailbench report results --format md --groups")
    p.set_defaults(command=report)
    p.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    p.add_argument("--format", choices=("table", "md", "csv", "json"), default="table")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of the terminal")


def report(arguments: argparse.Namespace) -> int:
    from sailbench.report.text import FORMATS
    from sailbench.store import read_summaries, replace_file

    records = [record for folder in arguments.folders for record in read_summaries(folder)]
    if arguments.format == "table" and arguments.out is None:
        print_table(records, arguments.groups)
        return DONE
    text = FORMATS["md" if arguments.format == "table" else arguments.format](records, arguments.groups)
    if arguments.out:
        replace_file(arguments.out, text)
    else:
        print(text, end="")
    return DONE
