"""How media travel to other machines: as their encoded bytes, put into the cluster's object store once.

A machine fetches what its engines need once, however many requests are about it; no request carries pixels.
"""

import shutil
import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sailbench.errors import MediaError
from sailbench.media import Clip
from sailbench.types import Blob, Media, Request

# Bytes whose places in the store are remembered after they were sent; what is on its way is kept by the store itself.
REMEMBERED = 1 << 30
Source = str | bytes | Blob


@dataclass(frozen=True, slots=True, repr=False)
class Parcel:
    """Encoded bytes in the object store, called as they were where they came from."""

    reference: Any
    called: str

    def read(self) -> bytes:
        import ray

        try:
            content: bytes = ray.get(self.reference)
        except ray.exceptions.RayError as error:
            raise MediaError(f"{self.called} was lost on its way: {type(error).__name__}") from None
        return content

    def __repr__(self) -> str:
        return self.called


@dataclass(frozen=True, slots=True, repr=False)
class Album:
    """A folder of frames that stands for a video, by the names of its files."""

    frames: tuple[tuple[str, Parcel], ...]
    called: str

    def read(self) -> bytes:
        raise MediaError(f"{self.called} is a folder of frames")

    def __repr__(self) -> str:
        return self.called


@dataclass(slots=True)
class Post:
    """The sender's side: what is in the store already, by content."""

    limit: int = REMEMBERED
    _sent: "OrderedDict[str, tuple[Parcel | Album, int]]" = field(default_factory=OrderedDict)
    _size: int = 0

    def packed(self, request: Request) -> Request:
        """The request with its media in the store. Raises what reading them raises."""
        return replace(request, media=tuple(map(self._medium, request.media))) if request.media else request

    def _medium(self, medium: Media) -> Media:
        if isinstance(medium.source, Clip):
            whole = self._source(medium.source.source, f"whole of {medium.digest}")
            return replace(medium, source=replace(medium.source, source=whole))
        return replace(medium, source=self._source(medium.source, medium.digest))

    def _source(self, source: Source, digest: str) -> Parcel | Album:
        if digest in self._sent:
            self._sent.move_to_end(digest)
            return self._sent[digest][0]
        if isinstance(source, str) and Path(source).is_dir():
            frames = sorted(one for one in Path(source).iterdir() if one.is_file() and not one.name.startswith("."))
            contents = [(one.name, one.read_bytes()) for one in frames]
            sent: Parcel | Album = Album(tuple((name, _put(c, name)) for name, c in contents), source)
            size = sum(len(content) for _, content in contents)
        else:
            content = _encoded(source)
            sent, size = _put(content, _called(source)), len(content)
        self._remember(digest, sent, size)
        return sent

    def _remember(self, digest: str, sent: Parcel | Album, size: int) -> None:
        self._sent[digest] = (sent, size)
        self._size += size
        while self._size > self.limit and len(self._sent) > 1:
            _, (_, gone) = self._sent.popitem(last=False)
            self._size -= gone


def _put(content: bytes, called: str) -> Parcel:
    import ray

    return Parcel(ray.put(content), called)


def _encoded(source: Source) -> bytes:
    if isinstance(source, str):
        return Path(source).read_bytes()
    return source if isinstance(source, bytes) else source.read()


def _called(source: Source) -> str:
    return f"{len(source)} bytes" if isinstance(source, bytes) else str(source)


def unpacked(request: Request) -> Request:
    """The receiver's side: folders of frames laid out on this machine's disk, once; the rest is read when opened."""
    return replace(request, media=tuple(map(_laid_out, request.media))) if request.media else request


def _laid_out(medium: Media) -> Media:
    clip = medium.source if isinstance(medium.source, Clip) else None
    album = clip.source if clip else medium.source
    if not isinstance(album, Album):
        return medium
    folder = str(_written(album, medium.digest))
    return replace(medium, source=replace(clip, source=folder) if clip else folder)


def _written(album: Album, digest: str) -> Path:
    folder = Path(tempfile.gettempdir()) / "sailbench-frames" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent))
    for name, frame in album.frames:
        (making / name).write_bytes(frame.read())
    try:
        making.rename(folder)
    except OSError:  # another worker of this machine was quicker
        shutil.rmtree(making)
    return folder
