"""Numbers for other programs: CSV and Parquet with a row a number, JSON as it is stored, and flat JSON for trackers."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sailbench.report import inert
from sailbench.report.means import Number, reached
from sailbench.report.runs import Record, Run
from sailbench.report.sheet import Cell, Line, Sheet, family_of

# The columns of CSV and Parquet and what each holds.
COLUMNS: Mapping[str, type] = {
    "model": str,
    "row": str,
    "family": str,
    "score": float,
    "stderr": float,
    "interval_low": float,
    "interval_high": float,
    "n": int,
    "of": int,
    "counts": str,
    "ungraded": int,
    "bound_low": float,
    "bound_high": float,
    "unparsed": int,
    "truncated": int,
    "protocol": str,
    "task_version": int,
    "judge": str,
    "published": float,
    "difference": float,
    "marks": str,
    "source": str,
    "seconds": float,
    "tokens_in": int,
    "tokens_out": int,
    "engine": str,
    "date": str,
}


def cells(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """Every number of the sheet as a flat record of `COLUMNS`; what is missing is None, and a missing row no record."""
    for section in sheet.sections:
        for line in section.lines:
            for run, cell in zip(sheet.runs, line.cells, strict=True):
                if cell is not None:
                    yield {**dict.fromkeys(COLUMNS), **_cell(run, line, cell)}


def _cell(run: Run, line: Line, cell: Cell) -> dict[str, Any]:
    own = _number(cell.number) | {"model": run.name, "row": line.row, "published": cell.published}
    own |= {"difference": cell.difference, "marks": cell.marks or None, "source": cell.source or None}
    record = run.records.get(line.task)
    if record is None:
        return own | {"family": "means"}
    own |= {"family": family_of(line.task), "protocol": record["protocol"]}
    if line.row == line.task:
        named = ("unparsed", "truncated", "task_version", "seconds", "tokens_in", "tokens_out", "engine", "date")
        own |= {name: record.get(name) for name in named} | {"judge": (record.get("judge") or {}).get("model")}
    return own


def _number(number: Number) -> dict[str, Any]:
    low, high = number.interval or (None, None)
    bound_low, bound_high = number.bounds if number.ungraded and number.bounds else (None, None)
    return {
        "score": number.value,
        "stderr": number.stderr,
        "interval_low": low,
        "interval_high": high,
        "n": number.n,
        "of": number.total,
        "counts": "rows" if number.of_rows else "samples",
        "ungraded": number.ungraded,
        "bound_low": bound_low,
        "bound_high": bound_high,
    }


def as_csv(sheet: Sheet) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_written(value) for value in record.values()] for record in cells(sheet))
    return out.getvalue()


def _written(value: Any) -> str:
    """Numbers in full, texts inert, a dash for what is missing."""
    if value is None:
        return "-"
    return repr(value) if isinstance(value, int | float) else inert.cell(str(value))


def as_parquet(sheet: Sheet) -> bytes:
    import pyarrow
    from pyarrow import parquet

    kinds = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64()}
    records = [{name: _shown(value) for name, value in record.items()} for record in cells(sheet)]
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(records, schema=schema), out)
    return out.getvalue()


def _shown(value: Any) -> Any:
    return inert.line(value) if isinstance(value, str) else value


def as_json(records: Sequence[Record], groups: bool = True) -> str:
    """The summaries as they are stored."""
    kept = [dict(r) if groups else {k: v for k, v in r.items() if k != "groups"} for r in records]
    return inert.as_json(kept, indent=2) + "\n"


def as_flat_json(runs: Sequence[Run]) -> str:
    """One object of names and numbers, as experiment trackers log it; what is missing has no name in it."""
    found = {inert.line(name): value for run in runs for name, value in _flat(run) if value is not None}
    return inert.as_json(found, indent=2) + "\n"


def _flat(run: Run) -> Iterator[tuple[str, float | int | None]]:
    for task, record in run.records.items():
        named = ("value", "n", "stderr", "ungraded", "unparsed", "truncated", "seconds", "tokens_in", "tokens_out")
        yield from ((f"{run.name}/{task}/{name}", record.get(name)) for name in named)
        yield from ((f"{run.name}/{task}/metrics/{name}", value) for name, value in record["metrics"].items())
    for title, own in reached(run.records).items():
        yield f"{run.name}/means/{title}", own.value
        yield f"{run.name}/means/{title}/rows", own.n
