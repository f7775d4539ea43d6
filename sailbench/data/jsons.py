"""JSON Lines, and JSON documents that hold a list of rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
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
            with _told(self.path, number):
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise DataError(f"{self.path}, line {number}: a line must be a JSON object")
                lean = lifted(row, partial(LineCell, self.path, offset))
            yield lean

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
        with _told(self.path):
            rows = _rows_in(json.loads(self.path.read_bytes()))
            if rows is None:
                raise DataError(f"{self.path} holds no list of rows: it must be an array of objects, or hold one")
            return [_without_base64(row) for row in rows]


@contextmanager
def _told(path: Path, number: int | None = None) -> Iterator[None]:
    """What is no JSON, or no row, with its place: of a file with a row a line, `number` is the line's."""
    try:
        yield
    except json.JSONDecodeError as error:
        line = number or error.lineno
        raise DataError(f"{path}, line {line}: not JSON: {error.msg} at character {error.colno}") from error
    except (ValueError, RecursionError) as error:
        place = f"{path}, line {number}" if number else path
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise DataError(f"{place} cannot be read: {why}") from error


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
        try:
            return decode(value)
        except ValueError:
            return bytes(value, "ascii")  # one broken picture, which its own sample tells of

    changed: dict[str, Any] = lifted(row, decoded)
    return changed
