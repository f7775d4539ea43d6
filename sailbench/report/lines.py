"""A summary as a line of words: the one place that decides how numbers are shown.

A number never stands without its n; what is missing is a dash, never 0; a row with ungraded samples shows its bounds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
HEADINGS = ("model", "task", "score", "95 % interval", "n", "coverage", "unparsed", "truncated", "protocol", "notes")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a report; `inner` marks a group's row below its task."""

    cells: tuple[str, ...]
    inner: bool = False


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def span(pair: Sequence[float] | None) -> str:
    return "-" if pair is None else f"{pair[0]:.1f} to {pair[1]:.1f}"


def coverage(record: Record) -> str:
    total = record["n"] + record["ungraded"]
    return "-" if not total else f"{100 * record['n'] / total:.4g} %"


def notes(record: Record) -> str:
    """What a reader must know to compare the number: bounds, other protocols, lower is better."""
    said = []
    if record["ungraded"]:
        reasons = ", ".join(record.get("ungraded_because") or ())
        said.append(f"{record['ungraded']} ungraded ({reasons or 'no answer'}): within {span(record['bounds'])}")
    for name, value in record["metrics"].items():
        if f"{name}_differs" in record["metrics"]:
            said.append(f"{name} {number(value)}, {record['metrics'][name + '_differs']} differ")
    if not record.get("higher_is_better", True):
        said.append("lower is better")
    return "; ".join(said)


def task_line(record: Record) -> Line:
    return Line(
        (
            str(record["model"]),
            str(record["task"]),
            number(record["value"]),
            span(record["interval"]),
            str(record["n"]),
            coverage(record),
            str(record["unparsed"]),
            str(record["truncated"]),
            str(record["protocol"]),
            notes(record),
        )
    )


def group_lines(record: Record) -> Iterator[Line]:
    """A line for each place of each grouping, in the groupings' order."""
    for grouping, places in record["groups"].items():
        for place, own in places.items():
            stderr = "-" if own["stderr"] is None else f"± {own['stderr']:.1f}"
            cells = ("", f"{grouping}: {place}", number(own["value"]), stderr, str(own["n"]), *("",) * 5)
            yield Line(cells, inner=True)


def lines(records: Sequence[Record], groups: bool) -> Iterator[Line]:
    for record in records:
        yield task_line(record)
        if groups:
            yield from group_lines(record)
