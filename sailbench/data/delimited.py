"""TSV and CSV read exactly: a cell is text, whatever it looks like, and pictures stay in the file.

The file is scanned once, a piece at a time, by searches for single bytes that run in C. Cells that hold base64
are kept as spans of the file; the rest is text. "None", "N/A", "007" and "1e5" are what they say, an empty cell is "".
"""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sailbench.data.blobs import LONG, Span, is_picture
from sailbench.errors import DataError

PIECE = 1 << 20
BOM = b"\xef\xbb\xbf"
IMAGE, INDEX = "image", "index"
# A cell of the image column of at most so many characters is no picture but names the row that has it
# (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/image_base.py).
REFERENCE = 64
# The members of a list written in Python or JSON; in a quoted cell JSON's quotes are doubled.
_MEMBER = re.compile(rb"""'([^']*)'|""([^"]*)""|"([^"]*)\"""")


class Record(NamedTuple):
    """One record's cells as ranges of `piece`, which starts at byte `offset` of the file."""

    piece: bytes
    offset: int
    cells: list[tuple[int, int]]


class Dialect(NamedTuple):
    """What parts cells, and whether a CR alone parts records: in files whose lines end in LF it is text."""

    delimiter: bytes
    lone_cr: bool


class UnfinishedError(Exception):
    """The piece ends before the record does."""


def records(file: BinaryIO, delimiter: bytes) -> Iterator[Record]:
    """The records of a table, as Python's csv module and pandas split them; blank lines are none.

    A cell that begins with a quote ends at the next single one and may hold delimiters and line breaks;
    quotes elsewhere are text. LF and CRLF end a record, and so does CR, unless the first record ends in LF:
    there pandas writes a CR in a cell without quotes, and then cannot read its own file; we can.
    """
    dialect = Dialect(delimiter, lone_cr=True)
    piece = file.read(PIECE)
    offset, at = 0, len(BOM) if piece.startswith(BOM) else 0
    final = len(piece) < PIECE
    while at < len(piece) or not final:
        try:
            cells, after = _record(piece, at, dialect, final)
        except UnfinishedError:
            # The next piece is at least as long as what is left over, so no byte is scanned more than a few times.
            fresh = file.read(max(PIECE, len(piece) - at))
            final = not fresh
            piece, offset, at = piece[at:] + fresh, offset + at, 0
            continue
        if cells != [(at, at)]:
            if offset + at <= len(BOM):
                dialect = Dialect(delimiter, lone_cr=piece[cells[-1][1] : after] != b"\n")
            yield Record(piece, offset, cells)
        at = after


def _record(piece: bytes, at: int, dialect: Dialect, final: bool) -> tuple[list[tuple[int, int]], int]:
    """The cells of the record that starts at `at`, and where the next one starts."""
    end = piece.find(b"\n", at)
    if end >= 0 and piece.find(b'"', at, end) < 0 and not (dialect.lone_cr and piece.find(b"\r", at, end - 1) >= 0):
        return _plain(piece, at, end, dialect.delimiter), end + 1
    cells: list[tuple[int, int]] = []
    while True:
        end = _cell_end(piece, at, dialect, final)
        cells.append((at, end))
        mark = piece[end : end + 1]
        if mark != dialect.delimiter:
            return cells, end + (2 if piece[end : end + 2] == b"\r\n" else len(mark))
        at = end + 1


def _plain(piece: bytes, at: int, end: int, delimiter: bytes) -> list[tuple[int, int]]:
    """The cells of a line without quotes, which is nearly every line."""
    end -= end > at and piece[end - 1 : end] == b"\r"
    cells: list[tuple[int, int]] = []
    while (cut := piece.find(delimiter, at, end)) >= 0:
        cells.append((at, cut))
        at = cut + 1
    cells.append((at, end))
    return cells


def _cell_end(piece: bytes, at: int, dialect: Dialect, final: bool) -> int:
    if piece[at : at + 1] == b'"':
        at = _after_quotes(piece, at + 1, final)
    end = piece.find(dialect.delimiter, at)
    end = len(piece) if end < 0 else end
    for mark in (b"\n", b"\r" if dialect.lone_cr else b"\r\n"):
        found = piece.find(mark, at, end + 1)
        end = end if found < 0 else found
    # A CR at the very end may be half of a CRLF.
    if not final and (end == len(piece) or (end == len(piece) - 1 and piece[end:] == b"\r")):
        raise UnfinishedError
    return end


