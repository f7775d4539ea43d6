"""A source row, read leniently but without loss, and the records that say where rows come from."""

import ast
import hashlib
import json
import math
import os
import re
import string
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import MediaError, TaskError
from sailbench.types import Blob, Kind, Media, content_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A split of a data set on the hub; `media` lists files (archives, folders) that hold its media.

    A split whose rows hold several questions each is named once for each of them, with another `part`.
    """

    repo: str
    config: str | None = None
    split: str = "test"
    revision: str | None = None
    media: tuple[str, ...] = ()
    part: str = ""


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
# Where media named by a row lie: at that path, or in an archive beside it, say; None when they are nowhere.
Finder = Callable[[str], Path | Blob | None]
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True, repr=False)
class Refused:
    """Media that a row names and that are not opened: their sample stays ungraded, for this reason."""

    why: str
    url: str = ""

    def read(self) -> bytes:
        raise MediaError(self.why)

    def __repr__(self) -> str:
        return self.why


class Row(Mapping[str, Any]):
    """One row's columns by their source names. Text survives as it is; absent, null and NaN are absent.

    Media cells (paths, encoded bytes, the hub's {bytes, path} records) become `Media` when asked for.
    `root` is the folder that relative media paths start from; `find` is asked where they really lie, `digest_of` for
    a file's digest. A path that climbs out of the root and an address on the web are refused, not opened.
    `part` names the part of a data set of several (the hub's config or split, the TSV) that the row is from.
    """

    __slots__ = ("columns", "digest_of", "find", "number", "part", "root")

    def __init__(self, columns: Mapping[str, Any], root: Path | None = None, number: int = 0) -> None:
        self.columns, self.root, self.number = columns, root, number
        self.find: Finder | None = None
        self.digest_of: Callable[[str], str] = content_digest
        self.part = ""

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
            return list(cell) if isinstance(cell, Iterable) else [cell]
        for parse in (json.loads, _python):
            try:
                parsed = parse(cell)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
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
        cells = [one for name in names if self.has(name) for one in self._listed(name)]
        return tuple(self._medium("image", one) for one in cells if one is not None)

    def videos(self, *names: str) -> tuple[Media, ...]:
        """The videos in these columns, as `images` reads them."""
        cells = [one for name in names if self.has(name) for one in self._listed(name)]
        return tuple(self._medium("video", one) for one in cells if one is not None)

    def video(self, path: str) -> tuple[Media, ...]:
        """The video at `path` under the data folder, as one medium; nothing where no media are at hand.

        A folder there holds the video's frames as images, in the order of their names.
        """
        return () if self.root is None else (self._medium("video", path),)

    def _listed(self, name: str) -> Sequence[Any]:
        """A media cell as a list: paths may be written as one, `['a.jpg', 'b.jpg']`."""
        cell = self.columns[name]
        if isinstance(cell, str) and cell.lstrip().startswith("["):
            return self.list(name)
        return cell if isinstance(cell, list | tuple) else (cell,)

    def _medium(self, kind: Kind, cell: Any) -> Media:
        if isinstance(cell, Media):
            return cell
        if isinstance(cell, Mapping):
            cell = cell.get("bytes") or cell.get("path") or ""
        held = cell if isinstance(cell, bytes | Path | Blob) else self._held(str(cell))
        source = str(held) if isinstance(held, Path) else held
        return Media(kind, source, _digest(kind, source, self.digest_of))

    def _held(self, path: str) -> Path | Blob:
        if ADDRESS.match(path):
            why = f"row {self.number} names an address, which is not fetched unless allowed: {path[:200]}"
            return (self.find and self.find(path)) or Refused(why, path)
        full = self._inside(path)
        if full is None:
            return Refused(f"row {self.number} names media outside its data folder: {path[:200]!r}")
        return (self.find and self.find(path)) or full

    def _inside(self, path: str) -> Path | None:
        root = Path(os.path.normpath(Path.cwd() / (self.root or Path())))
        # By name, not by `resolve`: a data folder may hold links of its owner's (the hub's cache is made of them),
        # but rows come from strangers, and a path in one must not climb out of the folder.
        full = Path(os.path.normpath(root / path))
        return full if full.is_relative_to(root) else None


def _python(cell: str) -> Any:
    """A literal, without the warnings that Python would print of a stranger's text, and its signs with them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(cell)


def _digest(kind: Kind, source: str | bytes | Blob, of_file: Callable[[str], str]) -> str:
    """The content's digest, empty when it cannot be read; of a folder of frames, that of its files' digests."""
    try:
        if not isinstance(source, str):
            return content_digest(source)
        if kind == "video" and Path(source).is_dir():
            return _folder_digest(Path(source), of_file)
        return of_file(source)
    except (OSError, ValueError, MediaError):
        return ""


def _folder_digest(folder: Path, of_file: Callable[[str], str]) -> str:
    frames = sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    lines = [f"{one.name} {of_file(str(one))}" for one in frames]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""
