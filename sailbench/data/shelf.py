"""Where the media that rows name by path lie: in the data folder, deeper in it, or in zip files there."""

import os
import struct
import threading
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from sailbench.errors import MediaError
from sailbench.types import Blob

_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in a zip file, read in place: a directory of 100,000 members is not read again for each of them."""

    archive: Path
    name: str
    offset: int
    packed: int
    crc: int
    deflated: bool

    def read(self) -> bytes:
        with self.archive.open("rb") as file:
            file.seek(self.offset)
            header = file.read(_LOCAL_HEADER.size)
            try:
                magic, name, extra = _LOCAL_HEADER.unpack(header)
                file.seek(name + extra, os.SEEK_CUR)
                raw = file.read(self.packed)
                content = zlib.decompress(raw, -zlib.MAX_WBITS) if self.deflated else raw
            except (struct.error, zlib.error) as error:
                raise MediaError(f"{self.archive}: cannot read {self.name}: {error}") from error
        if magic != b"PK\3\4" or zlib.crc32(content) != self.crc:
            raise MediaError(f"{self.archive}: {self.name} is damaged")
        return content


class Shelf:
    """Finds media by the path that a row gives.

    1. the path itself, from `root`;
    2. else the one file below `root` whose path ends with the path asked for;
    3. else the one member of a zip file below `root` of which that is true. A member's path begins with the
       zip's own name, so `videos/a.mp4` is `a.mp4` in `videos.zip` as well as `videos/a.mp4` in `part-1.zip`.
    Several such files are as good as none: nothing is guessed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type["Shelf"], tuple[Path]]:
        return Shelf, (self.root,)

    def find(self, path: str) -> Path | Blob | None:
        if not path or "\0" in path:
            return None
        try:
            if (self.root / path).exists():
                return self.root / path
        except OSError:  # a name too long for this file system
            return None
        asked = PurePosixPath(os.path.normpath(path)).parts
        with self._lock:
            named = self._by_name.get(asked[-1], [])
        ending = {held for parts, held in named if parts[-len(asked) :] == asked}
        files = [held for held in ending if isinstance(held, Path)]
        members = [held for held in ending if isinstance(held, ZipMember)]
        best: list[Path] | list[ZipMember] = files or members
        return best[0] if len(best) == 1 else None

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[tuple[str, ...], Path | ZipMember]]]:
        """Everything below the root by file name; made when a path is first not found where it says."""
        found: dict[str, list[tuple[tuple[str, ...], Path | ZipMember]]] = {}
        for folder, _, names in os.walk(self.root):
            for file in (Path(folder, name) for name in names):
                found.setdefault(file.name, []).append((file.relative_to(self.root).parts, file))
                for member in members(file) if file.suffix.lower() == ".zip" else ():
                    parts = (file.stem, *PurePosixPath(member.name).parts)
                    found.setdefault(parts[-1], []).append((parts, member))
        return found


def members(archive: Path) -> list[ZipMember]:
    """The files in a zip file that can be read in place: neither locked nor packed in an uncommon way."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = [info for info in opened.infolist() if not info.is_dir() and not info.flag_bits & 1]
    except (OSError, zipfile.BadZipFile):
        return []  # no zip file after all
    return [
        ZipMember(archive, i.filename, i.header_offset, i.compress_size, i.CRC, i.compress_type == zipfile.ZIP_DEFLATED)
        for i in infos
        if i.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    ]
