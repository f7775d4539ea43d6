"""Parquet files, and the Arrow files that `datasets` keeps: rows without their pictures, pictures one by one.

A picture's column is read only when one is asked for, in windows of bounded size (`windows`), so that neither a
long file nor a large row group is ever held.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from sailbench.data.blobs import decode, is_picture
from sailbench.data.windows import WINDOW_BYTES, Column, Window, Windows
from sailbench.errors import DataError, MediaError

ROWS_AT_ONCE = 64


class Columns(Protocol):
    """A file of columns that can give one cell of one as a pyarrow scalar."""

    path: Path

    def scalar(self, column: str, group: int, row: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class TableCell:
    """Encoded media in one cell of a table, or at one place of the list in it."""

    table: Columns
    column: str
    group: int
    row: int
    place: int | None = None

    def read(self) -> bytes:
        scalar = self.table.scalar(self.column, self.group, self.row)
        value = (scalar if self.place is None else scalar.values[self.place]).as_py()
        if isinstance(value, dict):
            value = value.get("bytes")
        if value is None:
            raise MediaError(f"{self.table.path}: {self.column} of row {self.row} holds no bytes")
        return decode(value) if isinstance(value, str) else bytes(value)


class Parquet:
    """The rows of a Parquet file. It can be sent to another process, which opens the file anew."""

    def __init__(self, path: Path, windows: Windows | None = None) -> None:
        self.path = path
        self.windows = windows or Windows()

    def __reduce__(self) -> tuple[type["Parquet"], tuple[Path]]:
        return Parquet, (self.path,)

    def __repr__(self) -> str:
        return f"Parquet({str(self.path)!r})"

    def __len__(self) -> int:
        return int(self._opened.metadata.num_rows)

    @cached_property
    def _opened(self) -> Any:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path, buffer_size=1 << 20)
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{self.path} is not a Parquet file: {error}") from error

    @cached_property
    def _leaves(self) -> dict[str, str]:
        """By column, the leaf that holds its bytes, where a {bytes, path} record lets the rest be read alone."""
        schema = self._opened.schema
        paths = [schema.column(place).path for place in range(len(schema))]
        halves = (path.removesuffix(".bytes") for path in paths if path.endswith(".bytes"))
        return {half.split(".", 1)[0]: f"{half}.bytes" for half in halves if f"{half}.path" in paths}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        shapes = {field.name: _shape(field.type) for field in self._opened.schema_arrow}
        for group in range(self._opened.num_row_groups):
            row = 0
            for batch in self._light(group):
                for columns in batch.to_pylist():
                    yield {
                        name: _lifted(value, shapes[name], self._cell(name, group, row))
                        for name, value in columns.items()
                    }
                    row += 1

    def _cell(self, name: str, group: int, row: int) -> Callable[[int | None], TableCell]:
        return lambda place: TableCell(self, self._leaves.get(name, name), group, row, place)

    def _light(self, group: int) -> Iterator[Any]:
        """A row group in batches without the bytes of its records, unless these are all null: then paths count."""
        about = self._opened.metadata.row_group(group)
        chunks = [about.column(place) for place in range(about.num_columns)]
        heavy = {c.path_in_schema for c in chunks if c.path_in_schema in self._leaves.values() and not _all_null(c)}
        wanted = [c.path_in_schema for c in chunks if c.path_in_schema not in heavy]
        batches: Iterator[Any] = self._opened.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=wanted)
        return batches

    def scalar(self, column: str, group: int, row: int) -> Any:
        found = self.windows.row(Column(str(self.path), column, group), row, lambda: self._from_top(column, group))
        if found is None:
            raise MediaError(f"{self.path} has no row {row} in row group {group}")
        return found

    def _from_top(self, column: str, group: int) -> Iterator[Window]:
        about = self._opened.metadata.row_group(group)
        chunks = [about.column(place) for place in range(about.num_columns)]
        size = sum(c.total_uncompressed_size for c in chunks if f"{c.path_in_schema}.".startswith(f"{column}."))
        rows = max(1, about.num_rows * WINDOW_BYTES // max(size, WINDOW_BYTES))
        start = 0
        for batch in self._reader.iter_batches(rows, row_groups=[group], columns=[column]):
            yield Window(start, batch, last=start + len(batch) == about.num_rows)
            start += len(batch)

    @cached_property
    def _reader(self) -> Any:
        """A second view of the file: the rows and their pictures are read at the same time."""
        return Parquet(self.path)._opened


class Arrow:
    """The rows of one of the Arrow stream files that `datasets` writes, mapped into memory.

    Records without bytes name files; absolute names are taken only where they lead into a `trusted` folder.
    """

    def __init__(self, path: Path, trusted: tuple[Path, ...] = ()) -> None:
        self.path = path
        self.trusted = trusted

    def __reduce__(self) -> tuple[type["Arrow"], tuple[Path, tuple[Path, ...]]]:
        return Arrow, (self.path, self.trusted)

    def __repr__(self) -> str:
        return f"Arrow({str(self.path)!r})"

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @cached_property
    def _table(self) -> Any:
        import pyarrow

        try:
            return pyarrow.ipc.open_stream(pyarrow.memory_map(str(self.path))).read_all()
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{self.path} is not an Arrow stream: {error}") from error

    def __iter__(self) -> Iterator[dict[str, Any]]:
        shapes = {field.name: _shape(field.type) for field in self._table.schema}
        for start in range(0, len(self), ROWS_AT_ONCE):
            for row, columns in enumerate(self._table.slice(start, ROWS_AT_ONCE).to_pylist(), start):
                yield {
                    name: self._located(_lifted(value, shapes[name], self._cell(name, row)))
                    for name, value in columns.items()
                }

    def _cell(self, name: str, row: int) -> Callable[[int | None], TableCell]:
        return lambda place: TableCell(self, name, 0, row, place)

    def _located(self, cell: Any) -> Any:
        if isinstance(cell, list):
            return [self._located(one) for one in cell]
        if isinstance(cell, dict) and cell.keys() == {"bytes", "path"} and cell["bytes"] is None and cell["path"]:
            path = Path(cell["path"]).resolve()
            if any(path.is_relative_to(folder.resolve()) for folder in self.trusted):
                return {"bytes": None, "path": path}
        return cell

    def scalar(self, column: str, group: int, row: int) -> Any:
        return self._table.column(column)[row]


def _all_null(chunk: Any) -> bool:
    return chunk.statistics is not None and chunk.statistics.null_count == chunk.num_values


def _shape(kind: Any) -> str:
    """How a column's type holds media: "record" for {bytes, path}, "binary", or "other"."""
    import pyarrow

    inner = kind.value_type if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) else kind
    if pyarrow.types.is_binary(inner) or pyarrow.types.is_large_binary(inner):
        return "binary"
    record = pyarrow.types.is_struct(inner) and inner.get_field_index("bytes") >= 0
    return "record" if record and pyarrow.types.is_binary(inner.field("bytes").type) else "other"


def _lifted(value: Any, shape: str, cell: Callable[[int | None], TableCell], place: int | None = None) -> Any:
    """The value with its media as cells that read themselves; a record whose bytes were left unread has them."""
    if isinstance(value, list):
        return [_lifted(one, shape, cell, number) for number, one in enumerate(value)] if place is None else value
    if isinstance(value, dict) and shape == "record":
        return value | {"bytes": cell(place)} if value.get("bytes", b"") is not None else value
    if isinstance(value, bytes) or (isinstance(value, str) and is_picture(value)):
        return cell(place)
    return value
