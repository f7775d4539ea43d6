"""Archives of media unpacked once into a folder, and only into it: rows and archives come from strangers."""

import json
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from sailbench.errors import DataError

ZIPS = (".zip",)
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# Pictures and videos do not shrink: an archive that grows further than this is a bomb.
GROWTH, ALLOWANCE = 100, 1 << 26
PIECE = 1 << 20


class Member(NamedTuple):
    name: str
    size: int
    content: AbstractContextManager[IO[bytes]]


def unpack_all(folder: Path, limit: int | None = None) -> None:
    """Unpack every archive below `folder` beside itself, once; what was unpacked before is left alone.

    `limit` is the most bytes one archive may hold, by default a hundred times its own size.
    """
    record = folder / ".unpacked.json"
    done: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
    for archive in sorted(one for one in folder.rglob("*") if one.name.lower().endswith(ZIPS + TARS)):
        name, size = str(archive.relative_to(folder)), archive.stat().st_size
        if done.get(name) == size:
            continue
        unpack(archive, archive.parent, GROWTH * size + ALLOWANCE if limit is None else limit)
        done[name] = size
        record.write_text(json.dumps(done))


def unpack(archive: Path, into: Path, limit: int) -> None:
    """The archive's files, each in place only when complete. Absolute names, `..` and links are refused."""
    try:
        for member in _zip_members(archive) if archive.name.lower().endswith(ZIPS) else _tar_members(archive):
            limit -= member.size
            if limit < 0:
                raise DataError(f"{archive} holds more than it may when unpacked; is it what it says it is?")
            _write(member, _place(member.name, archive, into))
    except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive} cannot be unpacked: {error}; delete it to download it again") from error


def _place(name: str, archive: Path, into: Path) -> Path:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0].startswith("/") or parts[0][1:2] == ":":
        raise DataError(f"{archive} wants to write outside its folder: {name!r}")
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


def _zip_members(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if (info.external_attr >> 16) & 0o170000 == 0o120000:
                raise DataError(f"{archive} holds a link: {info.filename!r}")
            if not info.is_dir():
                yield Member(info.filename, info.file_size, opened.open(info))


def _tar_members(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as opened:
        for info in opened:
            if info.isdir():
                continue
            content = opened.extractfile(info) if info.isreg() else None
            if content is None:
                raise DataError(f"{archive} holds a link or device: {info.name!r}")
            yield Member(info.name, info.size, content)
