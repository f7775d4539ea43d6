"""The first sheet of an .xlsx file as rows of named cells, by its XML alone: what VLMEvalKit writes needs no more.

An .xlsx file is a ZIP archive of XML parts (ECMA-376, part 1, chapter 18). Texts lie in a table that cells point into,
or in the cell; a cell's place is its name ("B2"), and cells that are empty may be left out.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from sailbench.errors import DataError

Cell = str | int | float
WORKBOOK, LINKS, STRINGS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
# Larger parts are refused: a small archive may hold gigabytes of nothing.
MOST_BYTES = 1_000_000_000


def read_sheet(path: Path) -> list[dict[str, Cell]]:
    """The rows below the first, by the first one's names. Raises DataError for what is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            strings = _strings(archive)
            rows = [_row(row, strings) for row in _part(archive, _first_sheet(archive)).iter("row")]
    except (OSError, zipfile.BadZipFile, ElementTree.ParseError, LookupError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a spreadsheet: {error}") from error
    names = {column: str(name) for column, name in (rows[0] if rows else {}).items()}
    return [{name: row.get(column, "") for column, name in names.items()} for row in rows[1:] if row]


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A part's XML without namespaces."""
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise ValueError(f"{name} is larger than {MOST_BYTES:,} bytes")
    top = ElementTree.fromstring(archive.read(name))
    for element in top.iter():
        element.tag = element.tag.rpartition("}")[2]
    return top


def _first_sheet(archive: zipfile.ZipFile) -> str:
    sheet = next(_part(archive, WORKBOOK).iter("sheet"))
    own = next(value for name, value in sheet.attrib.items() if name.endswith("}id"))
    links = {link.get("Id"): link.get("Target", "") for link in _part(archive, LINKS)}
    target = links[own]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _strings(archive: zipfile.ZipFile) -> list[str]:
    if STRINGS not in archive.namelist():
        return []
    return [_text(item) for item in _part(archive, STRINGS)]


def _text(element: ElementTree.Element) -> str:
    """A text's runs, without how East Asian ones are read; characters that XML cannot hold stand as _x000D_."""
    spoken = {id(text) for reading in element.iter("rPh") for text in reading.iter("t")}
    text = "".join(own.text or "" for own in element.iter("t") if id(own) not in spoken)
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def _row(row: ElementTree.Element, strings: Sequence[str]) -> Mapping[str, Cell]:
    """The row's cells that hold something, by their column's letters."""
    return {column: held for column, cell in _placed(row) if (held := _held(cell, strings)) != ""}


def _placed(row: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    for cell in row.iter("c"):
        yield cell.attrib["r"].rstrip("0123456789"), cell


def _held(cell: ElementTree.Element, strings: Sequence[str]) -> Cell:
    kind, value = cell.get("t", "n"), cell.findtext("v") or ""
    if kind == "inlineStr":
        return _text(cell)
    if kind == "s":
        return strings[int(value)]
    if kind != "n" or not value:
        return value
    number = float(value)
    return int(number) if number.is_integer() else number
