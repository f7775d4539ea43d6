"""Files of answers in other harnesses' layouts, read as lines of predictions.

VLMEvalKit writes a table with `index` and `prediction`, as .xlsx unless PRED_FORMAT says tsv or json; an answer that it
could not get says so (open-compass/VLMEvalKit@e8e78f05 vlmeval/smp/file.py). lmms-eval writes a line a sample with
`doc_id`, the row's number, and `resps` (EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/loggers/evaluation_tracker.py).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sailbench import data
from sailbench.errors import DataError
from sailbench.store import json_line

FAILED = "Failed to obtain answer"
TABLES = (".tsv", ".csv", ".xlsx", ".json")


def as_lines(path: Path) -> bytes | None:
    """The file as JSON Lines of {id, prediction}, or of {prediction} in row order; None if it has our own layout."""
    rows = _foreign(path)
    if rows is None:
        return None
    columns = set(rows[0]) if rows else set()
    if {"index", "prediction"} <= columns:
        lines = [_vlmevalkit(row) for row in rows]
    elif {"doc_id", "filtered_resps"} <= columns:
        lines = _lmms_eval(rows, path)
    else:
        have = ", ".join(sorted(map(str, columns))[:8]) or "no rows"
        raise DataError(f"{path} is neither VLMEvalKit's (index, prediction) nor lmms-eval's (doc_id, ...): has {have}")
    return "".join(json_line(line) + "\n" for line in lines).encode()


def _foreign(path: Path) -> list[Mapping[str, Any]] | None:
    if not path.is_file():
        return None
    suffix = path.suffix.lower()
    if suffix == ".xlsx":
        return _sheet(path)
    if suffix in TABLES and not _has_own_keys(path):
        return [row.columns for row in data.read_table(path)]
    with path.open("rb") as file:
        first = file.readline()
    return [row.columns for row in data.read_table(path)] if b'"filtered_resps"' in first else None


def _has_own_keys(path: Path) -> bool:
    """A .json file may hold our own lines."""
    with path.open("rb") as file:
        first = file.readline()
    try:
        held = json.loads(first)
    except ValueError:
        return False
    return isinstance(held, dict) and bool({"prediction", "text"} & held.keys()) and "index" not in held


def _sheet(path: Path) -> list[Mapping[str, Any]]:
    if not (find_spec("openpyxl") and find_spec("pandas")):
        raise DataError(f"{path}: reading .xlsx takes `pip install pandas openpyxl`, or PRED_FORMAT=tsv")
    import pandas

    try:
        frame = pandas.read_excel(path, dtype=object, keep_default_na=False)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _vlmevalkit(row: Mapping[str, Any]) -> dict[str, Any]:
    said = str(row["prediction"])
    if said.startswith(FAILED):
        return {"id": str(row["index"]), "prediction": None, "error": f"VLMEvalKit: {FAILED}"}
    return {"id": str(row["index"]), "prediction": said}


def _lmms_eval(rows: Sequence[Mapping[str, Any]], path: Path) -> list[dict[str, Any]]:
    """In the order of rows, whose numbers are all that tells them apart."""
    by_number = {int(row["doc_id"]): row for row in rows}
    lacking = next((n for n in range(len(by_number)) if n not in by_number), None)
    if lacking is not None or len(by_number) < len(rows):
        what = "twice" if lacking is None else f"without row {lacking}"
        raise DataError(f"{path} tells samples by row number, and has some {what}; give a log of all rows")
    return [{"prediction": _last(by_number[n].get("resps", by_number[n]["filtered_resps"]))} for n in sorted(by_number)]


def _last(replies: Any) -> str:
    """The last text of replies that may be nested."""
    while isinstance(replies, list):
        replies = replies[-1] if replies else ""
    return str(replies)


def text_columns(columns: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A row's columns that are words and numbers; media and records are left out."""
    for name, cell in columns.items():
        if isinstance(cell, str | int | float) and not isinstance(cell, bool):
            yield name, str(cell)
