"""What a file of rows is, by its name: one reader a format, all alike from outside."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from sailbench.data.columnar import Parquet
from sailbench.data.delimited import Delimited
from sailbench.data.jsons import JsonDocument, JsonLines
from sailbench.data.windows import Windows
from sailbench.errors import DataError


class Table(Protocol):
    """Rows as {column: cell}, in order."""

    path: Path

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[dict[str, Any]]: ...


def table(path: Path, windows: Windows | None = None) -> Table:
    """The reader for a file; DataError for a name that tells no format. Files of one run share `windows`."""
    match path.suffix.lower():
        case ".tsv" | ".csv":
            return Delimited(path)
        case ".jsonl" | ".ndjson":
            return JsonLines(path)
        case ".json":
            return JsonLines(path) if _is_lines(path) else JsonDocument(path)
        case ".parquet":
            return Parquet(path, windows)
    raise DataError(f"{path}: rows are read from .tsv, .csv, .jsonl, .json and .parquet files")


def _is_lines(path: Path) -> bool:
    """Many files called .json hold an object a line."""
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
        more = any(line.strip() for line in file)
    try:
        return more and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False
