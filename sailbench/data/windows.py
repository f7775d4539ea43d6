"""The pieces of columns that were read last, of all files of a run together, up to a bound of memory."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

# A piece's size, and how much may be kept. Media are asked for nearly in order, so a few pieces a column are enough.
WINDOW_BYTES = 32 << 20
KEPT_BYTES = 4 * WINDOW_BYTES
READERS = 8


class Column(NamedTuple):
    """A column of one row group of a file."""

    path: str
    name: str
    group: int


class Window(NamedTuple):
    """Consecutive rows of a column as a pyarrow batch; `last` when none follow."""

    start: int
    batch: Any
    last: bool

    def holds(self, row: int) -> bool:
        return self.start <= row < self.start + len(self.batch)


class Windows:
    """Gives single rows of columns that can only be read onwards, from a piece that is kept or read now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[Column, Window]] = []
        self._ahead: dict[Column, Iterator[Window]] = {}

    def row(self, column: Column, row: int, from_top: Callable[[], Iterator[Window]]) -> Any | None:
        """The row's scalar; None if the column has no such row. `from_top` reads the column from its first row."""
        with self._lock:
            found = next((own for own in self._kept if own[0] == column and own[1].holds(row)), None)
            if found is None:
                window = self._read(column, row, from_top)
                if window is None:
                    return None
                found = column, window
            else:
                self._kept.remove(found)
            self._keep(found)
            return found[1].batch.column(0)[row - found[1].start]

    def _keep(self, newest: tuple[Column, Window]) -> None:
        self._kept.insert(0, newest)
        while len(self._kept) > 1 and sum(window.batch.nbytes for _, window in self._kept) > KEPT_BYTES:
            self._kept.pop()

    def _read(self, column: Column, row: int, from_top: Callable[[], Iterator[Window]]) -> Window | None:
        """The window that holds the row, read onwards from the column's last one, or from the top if it is past."""
        for windows in (self._ahead.pop(column, iter(())), from_top()):
            for window in windows:
                if window.start > row:
                    break
                if window.holds(row):
                    if not window.last:
                        self._go_on_later(column, windows)
                    return window
        return None

    def _go_on_later(self, column: Column, windows: Iterator[Window]) -> None:
        self._ahead[column] = windows
        while len(self._ahead) > READERS:
            self._ahead.pop(next(iter(self._ahead)))
