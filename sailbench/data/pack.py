"""One archive of pulled data for machines without network: a tar file that holds locks first, then every locked file.

The other side checks each file against its lock before it is put in place; nothing that no lock names is taken.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from sailbench.data import Places
from sailbench.data.locks import Locked, TaskLock, lock_path, pulled_lock, read_lock, write_lock
from sailbench.data.pull import changes
from sailbench.data.space import check_room
from sailbench.errors import DataError
from sailbench.types import content_digest

HEADER = "sailbench-data.json"
FORMAT = 1
PIECE = 1 << 20
# Lines beside a TSV that say which file was accepted; what locks name is everything else.
BESIDE = ".lock"
MOST_LOCK_BYTES = 1 << 30
# The folders of the cache that hold data.
ROOMS = ("tsv", "hub", "datasets", "media", "urls")


def pack(tasks: Sequence[str], places: Places, target: Path) -> int:
    """Write the archive; its size. DataError for a task that was not pulled and a file that changed since."""
    root = places.root
    locks = {task: pulled_lock(root, task, places.word(task)) for task in tasks}
    files = {name: own for lock in locks.values() for name, own in lock.files.items()}
    size = sum(own.size for own in files.values())
    check_room("the archive", size, target.parent, "free space there, or write it to a larger disk (--to)")
    part = target.with_name(target.name + ".part")
    try:
        with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as archive:
            _add(archive, HEADER, json.dumps({"format": FORMAT, "tasks": list(tasks)}).encode())
            for task in tasks:
                _add(archive, str(lock_path(Path(), task)), lock_path(root, task).read_bytes())
            for name, own in sorted(files.items()):
                _add_file(archive, root / name, name, own)
        part.replace(target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_info(name, len(content)), io.BytesIO(content))


def _info(name: str, size: int) -> tarfile.TarInfo:
    """Without times and owners, so that the same data give the same archive."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info


def _add_file(archive: tarfile.TarFile, path: Path, name: str, own: Locked) -> None:
    if not path.is_file() or path.stat().st_size != own.size:
        raise DataError(f"{path} is missing or changed since it was pulled; `sailbench data verify` tells all")
    with path.open("rb") as file:
        hashing = _Hashing(file)
        archive.addfile(_info(name, own.size), hashing)
    if hashing.sha256 != own.sha256:
        raise DataError(f"{path}: its sha256 was {own.sha256} when it was pulled, now it is {hashing.sha256}")
    beside = path.with_name(path.name + BESIDE)
    if beside.is_file():
        _add(archive, name + BESIDE, beside.read_bytes())


class _Hashing:
    """A file whose content is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class Imported(NamedTuple):
    """What came in: tasks, and how many files were new."""

    tasks: tuple[str, ...]
    files: int


@dataclass(slots=True)
class _Incoming:
    """An archive as far as it was read."""

    root: Path
    tasks: tuple[str, ...]
    locks: dict[str, TaskLock] = field(default_factory=dict)
    files: int = 0

    @property
    def locked(self) -> dict[str, Locked]:
        return {name: own for lock in self.locks.values() for name, own in lock.files.items()}


def unpack(path: Path, root: Path, accept: bool) -> Imported:
    """Take an archive in; DataError when it is none, is damaged, or differs from what was pulled here."""
    try:
        with tarfile.open(path, "r:") as archive:
            return _taken(path, archive, root, accept)
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, TypeError, RecursionError) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} is no archive of `sailbench data pack`, or a damaged one: {said}") from error


def _taken(path: Path, archive: tarfile.TarFile, root: Path, accept: bool) -> Imported:
    members = _members(path, archive)
    name, _, content = next(members, ("", 0, None))
    if name != HEADER or content is None:
        raise DataError(f"{path} is no archive of `sailbench data pack`: it does not begin with {HEADER}")
    told = json.loads(content.read(PIECE))
    if told["format"] != FORMAT:
        raise DataError(f"{path} is of format {told['format']}, and this version reads {FORMAT}; update sailbench")
    incoming = _Incoming(root, tuple(str(task) for task in told["tasks"]))
    for task in incoming.tasks:
        incoming.locks[task] = _incoming_lock(path, members, task, root, accept)
    _check_room(path, incoming)
    locked = incoming.locked
    for name, size, content in members:
        _take(path, (name, size, content), incoming, locked)
    absent = [name for name in locked if not (root / name).is_file()]
    if absent:
        raise DataError(f"{path} lacks {len(absent)} files that its lock names, such as {absent[0]}: was it cut?")
    for task, lock in incoming.locks.items():
        write_lock(root, task, lock)
    return Imported(incoming.tasks, incoming.files)


def _members(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, int, IO[bytes]]]:
    for info in archive:
        content = archive.extractfile(info) if info.isreg() else None
        parts = PurePosixPath(info.name).parts
        if content is None or not parts or ".." in parts or parts[0].startswith("/") or "\\" in info.name:
            raise DataError(f"{path} holds what `sailbench data pack` never writes: {info.name!r}; do not trust it")
        yield info.name, info.size, content


def _incoming_lock(
    path: Path, members: Iterator[tuple[str, int, IO[bytes]]], task: str, root: Path, accept: bool
) -> TaskLock:
    name, size, content = next(members, ("", 0, io.BytesIO()))
    if name != str(lock_path(Path(), task)) or size > MOST_LOCK_BYTES:
        raise DataError(f"{path} holds no lock of {task!r} where it should be")
    lock = TaskLock.parse(content.read().decode(), path)
    first = read_lock(root, task)
    if first is not None and not accept:
        for change in changes(first, lock):
            raise DataError(f"{task}: {change}; take it with `sailbench data import {path} --accept`")
    return lock


def _check_room(path: Path, incoming: _Incoming) -> None:
    for name in incoming.locked:
        parts = PurePosixPath(name).parts
        if ".." in parts or parts[:1] not in {(room,) for room in ROOMS}:
            raise DataError(f"{path}: its lock names a file outside the cache's data: {name!r}; do not trust it")
    coming = sum(own.size for name, own in incoming.locked.items() if not (incoming.root / name).is_file())
    check_room(f"what {path} brings", coming, incoming.root, "free space, or set SAILBENCH_CACHE to a larger disk")


def _take(path: Path, member: tuple[str, int, IO[bytes]], incoming: _Incoming, locked: dict[str, Locked]) -> None:
    name, size, content = member
    own = locked.get(name.removesuffix(BESIDE) if name not in locked else name)
    beside = name not in locked
    if own is None or (beside and size > PIECE):
        raise DataError(f"{path} holds a file that its lock does not name: {name!r}; do not trust it")
    place = incoming.root / name
    if not beside and content_digest(str(place)) == own.sha256:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(place.name + ".part")
    hashing = _Hashing(content)
    with part.open("wb") as target:
        while piece := hashing.read(PIECE):
            target.write(piece)
    if not beside and hashing.sha256 != own.sha256:
        part.unlink()
        raise DataError(f"{path}: {name} is damaged: its sha256 is {hashing.sha256}, its lock says {own.sha256}")
    part.replace(place)
    incoming.files += not beside
