"""leaderboard.md: published scores and committed runs, ranked; a pure function of what `results/` holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError, UsageError
from sailbench.report.inert import markdown_cell
from sailbench.report.lines import counted, decimal, valued
from sailbench.report.means import MEANS, Number, number
from sailbench.report.reference import Table, read_tables
from sailbench.report.runs import Run, runs_below
from sailbench.report.sheet import sheet
from sailbench.report.text import markdown, row

STALE = "is not what results/ gives; write it anew with `sailbench leaderboard`"
OPENING = """\
# Leaderboard

Written by `sailbench leaderboard` from `results/`; do not edit. Models measured here come with their n and error bars;
published ones are printed as their source prints them, means included, and were not measured here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model's place: its name, its mean if it has one, and a text for each row."""

    name: str
    mean: float | None
    shown: str
    cells: tuple[str, ...]


def leaderboard(results: Path) -> str:
    """The whole page from a results folder: `reference/` and every run that is committed."""
    if not results.is_dir():
        raise StoreError(f"no folder {results}; give the one that holds reference/ and committed runs")
    tables, runs = read_tables(results / "reference"), runs_below([results])
    parts = [OPENING]
    parts += [text for title in _ranked_means(tables) if (text := _board(title, tables, runs))]
    if runs:
        parts.append(_measured(runs, tables))
    parts.append(_sources([table for table in tables if _ranked_means([table])]))
    return "\n".join(parts)


def check(results: Path, page: Path) -> None:
    """Raises: UsageError, in one line, when the page is not what the results give."""
    try:
        held = page.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{page} cannot be read ({error.strerror}); write it with `sailbench leaderboard`") from error
    if held != leaderboard(results):
        raise UsageError(f"{page} {STALE}")


def _ranked_means(tables: Sequence[Table]) -> list[str]:
    """The means that some table prints and that are made of benchmarks, not of other means."""
    printed = {title for table in tables for means in table.means.values() for title in means}
    return [title for title, rows in MEANS.items() if title in printed and not set(rows) & MEANS.keys()]


def _board(title: str, tables: Sequence[Table], runs: Sequence[Run]) -> str:
    rows = MEANS[title]
    entries = [own for table in tables for own in _published_entries(title, table)]
    entries += [own for run in runs if (own := _own_entry(title, run)) is not None]
    if not entries:
        return ""
    ranked = sorted(entries, key=lambda own: (own.mean is None, -(own.mean or 0), own.name))
    names = {key: _heading(told) for table in tables for key, told in table.rows.items()}
    about = f"Mean of {len(rows)} benchmarks; a model measured without all of them has no mean and comes last."
    lines = [f"## {title}", "", about]
    lines += ["", row(["#", "model", title, *(names.get(key, key) for key in rows)])]
    lines.append("|---:|---|" + "---:|" * (len(rows) + 1))
    for place, own in enumerate(ranked, 1):
        lines.append(row([str(place) if own.mean is not None else "-", own.name, own.shown, *own.cells]))
    return "\n".join(lines) + "\n"


def _heading(told: Mapping[str, Any]) -> str:
    return f"{told['title']}, n {told['n']}" if "n" in told else str(told["title"])


def _published_entries(title: str, table: Table) -> Iterator[Entry]:
    for model, name in table.models.items():
        if title not in table.means[model]:
            continue
        mean, digits = table.means[model][title], _digits(table)
        cells = tuple(decimal(table.scores[model].get(key), digits) for key in MEANS[title])
        yield Entry(name=name, mean=mean, shown=decimal(mean, digits), cells=cells)


def _digits(table: Table) -> int:
    """How many digits behind the point the table prints."""
    values = [value for scores in table.scores.values() for value in scores.values()]
    return 1 if all(value == round(value, 1) for value in values) else 2


def _own_entry(title: str, run: Run) -> Entry | None:
    """A run's place among the published; None for one that has none of the rows."""
    own = {key: number(run.records, key) for key in MEANS[title]}
    if not any(own.values()):
        return None
    mean = number(run.records, title)
    assert mean is not None, title
    cells = tuple(_measured_cell(own[key]) for key in MEANS[title])
    return Entry(name=f"{run.name} (measured here)", mean=mean.value, shown=_measured_cell(mean), cells=cells)


def _measured_cell(own: Number | None) -> str:
    return "-" if own is None else f"{valued(own)} ({counted(own)})"


def _measured(runs: Sequence[Run], tables: Sequence[Table]) -> str:
    text = markdown(sheet(runs, tables))
    return "## Measured here\n\n" + text


def _sources(tables: Sequence[Table]) -> str:
    lines = ["## Sources", ""]
    for table in tables:
        lines.append(f"- [{markdown_cell(table.source)}]({table.url}). Judge: {markdown_cell(table.judge)}.")
        lines += [f"  - {markdown_cell(own)}" for own in table.notes]
        doubts = [told for told in table.rows.values() if "differs" in told]
        lines += [f"  - {markdown_cell(told['title'])}: {markdown_cell(told['differs'])}." for told in doubts]
    return "\n".join(lines) + "\n"
