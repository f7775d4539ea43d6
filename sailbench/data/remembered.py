"""Digests of files that were hashed before: a video is read whole once, not at every run.

CACHE/digests.jsonl holds a line a file: its path, size, time of change, inode and SHA-256. Lines are only appended,
each with one write, so two runs may do so at once; a line that cannot be read is passed over. What was changed in the
last seconds is not remembered: it could be changed again without a new time.
"""

import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sailbench.types import content_digest

# Smaller files are hashed sooner than looked up.
WORTH_BYTES = 1 << 16
SETTLED_NS = 2_000_000_000
# A file of so many lines, three quarters of them outdated, is written anew.
MANY_LINES = 20_000


class Stamp(NamedTuple):
    """What changes when a file does."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: str) -> "Stamp":
        stat = Path(path).stat()
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino)


@dataclass(slots=True)
class Known:
    """The file's lines: by path the stamp and digest that were last written, and how many lines there are."""

    digests: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    lines: int = 0


class Remembered:
    """SHA-256 of files' content, from CACHE/digests.jsonl where the file is still what it was."""

    def __init__(self, root: Path) -> None:
        self.path = root / "digests.jsonl"
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Remembered"], tuple[Path]]:
        return Remembered, (self.path.parent,)

    def of(self, path: str) -> str:
        """The digest, empty when the file cannot be read."""
        try:
            stamp = Stamp.of(path)
        except OSError:
            return ""
        if stamp.size < WORTH_BYTES:
            return content_digest(path)
        place = os.path.abspath(path)  # noqa: PTH100  # `resolve` would ask the disk about every folder
        with self._lock:
            known = self._known.digests.get(place)
        if known is not None and known[0] == stamp:
            return known[1]
        digest = content_digest(path)
        with suppress(OSError):
            if digest and stamp == Stamp.of(path) and time.time_ns() - stamp.mtime_ns > SETTLED_NS:
                self._remember(place, stamp, digest)
        return digest

    @cached_property
    def _known(self) -> Known:
        known = Known()
        with suppress(OSError), self.path.open("rb") as file:
            for line in file:
                known.lines += 1
                entry = _entry(line)
                if entry is not None:
                    known.digests[entry[0]] = entry[1]
        if known.lines > MANY_LINES and known.lines > 4 * len(known.digests):
            self._shorten(known)
        return known

    def _remember(self, place: str, stamp: Stamp, digest: str) -> None:
        with self._lock:
            self._known.digests[place] = stamp, digest
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                size = os.fstat(file).st_size
                torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
                os.write(file, (b"\n" if torn else b"") + _line(place, stamp, digest))
            finally:
                os.close(file)

    def _shorten(self, known: Known) -> None:
        """Lines that another run appends meanwhile are lost, which costs it a hash and nothing else."""
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with suppress(OSError):
            part.write_bytes(b"".join(_line(place, *held) for place, held in known.digests.items()))
            part.replace(self.path)


@cache
def memory(root: Path) -> Remembered:
    """The digests under one cache root, read once a process."""
    return Remembered(root)


def _line(place: str, stamp: Stamp, digest: str) -> bytes:
    return (json.dumps([place, *stamp, digest]) + "\n").encode()


def _entry(line: bytes) -> tuple[str, tuple[Stamp, str]] | None:
    """What a line says, None if it is none of ours."""
    try:
        held: Any = json.loads(line)
    except ValueError:
        return None
    match held:
        case [str(place), int(size), int(mtime), int(inode), str(digest)] if len(digest) == 64:
            return place, (Stamp(size, mtime, inode), digest)
    return None