def _after_quotes(piece: bytes, at: int, final: bool) -> int:
    """Where the quoted text that starts at `at` has ended; two quotes in a row are one in the text."""
    while (found := piece.find(b'"', at)) >= 0:
        if piece[found + 1 : found + 2] != b'"':
            if found + 1 == len(piece) and not final:
                raise UnfinishedError
            return found + 1
        at = found + 2
    if final:
        raise DataError("a quoted cell does not end")
    raise UnfinishedError


def unquoted(raw: bytes) -> bytes:
    """A cell's text: without the quotes around it, doubled ones halved."""
    if raw[:1] != b'"':
        return raw
    end = _after_quotes(raw, 1, True)
    return raw[1 : end - 1].replace(b'""', b'"') + raw[end:]


class Delimited:
    """The rows of a TSV or CSV file, as {column: cell}; cells are text, spans, or lists of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.delimiter = b"," if path.suffix.lower() == ".csv" else b"\t"

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        """All rows: their text is kept, since a row may name a later one whose image it shares."""
        with self.path.open("rb") as file:
            found = records(file, self.delimiter)
            rows: list[dict[str, Any]] = []
            try:
                names = self._header(next(found, None))
                rows.extend(self._row(record, names) for record in found)
            except UnicodeDecodeError as error:
                raise DataError(f"{self.path}, row {len(rows) + 1}: not UTF-8: {error.reason}") from error
            except DataError as error:
                raise DataError(f"{self.path}, row {len(rows) + 1}: {error}") from error
        _share_images(rows)
        return rows

    def _header(self, record: Record | None) -> list[str]:
        if record is None:
            raise DataError("the file is empty")
        names = [unquoted(record.piece[start:end]).decode() for start, end in record.cells]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise DataError(f"two columns are named {min(twice)!r}")
        return names

    def _row(self, record: Record, names: list[str]) -> dict[str, Any]:
        if len(record.cells) > len(names):
            raise DataError(f"{len(record.cells)} cells under {len(names)} columns")
        row: dict[str, Any] = dict.fromkeys(names, "")
        for name, (start, end) in zip(names, record.cells, strict=False):
            row[name] = self._cell(name, record.piece[start:end], record.offset + start)
        return row

    def _cell(self, name: str, raw: bytes, offset: int) -> Any:
        """Text, or where a picture or a list of them lies."""
        if len(raw) > REFERENCE:
            inner, offset = (raw[1:-1], offset + 1) if raw[:1] == b'"' == raw[-1:] else (raw, offset)
            if inner[:1] == b"[" and (members := self._members(name, inner, offset)):
                return members
            if _is_encoded(name, inner):
                return Span(self.path, offset, len(inner))
        return unquoted(raw).decode()

    def _members(self, name: str, raw: bytes, offset: int) -> list[Span | str]:
        """A list of pictures member by member; [] for any other list, which stays text."""
        first = _MEMBER.search(raw)
        if first is None or not _is_encoded(name, first[first.lastindex or 0]):
            return []
        spans = [found.span(found.lastindex or 0) for found in _MEMBER.finditer(raw)]
        return [
            Span(self.path, offset + start, end - start)
            if _is_encoded(name, raw[start:end])
            else raw[start:end].decode()
            for start, end in spans
        ]


def _is_encoded(name: str, raw: bytes) -> bool:
    """Whether a cell is base64. Of the image column only paths are not; no base64 has a dot, no path is without."""
    if name == IMAGE:
        return len(raw) > REFERENCE and b"." not in raw
    return is_picture(raw[: LONG + 1].decode("latin-1"))


def _share_images(rows: list[dict[str, Any]]) -> None:
    """Give rows whose image cell names another row that row's image; a name that leads nowhere stays text."""
    if not rows or not rows[0].keys() >= {IMAGE, INDEX}:
        return
    held = {row[INDEX]: row[IMAGE] for row in rows}
    for row in rows:
        cell, seen = row[IMAGE], set()
        while isinstance(cell, str) and cell in held and cell not in seen:
            seen.add(cell)
            cell = held[cell]
        if not isinstance(cell, str):
            row[IMAGE] = cell
