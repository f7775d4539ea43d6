"""What a person at a terminal sees: the report table, and a run's progress with rate, time left and running score."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from sailbench.report.inert import line
from sailbench.report.lines import HEADINGS, footnotes, run_lines, sheet_headings, sheet_line
from sailbench.report.runs import Record
from sailbench.report.sheet import Sheet
from sailbench.types import Response, Score

QUIET_SECONDS = 30.0


def table(records: Sequence[Record], groups: bool = False) -> Table:
    """A run's tasks as rows; models' and tasks' texts are never read as markup, nor obeyed."""
    models = dict.fromkeys(line(str(record["model"])) for record in records)
    made = Table(title=Text(", ".join(models)), title_justify="left", header_style="bold", pad_edge=False)
    for heading in HEADINGS:
        numeric = heading in ("score", "n")
        whole = heading in ("score", "95 % interval", "n", "protocol")
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
    for own in run_lines(records, groups):
        made.add_row(*(Text(cell) for cell in own.cells), style="dim" if own.inner else None)
    return made


def sheet_tables(sheet: Sheet) -> Iterator[Table | Text]:
    """The runs side by side, a table with a line between families, then its footnotes."""
    made = Table(header_style="bold", pad_edge=False)
    for place, heading in enumerate(sheet_headings(sheet)):
        made.add_column(Text(heading), justify="left" if place == 0 else "right", overflow="fold")
    for section in sheet.sections:
        made.add_section()
        made.add_row(Text(section.title, style="bold"))
        for own in section.lines:
            words = sheet_line(sheet, own)
            made.add_row(*(Text(cell) for cell in words.cells), style="dim" if words.inner else None)
    yield made
    yield from map(Text, footnotes(sheet))


class RunProgress:
    """Bars on a terminal, a line every half minute elsewhere. Scores shown are plain means of what is graded so far."""

    def __init__(self, console: Console, waiting: dict[str, int]) -> None:
        self._console, self._waiting = console, waiting
        self._done: dict[str, int] = defaultdict(int)
        self._values: dict[str, list[float]] = defaultdict(list)
        self._tokens = 0
        self._began = self._said = time.monotonic()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[score]}", markup=False),
            console=console,
        )
        self._bar: dict[str, TaskID] = {
            name: self._bars.add_task(line(name), total=total, rate="", score="")
            for name, total in waiting.items()
            if total
        }

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()
        if not self._console.is_terminal and self._done:
            self._console.print(self._line(), markup=False, highlight=False)

    def answered(self, task: str, response: Response, score: Score, scale: float) -> None:
        self._done[task] += 1
        self._tokens += response.tokens_out
        if score.value is not None:
            self._values[task].append(score.value * scale)
        self._bars.update(self._bar[task], advance=1, rate=self._rate(task), score=self._score(task))
        if not self._console.is_terminal and time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            self._console.print(self._line(), markup=False, highlight=False)

    def _rate(self, task: str) -> str:
        seconds = max(time.monotonic() - self._began, 1e-9)
        return f"{self._done[task] / seconds:.1f}/s {self._tokens / seconds:.0f} tok/s"

    def _score(self, task: str) -> str:
        values = self._values[task]
        return f"score {sum(values) / len(values):.1f}" if values else ""

    def _line(self) -> str:
        parts = [f"{line(t)} {n}/{self._waiting[t]} {self._score(t)}".rstrip() for t, n in self._done.items()]
        seconds = time.monotonic() - self._began
        return f"{', '.join(parts)} after {seconds:.0f} s ({self._tokens / max(seconds, 1e-9):.0f} tokens/s)"
