"""Runs side by side: models as columns, benchmarks as rows in families, the means of the leaderboards above them.

What every format shows is decided here once: which rows there are, what stands in a cell, and the published number
beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sailbench import registry
from sailbench.report.means import MEANS, OF_PLACES, Number, number, reached
from sailbench.report.reference import Table, marks, published
from sailbench.report.runs import Run

# The families in the order of a report; what is not named here comes after, by name.
FAMILIES = {
    "general": "General",
    "high_resolution": "High resolution",
    "spatial": "Spatial",
    "grounding_counting": "Grounding & counting",
    "document_ocr_chart": "Documents, OCR & charts",
    "math_science_reasoning": "Mathematics, science & reasoning",
    "hallucination": "Hallucination",
    "multi_image": "Several images",
    "video": "Video",
    "multilingual": "Multilingual",
    "instruction_following": "Instruction following",
    "chat": "Chat",
    "gui": "Screens",
    "caption": "Captions",
    "safety": "Safety",
}
# Rows besides the headlines: what the means are made of.
OTHER_NUMBERS = tuple(
    dict.fromkeys(row for rows in MEANS.values() for row in rows if ":" in row or row in OF_PLACES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A run's number on a row; what was published for its model, where that is, and what differs (`marks`)."""

    number: Number
    published: float | None = None
    source: str = ""
    marks: str = ""

    @property
    def difference(self) -> float | None:
        """Ours less the published one."""
        if self.published is None or self.number.value is None:
            return None
        return self.number.value - self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the sheet, a cell or None for each run; `inner` marks a place's row below its task."""

    row: str
    label: str
    title: str
    cells: tuple[Cell | None, ...]
    inner: bool = False

    @property
    def task(self) -> str:
        return self.row.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    runs: tuple[Run, ...]
    sections: tuple[Section, ...]

    @property
    def lines(self) -> Iterator[Line]:
        return (line for section in self.sections for line in section.lines)

    def has_published(self, run: int) -> bool:
        """Whether anything was published for the model of a column."""
        return any((own := line.cells[run]) is not None and own.published is not None for line in self.lines)


def sheet(runs: Sequence[Run], tables: Sequence[Table], groups: bool = False) -> Sheet:
    """The runs side by side; with `groups`, a line for each place of each grouping."""
    made = [_means(runs, tables)] if any(reached(run.records) for run in runs) else []
    tasks = sorted({task for run in runs for task in run.records}, key=_place)
    for family in dict.fromkeys(map(family_of, tasks)):
        own = [line for task in tasks if family_of(task) == family for line in _of_task(task, runs, tables, groups)]
        made.append(Section(FAMILIES.get(family, family.replace("_", " ").capitalize()), tuple(own)))
    return Sheet(tuple(runs), tuple(made))


def family_of(task: str) -> str:
    own = registry.cards().get(task)
    return own.facts.get("family", "other") if own else "other"


def _place(task: str) -> tuple[int, str, str]:
    """Families in their order, demonstrations last."""
    family, order = family_of(task), list(FAMILIES)
    rank = order.index(family) if family in order else len(order) + (family in registry.NOT_BENCHMARKS)
    return rank, family, task


def _means(runs: Sequence[Run], tables: Sequence[Table]) -> Section:
    titles = [title for title in MEANS if any(title in reached(run.records) for run in runs)]
    lines = (_line(title, title, f"mean of {len(MEANS[title])} rows", runs, tables) for title in titles)
    return Section("Means", tuple(lines))


def _of_task(task: str, runs: Sequence[Run], tables: Sequence[Table], groups: bool) -> Iterator[Line]:
    title = next(str(run.records[task].get("title") or task) for run in runs if task in run.records)
    yield _line(task, task, title, runs, tables)
    for row in OTHER_NUMBERS:
        if OF_PLACES.get(row, (row,))[0].partition(":")[0] == task:
            made = _line(row, row.replace(":", ": ").replace("/", ": "), title, runs, tables)
            if any(made.cells):
                yield made
    for grouping, place in _places(task, runs) if groups else ():
        row = f"{task}:{grouping}/{place}"
        cells = tuple(Cell(number=own) if (own := number(run.records, row)) else None for run in runs)
        yield Line(row=row, label=f"{grouping}: {place}", title=title, cells=cells, inner=True)


def _places(task: str, runs: Sequence[Run]) -> list[tuple[str, str]]:
    own = [run.records[task]["groups"] for run in runs if task in run.records]
    return list(dict.fromkeys((grouping, place) for groups in own for grouping in groups for place in groups[grouping]))


def _line(row: str, label: str, title: str, runs: Sequence[Run], tables: Sequence[Table]) -> Line:
    return Line(row=row, label=label, title=title, cells=tuple(_cell(run, row, tables) for run in runs))


def _cell(run: Run, row: str, tables: Sequence[Table]) -> Cell | None:
    own = number(run.records, row)
    if own is None:
        return None
    known = published(tables, run.name, row)
    if known is None:
        return Cell(number=own)
    table = known.table
    return Cell(number=own, published=known.value, source=table.source, marks=marks(run.records, row, table))
