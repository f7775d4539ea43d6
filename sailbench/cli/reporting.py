"""`sailbench report` and `leaderboard`: what results folders hold, in the form that is asked for."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli.frame import DONE, command

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.report.runs import Run
    from sailbench.report.sheet import Sheet

FORMATS = ("table", "md", "csv", "json", "flat", "opencompass", "html", "junit", "parquet")


def add_report(commands: "Commands") -> None:
    example = "sailbench report results other-results --format html --data-dir ./downloads --out page.html"
    p = command(commands, "report", "show what results folders hold, models side by side", example)
    p.set_defaults(command=report)
    p.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    p.add_argument("--format", choices=FORMATS, default="table", help="flat: one JSON object of names and numbers")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--out", type=Path, metavar="FILE", help="write to a file (opencompass: a folder)")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="html: where questions and images are")
    p.add_argument("--tasks", default="", metavar="F,F", help="html: files of tasks of your own (./mine.py)")
    p.add_argument("--thumbnails", type=float, default=20.0, metavar="MB", help="html: room for images (default 20)")


def add_leaderboard(commands: "Commands") -> None:
    p = command(commands, "leaderboard", "write leaderboard.md from results/", "sailbench leaderboard --check")
    p.set_defaults(command=leaderboard)
    p.add_argument("--check", action="store_true", help="write nothing; exit 2 if the page is stale")
    p.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    p.add_argument("--out", type=Path, metavar="FILE", help="the page (default: leaderboard.md beside DIR)")


def report(arguments: argparse.Namespace) -> int:
    from sailbench.report import reference
    from sailbench.report.runs import read_runs
    from sailbench.report.sheet import sheet

    runs = read_runs(arguments.folders)
    made = sheet(runs, reference.bundled(), arguments.groups)
    if arguments.format == "table" and arguments.out is None:
        _print(made)
    elif arguments.format == "opencompass" and arguments.out is not None:
        _write_opencompass(made, arguments.out)
    else:
        _deliver(_content(runs, made, arguments), arguments.out)
    return DONE


def _content(runs: "Sequence[Run]", made: "Sheet", arguments: argparse.Namespace) -> str | bytes:
    from sailbench.report import exports, junit, opencompass, text

    records = [record for run in runs for record in run.records.values()]
    forms: dict[str, Callable[[], str | bytes]] = {
        "table": lambda: text.markdown(made),
        "md": lambda: text.markdown(made),
        "csv": lambda: exports.as_csv(made),
        "json": lambda: exports.as_json(records),
        "flat": lambda: exports.as_flat_json(runs),
        "opencompass": lambda: opencompass.summary_csv(made),
        "junit": lambda: junit.junit(runs),
        "parquet": lambda: exports.as_parquet(made),
        "html": lambda: _page(made, arguments),
    }
    return forms[arguments.format]()


def _page(made: "Sheet", arguments: argparse.Namespace) -> str:
    from sailbench.data import Places
    from sailbench.report.page import Wishes, page

    # What is at hand is shown; nothing is fetched for a report.
    places = Places.of(os.environ, arguments.data_dir, offline=True)
    files = [name for name in arguments.tasks.split(",") if name]
    return page(made, Wishes(places=places, task_files=files, megabytes=arguments.thumbnails))


def _deliver(content: str | bytes, out: Path | None) -> None:
    from sailbench.errors import StoreError, UsageError
    from sailbench.store import replace_file

    if out is None and isinstance(content, bytes):
        raise UsageError("this format is not text; name a file with --out FILE")
    if out is None:
        sys.stdout.write(str(content))
    elif isinstance(content, bytes):
        try:
            out.write_bytes(content)
        except OSError as error:
            raise StoreError(f"cannot write {out}: {error.strerror}") from error
    else:
        replace_file(out, content)


def _write_opencompass(made: "Sheet", folder: Path) -> None:
    from sailbench.report import opencompass
    from sailbench.store import replace_file

    replace_file(folder / "summary" / "summary.csv", opencompass.summary_csv(made))
    replace_file(folder / "summary" / "summary.md", opencompass.summary_markdown(made))
    for name, text in opencompass.score_files(made):
        replace_file(folder / name, text)


def _print(made: "Sheet") -> None:
    from rich.console import Console

    from sailbench.report.terminal import sheet_tables

    console = Console(width=None if sys.stdout.isatty() else 160)
    for part in sheet_tables(made):
        console.print(part)


def leaderboard(arguments: argparse.Namespace) -> int:
    from sailbench.report import leaderboard as board
    from sailbench.store import replace_file

    page = arguments.out or arguments.results.parent / "leaderboard.md"
    if arguments.check:
        board.check(arguments.results, page)
    else:
        replace_file(page, board.leaderboard(arguments.results))
    return DONE
