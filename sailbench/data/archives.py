"""Archives of media unpacked once into a folder, and only into it: rows and archives come from strangers."""

import io
import json
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from sailbench.errors import DataError

ZIPS = (".zip",)
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# Pictures and videos do not shrink: an archive that grows further than this is a bomb.
GROWTH, ALLOWANCE = 100, 1 << 26
# No published set of media has so many files in one archive.
MOST_MEMBERS = 10_000_000
PIECE = 1 << 20
MOST_TRAILING = 1 << 26
# One of the pieces that `split` leaves: videos.tar.part.aa, videos.tar.partab, videos.zip.001.
SPLIT = re.compile(
    r"(?P<name>.+\.(?:tar|tar\.gz|tgz|tar\.bz2|tar\.xz|zip))[._-]?(?:part[._-]?)?(?P<number>[a-z]{2}|\d+)"
)
RECORD = ".unpacked.json"
# What Python's readers raise on damaged archives.
BROKEN = (
    OSError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
# Records of the cache, which no archive may bring.
OURS = frozenset({RECORD, ".complete.json"})


class Member(NamedTuple):
    name: str
    size: int
    content: AbstractContextManager[IO[bytes]]


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive in one file or several, which are read one behind the other without being joined on disk."""

    path: Path
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return sum(one.stat().st_size for one in self.files)

    @property
    def zipped(self) -> bool:
        return self.path.name.lower().endswith(ZIPS)

    def opened(self) -> IO[bytes]:
        if len(self.files) == 1:
            return self.files[0].open("rb")
        return io.BufferedReader(Joined(self.files), PIECE)


class Joined(io.RawIOBase):
    """Files read as if they were one."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._stack = ExitStack()
        self._files = [self._stack.enter_context(one.open("rb")) for one in files]
        sizes = [one.stat().st_size for one in files]
        self._starts = [sum(sizes[:place]) for place in range(len(sizes) + 1)]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        for file, start, end in zip(self._files, self._starts[:-1], self._starts[1:], strict=True):
            if start <= self._at < end:
                file.seek(self._at - start)
                piece = file.read(min(len(buffer), end - self._at))
                buffer[: len(piece)] = piece
                self._at += len(piece)
                return len(piece)
        return 0

    def close(self) -> None:
        self._stack.close()
        super().close()


def is_archive(name: str) -> bool:
    """Whether a file is one that is unpacked, or a piece of one."""
    return name.lower().endswith(ZIPS + TARS) or SPLIT.fullmatch(name.lower()) is not None


def archives(folder: Path) -> list[Archive]:
    """Every archive below `folder`, those in pieces as one. DataError names a piece that is missing."""
    found: list[Archive] = []
    pieces: dict[Path, list[tuple[str, Path]]] = {}
    for one in sorted(folder.rglob("*")):
        match = SPLIT.fullmatch(one.name.lower())
        if one.name.lower().endswith(ZIPS + TARS):
            found.append(Archive(one, (one,)))
        elif match and one.is_file():
            name = one.name[: len(match["name"])]
            pieces.setdefault(one.with_name(name), []).append((match["number"], one))
    return found + [Archive(path, _complete(path, own)) for path, own in pieces.items()]


def _complete(path: Path, pieces: list[tuple[str, Path]]) -> tuple[Path, ...]:
    """The pieces in order; they must follow on each other from the first."""
    places = [(_place_of(number), one) for number, one in pieces]
    ordered = sorted(places)
    first = ordered[0][0]
    if first > 1 or (first == 1 and pieces[0][0].isalpha()):
        raise DataError(f"{path} comes in pieces, and the first is missing: there is only {ordered[0][1].name} on")
    for (place, one), (after, _) in pairwise(ordered):
        if after != place + 1:
            raise DataError(f"{path} comes in pieces, and the one behind {one.name} is missing; pull it again")
    return tuple(one for _, one in ordered)


def _place_of(number: str) -> int:
    """Pieces are counted aa, ab, ... or 0, 1, ..."""
    return int(number) if number.isdigit() else (ord(number[0]) - 97) * 26 + ord(number[1]) - 97


def unpack_all(folder: Path, limit: int | None = None) -> None:
    """Unpack every archive below `folder` beside itself, once; what was unpacked before is left alone.

    `limit` is the most bytes one archive may hold, by default a hundred times its own size, and never more than
    the disk has room for.
    """
    record = folder / RECORD
    done: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
    for archive in archives(folder):
        name, size = str(archive.path.relative_to(folder)), archive.size
        if done.get(name) == size:
            continue
        unpack(archive, archive.path.parent, GROWTH * size + ALLOWANCE if limit is None else limit)
        done[name] = size
        record.write_text(json.dumps(done))


def forget(folder: Path) -> None:
    """Let every archive be unpacked again, since something that was is missing."""
    (folder / RECORD).unlink(missing_ok=True)


def unpack(archive: Archive, into: Path, limit: int) -> None:
    """The archive's files, each in place only when complete. Absolute names, `..`, links and devices are refused."""
    path, free, count = archive.path, shutil.disk_usage(into).free, 0
    try:
        with archive.opened() as opened:
            for member in _zip_members(path, opened) if archive.zipped else _tar_members(path, opened):
                count += 1
                limit -= member.size
                if member.size < 0 or limit < 0 or count > MOST_MEMBERS:
                    raise DataError(f"{path} holds more than it may when unpacked; is it what it says it is?")
                free -= member.size
                if free < 0:
                    raise DataError(f"{path} holds more than the disk has room for; free space in {into}")
                _write(member, _place(member.name, path, into))
    except BROKEN as error:
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise DataError(f"{path} cannot be unpacked: {said}; delete it to download it again") from error


def _place(name: str, archive: Path, into: Path) -> Path:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0].startswith("/") or parts[0][1:2] == ":" or "\0" in name:
        raise DataError(f"{archive} wants to write outside its folder: {name!r}")
    if parts[-1] in OURS:
        raise DataError(f"{archive} wants to replace a record of the cache: {name!r}")
    return into.joinpath(*parts)


def _write(member: Member, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".part")
    written = 0
    with member.content as source, partial.open("wb") as target:
        while piece := source.read(PIECE):
            written += len(piece)
            if written > member.size:
                break
            target.write(piece)
    if written != member.size:
        partial.unlink()
        raise DataError(f"{place.name} is not as long as its archive says")
    partial.replace(place)


def _zip_members(path: Path, file: IO[bytes]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as opened:
        for info in opened.infolist():
            kind = (info.external_attr >> 16) & 0o170000
            if kind not in (0, 0o100000, 0o040000):
                raise DataError(f"{path} holds a link or device: {info.filename!r}")
            if not info.is_dir():
                yield Member(info.filename, info.file_size, opened.open(info))


def _tar_members(path: Path, file: IO[bytes]) -> Iterator[Member]:
    with tarfile.open(fileobj=file) as opened:
        for info in opened:
            if info.isdir():
                continue
            content = opened.extractfile(info) if info.isreg() else None
            if content is None:
                raise DataError(f"{path} holds a link or device: {info.name!r}")
            yield Member(info.name, info.size, content)
        _read_out(opened)


def _read_out(opened: tarfile.TarFile) -> None:
    """What stands behind the last member: only there is a compressed archive's checksum compared."""
    assert opened.fileobj is not None
    for _ in range(MOST_TRAILING // PIECE):
        if not opened.fileobj.read(PIECE):
            return
