"""JSON Lines, and JSON documents that hold a list of rows."""

import json
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sailbench.data.blobs import LineCell, decode, lifted
from sailbench.errors import DataError


class JsonLines:
    """One JSON object a line; pictures in base64 stay in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return sum(1 for _ in self._lines())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number, offset, line in self._lines():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{self.path}, line {number}: not JSON: {error}") from error
            if not isinstance(row, dict):
                raise DataError(f"{self.path}, line {number}: a line must be a JSON object")
            yield lifted(row, partial(LineCell, self.path, offset))

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        """The lines that are not blank, with their numbers and places."""
        offset = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, offset, line
                offset += len(line)


class JsonDocument:
    """A JSON array of objects, an object with one such array in it, or an object of objects by id."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        try:
            document = json.loads(self.path.read_bytes())
        except ValueError as error:
            raise DataError(f"{self.path}: not JSON: {error}") from error
        rows = _rows_in(document)
        if rows is None:
            raise DataError(f"{self.path} holds no list of rows: it must be an array of objects, or hold one")
        return [_without_base64(row) for row in rows]


def _rows_in(document: Any) -> list[dict[str, Any]] | None:
    if isinstance(document, list):
        return document if all(isinstance(row, dict) for row in document) else None
    if not isinstance(document, dict):
        return None
    lists = [own for own in document.values() if isinstance(own, list) and own and _rows_in(own) is not None]
    if len(lists) == 1:
        return lists[0]
    if document and all(isinstance(row, dict) for row in document.values()):
        return [{"id": key} | row for key, row in document.items()]
    return None


def _without_base64(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its pictures as bytes: a document cannot be read in part, so they are kept, but not as text."""

    def decoded(steps: tuple[str | int, ...]) -> bytes:
        value: Any = row
        for step in steps:
            value = value[step]
        return decode(value)

    changed: dict[str, Any] = lifted(row, decoded)
    return changed
