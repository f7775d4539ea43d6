"""A source row, read leniently but without loss, and the records that say where rows come from."""

import ast
import json
import math
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import TaskError
from sailbench.types import Media


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A split of a data set on the hub; `media` lists files (archives, folders) that hold its media."""

    repo: str
    config: str | None = None
    split: str = "test"
    revision: str | None = None
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tsv:
    """One of VLMEvalKit's TSV files (base64 images in a column), pinned by MD5 as published."""

    url: str
    md5: str | None = None

    @property
    def name(self) -> str:
        return self.url.split("?", 1)[0].rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Rows made in code with a fixed seed, for demos and smoke tests: no data has to be at hand."""

    rows: Callable[[], Iterable[Mapping[str, Any]]]
    version: str = "1"


Source = Hub | Tsv | Drawn


class Row(Mapping[str, Any]):
    """One row's columns by their source names. Text survives as it is; absent, null and NaN are absent.

    Media cells (paths, encoded bytes, the hub's {bytes, path} records) become `Media` when asked for.
    `root` is the folder that relative media paths start from.
    """

    __slots__ = ("columns", "number", "root")

    def __init__(self, columns: Mapping[str, Any], root: Path | None = None, number: int = 0) -> None:
        self.columns, self.root, self.number = columns, root, number

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def has(self, name: str) -> bool:
        """Whether the column holds something: an empty cell, null and NaN do not."""
        cell = self.columns.get(name)
        return not (cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell)))

    def text(self, *names: str, default: str | None = "") -> str:
        """The first of these columns that holds something, as text; TaskError if none and `default` is None."""
        for name in names:
            if self.has(name):
                return str(self.columns[name])
        if default is None:
            have = ", ".join(sorted(self.columns)[:12])
            raise TaskError(f"row {self.number} has no column {' or '.join(names)} (it has: {have})")
        return default

    def list(self, name: str) -> list[Any]:
        """A list cell: a real list, or one written as JSON or as a Python literal; [] when absent."""
        if not self.has(name):
            return []
        cell = self.columns[name]
        if not isinstance(cell, str):
            return list(cell)
        for parse in (json.loads, ast.literal_eval):
            try:
                parsed = parse(cell)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
            if isinstance(parsed, list | tuple):
                return list(parsed)
        return [cell]

    def choices(self, listed: str = "options") -> dict[str, str]:
        """Options by letter: from the list column `listed` if it is there, else from columns A to Z."""
        if self.has(listed):
            return dict(zip(string.ascii_uppercase, map(str, self.list(listed)), strict=False))
        return {c: str(self.columns[c]) for c in string.ascii_uppercase if self.has(c)}

    def images(self, *names: str) -> tuple[Media, ...]:
        """The images in these columns, in order; a cell may hold one or a list; absent columns are skipped."""
        cells = [self.columns[name] for name in names if self.has(name)]
        flat = [one for cell in cells for one in (cell if isinstance(cell, list | tuple) else [cell])]
        return tuple(self._image(one) for one in flat if one is not None)

    def video(self, path: str) -> tuple[Media, ...]:
        """The video at `path` under the data folder, as one medium; nothing where no media are at hand."""
        return () if self.root is None else (Media.video(self._inside(path)),)

    def _image(self, cell: Any) -> Media:
        if isinstance(cell, Media):
            return cell
        if isinstance(cell, bytes):
            return Media.image(cell)
        if isinstance(cell, Mapping):
            held = cell.get("bytes")
            return Media.image(held) if held else Media.image(self._inside(str(cell.get("path"))))
        return Media.image(self._inside(str(cell)))

    def _inside(self, path: str) -> Path:
        root = (self.root or Path()).resolve()
        full = (root / path).resolve()
        # Rows come from strangers: a path must not climb out of the data folder.
        if not full.is_relative_to(root):
            raise TaskError(f"row {self.number} names media outside its data folder: {path!r}")
        return full
