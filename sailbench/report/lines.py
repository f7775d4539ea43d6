"""How numbers and runs are put into words: the one place that decides it.

A number never stands without its n; what is missing is a dash, never 0; a row with ungraded samples shows its bounds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sailbench.report.inert import line as in_line
from sailbench.report.means import Number
from sailbench.report.reference import MARKS
from sailbench.report.runs import Record, Run
from sailbench.report.sheet import Cell, Line, Sheet

HEADINGS = ("task", "score", "95 % interval", "n", "protocol", "notes")


@dataclass(frozen=True, slots=True)
class Words:
    """One row of a report; `inner` marks a group's row below its task."""

    cells: tuple[str, ...]
    inner: bool = False


def decimal(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def span(pair: Sequence[float] | None) -> str:
    return "-" if pair is None else f"{pair[0]:.1f} to {pair[1]:.1f}"


def half_width(number: Number) -> float | None:
    """How far the 95 % interval reaches from the value, on its longer side; None where no spread is seen."""
    if number.value is None:
        return None
    if number.interval is not None:
        return max(number.interval[1] - number.value, number.value - number.interval[0])
    return 1.959964 * number.stderr if number.stderr else None


def valued(number: Number | None) -> str:
    """A number with its error bar, and its bounds where samples are ungraded."""
    if number is None or number.value is None:
        return "-"
    half = half_width(number)
    error = "" if half is None else f" ± {half:.1f}"
    within = f" within {span(number.bounds) if number.bounds else '?'}" if number.ungraded else ""
    return f"{number.value:.2f}{error}{within}"


def counted(number: Number | None) -> str:
    """How many it is over: samples, or rows of a mean."""
    if number is None:
        return "-"
    if number.of_rows:
        return f"{number.n} of {number.total} rows"
    return f"{number.n}" if number.n == number.total else f"{number.n} of {number.total}"


def differing(cell: Cell | None) -> str:
    """The difference from the published number with its sign and marks."""
    if cell is None or cell.difference is None:
        return "-"
    return f"{cell.difference:+.2f} {cell.marks}".rstrip()


def notes(record: Record) -> str:
    """What a reader must know to compare the number: bounds, what was not read, other protocols, lower is better."""
    said = []
    if record["ungraded"]:
        reasons = ", ".join(map(in_line, record.get("ungraded_because") or ()))
        within = span(record.get("bounds"))
        said.append(f"{record['ungraded']} ungraded ({reasons or 'no answer'}): within {within}")
    said += [f"{record[what]} {what}" for what in ("unparsed", "truncated") if record[what]]
    for name, value in record["metrics"].items():
        if f"{name}_differs" in record["metrics"]:
            said.append(f"{in_line(name)} {decimal(value)}, {record['metrics'][name + '_differs']} differ")
    if not record.get("higher_is_better", True):
        said.append("lower is better")
    return "; ".join(said)


def run_lines(records: Sequence[Record], groups: bool) -> Iterator[Words]:
    """One model's tasks as rows, under `HEADINGS`."""
    for record in records:
        cells = (
            str(record["task"]),
            decimal(record["value"]),
            span(record["interval"]),
            str(record["n"]),
            str(record["protocol"]),
        )
        yield Words((*map(in_line, cells), notes(record)))
        if groups:
            yield from _places(record)


def _places(record: Record) -> Iterator[Words]:
    """A line for each place of each grouping, in the groupings' order."""
    for grouping, places in record["groups"].items():
        for place, own in places.items():
            error = f"± {1.959964 * own['stderr']:.1f}" if own["stderr"] else ""
            cells = (in_line(f"  {grouping}: {place}"), decimal(own["value"]), error, str(own["n"]), "", "")
            yield Words(cells, inner=True)


def sheet_headings(sheet: Sheet) -> tuple[str, ...]:
    """The first column, then one a model; where something was published for it, that and the difference."""
    names = [in_line(run.name) for run in sheet.runs]
    more = [("published", "difference") if sheet.has_published(i) else () for i in range(len(names))]
    return ("benchmark", "n", *(heading for name, own in zip(names, more, strict=True) for heading in (name, *own)))


def sheet_line(sheet: Sheet, line: Line) -> Words:
    """A row of the sheet. One n serves all models where it is the same; else it stands beside each number."""
    numbers = [cell.number if cell else None for cell in line.cells]
    counts = {counted(number) for number in numbers if number}
    cells = [("  " if line.inner else "") + in_line(line.label), counts.copy().pop() if len(counts) == 1 else "differs"]
    for i, (cell, number) in enumerate(zip(line.cells, numbers, strict=True)):
        alone = f" ({counted(number)})" if number and len(counts) > 1 else ""
        cells.append(valued(number) + alone)
        if sheet.has_published(i):
            cells += [decimal(cell.published if cell else None), differing(cell)]
    return Words(tuple(cells), line.inner)


def footnotes(sheet: Sheet) -> Iterator[str]:
    """What the sheet's signs mean, what each run says of its own numbers, and where published ones are from."""
    yield "± reaches to the end of the 95 % interval, clustered by shared media; n counts what is graded."
    used = {mark for line in sheet.lines for cell in line.cells if cell for mark in cell.marks}
    for mark, meaning in MARKS.items():
        if mark in used:
            yield f"{mark}: {meaning}."
    for run in sheet.runs:
        yield from _told(run, whole=len(sheet.runs) == 1)
    sources = dict.fromkeys(cell.source for line in sheet.lines for cell in line.cells if cell and cell.source)
    yield from (f"Published: {source}." for source in sources)


def _told(run: Run, whole: bool) -> Iterator[str]:
    """What a run says of its numbers: a line a task, or in short its totals and which tasks have ungraded samples."""
    if not whole:
        counts = {what: sum(record[what] for record in run.records.values()) for what in ("n", "unparsed", "truncated")}
        yield in_line(f"{run.name}: {counts['unparsed']} unparsed, {counts['truncated']} truncated of {counts['n']}.")
    for task, record in run.records.items():
        said = notes(record)
        if said and (whole or record["ungraded"]):
            yield f"{in_line(run.name)}, {in_line(task)}: {said}."
