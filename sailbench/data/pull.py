"""Pulling a task's data: what it takes is told and compared with the disk, then all is fetched and locked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sailbench.data import DataSet, Places, open_rows, published_tsvs
from sailbench.data.archives import archives, is_archive
from sailbench.data.download import head
from sailbench.data.locks import Locked, TaskLock, of_address, pulled_lock, read_lock, write_lock
from sailbench.data.remembered import memory
from sailbench.data.space import check_room, human
from sailbench.errors import DataError
from sailbench.rows import Hub, Refused, Row, Source, Tsv
from sailbench.types import Media, Sample, content_digest


class Readable(Protocol):
    """What is needed of a task to know its media."""

    @property
    def name(self) -> str: ...
    @property
    def sources(self) -> tuple[Source, ...]: ...
    @property
    def read(self) -> "Reader": ...


class Reader(Protocol):
    def __call__(self, row: Row, /) -> Sample | None: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A file to download: its size if the server tells, what is there of it, and what unpacking adds."""

    path: Path
    size: int | None
    have: int = 0
    unpacked: int = 0

    @property
    def coming(self) -> int:
        return max(0, (self.size or 0) - self.have)


@dataclass(frozen=True, slots=True)
class Needs:
    """What several tasks need, each file once."""

    pieces: tuple[Piece, ...]

    @property
    def coming(self) -> int:
        return sum(one.coming for one in self.pieces)

    @property
    def disk(self) -> int:
        """Bytes on disk when all is unpacked; media hardly shrink in archives."""
        return self.coming + sum(one.unpacked for one in self.pieces)

    @property
    def unknown(self) -> int:
        return sum(one.size is None for one in self.pieces)

    def check(self, root: Path) -> int:
        """The free bytes of the cache's disk; DataError when they are too few."""
        todo = "free space, set SAILBENCH_CACHE to a larger disk, or pull fewer tasks at once"
        return check_room(f"the pull (to download: {human(self.coming)})", self.disk, root, todo)


def together(several: Iterable[Sequence[Piece]]) -> Needs:
    return Needs(tuple({piece.path: piece for own in several for piece in own}.values()))


def needed(task: Readable, places: Places) -> list[Piece]:
    """The files that a pull would download; nothing is fetched but their sizes."""
    places = mending(task, places)
    mirrors, hubs = published_tsvs(task.sources), [one for one in task.sources if isinstance(one, Hub)]
    tsvs = places.tsvs(task.name)
    if places.offline or (mirrors and all(tsvs.has(own[0]) for own in mirrors)):
        return []
    try:
        if hubs:
            return _on_the_hub(hubs, task.name, places)
    except DataError:
        if not mirrors:
            raise
    return [_tsv_piece(own, tsvs.path(own[0]), places) for own in mirrors if not tsvs.has(own[0])]


def _on_the_hub(hubs: Sequence[Hub], task: str, places: Places) -> list[Piece]:
    cache = places.hub(task)
    pieces = {}
    for hub in hubs:
        for own in cache.needed(hub):
            for file in own.files:
                place = own.folder / file.path
                unpacked = file.size if is_archive(place.name) else 0
                pieces[place] = Piece(place, file.size, _partial(place), unpacked)
    return list(pieces.values())


def _tsv_piece(published: Sequence[Tsv], path: Path, places: Places) -> Piece:
    """Of the first address that tells a size."""
    asked = places.mirrors.order([one.url for one in published])
    size = next((size for url in asked if (size := head(url).size) is not None), None)
    return Piece(path, size, _partial(path))


def _partial(path: Path) -> int:
    part = path.with_name(path.name + ".part")
    return part.stat().st_size if part.is_file() else 0


@dataclass(frozen=True, slots=True)
class Pulled:
    """A task's data as they lie in the cache now: the lock, and media that could not be read, with why."""

    lock: TaskLock
    rows: int
    missing: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def pull(task: Readable, places: Places, fetch_urls: bool = False) -> Pulled:
    """Fetch what is not there, then lock; DataError when something is another than it was when it was locked."""
    if places.accept:
        _take_anew(task, places)
    places = mending(task, places)
    found = open_rows(task, places)
    if fetch_urls and not places.offline:
        _fetch_addresses(task, found, places)
    pulled = present(task, found, places)
    first = read_lock(places.root, task.name)
    if first is not None and not places.accept:
        for change in changes(first, pulled.lock):
            raise DataError(f"{change}; take it as it is with {places.net(task.name).accepting}")
    write_lock(places.root, task.name, pulled.lock)
    return pulled


def mending(task: Readable, places: Places) -> Places:
    """Places that make folders of media again of which a locked file is missing; not offline, where they cannot."""
    lock = None if places.offline else read_lock(places.root, task.name)
    gone = [name for name in (lock.files if lock else ()) if not (places.root / name).is_file()]
    # CACHE/media/OWNER___NAME/COMMIT/...
    folders = {places.root.joinpath(*parts[:3]) for name in gone if (parts := Path(name).parts)[0] == "media"}
    return replace(places, anew=frozenset(folders))


def _take_anew(task: Readable, places: Places) -> None:
    """What is accepted: TSV files as they are or as they were set aside, and the hub's newest commit."""
    tsvs, cache = places.tsvs(task.name), places.hub(task.name)
    for own in published_tsvs(task.sources):
        if tsvs.has(own[0]) or (tsvs.folder / "refused" / own[0].name).is_file():
            tsvs.fetch(own)
    for hub in (one for one in task.sources if isinstance(one, Hub)):
        if cache.known(hub) is not None and not places.offline:
            cache.load(hub)


def media_of(task: Readable, found: DataSet) -> Iterator[tuple[str, Media]]:
    """Every medium of the benchmark's samples, named by the sample's id and its place there."""
    for row in found:
        sample = task.read(row)
        for place, medium in enumerate(sample.media if sample is not None else ()):
            yield f"{sample.id if sample else ''}/{place}", medium


def present(task: Readable, found: DataSet, places: Places) -> Pulled:
    """The lock that the data as they are would have."""
    media, missing = {}, []
    files = dict(_files(task, places))
    for name, medium in media_of(task, found):
        media[name] = medium.digest
        if not medium.digest:
            missing.append(f"{name}: {medium.source!s}")
        elif isinstance(medium.source, str):
            files.update(_under(Path(medium.source), places.root))
    return Pulled(TaskLock(files, media), len(found), tuple(missing), found.facts())


def _files(task: Readable, places: Places) -> Iterator[tuple[str, Locked]]:
    """The files that the rows are in, and the hub's records of them."""
    tsvs, cache = places.tsvs(task.name), places.hub(task.name)
    mirrors = published_tsvs(task.sources)
    if mirrors and all(tsvs.has(own[0]) for own in mirrors):
        for own in mirrors:
            lock = tsvs.verified(own[0])
            yield str(tsvs.path(own[0]).relative_to(places.root)), Locked(lock.sha256, lock.size, own[0].url)
        return
    for hub in (one for one in task.sources if isinstance(one, Hub)):
        split = cache.known(hub)
        if split is not None:
            media = cache.media_folder(hub, split.commit)
            records = [cache.record(hub), media / ".complete.json"]
            for path in (*(places.root / one for one in split.files), *records):
                yield from _under(path, places.root, hub.repo).items()
            yield from _folder(media, places.root, hub.repo)


def _folder(folder: Path, root: Path, url: str) -> Iterator[tuple[str, Locked]]:
    """Every file of media, but for archives, which are not read once they are unpacked."""
    packed = {piece for one in archives(folder) for piece in one.files}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in packed and not path.name.startswith(".") and path.suffix != ".part":
            yield from _under(path, root, url).items()


def _under(path: Path, root: Path, url: str = "") -> dict[str, Locked]:
    """The file by its path under the cache's root; nothing of files elsewhere and of folders."""
    own, base = path.absolute(), root.absolute()
    if not own.is_relative_to(base) or not own.is_file():
        return {}
    return {str(own.relative_to(base)): Locked(memory(base).of(str(own)), own.stat().st_size, url)}


def changes(first: TaskLock, now: TaskLock) -> Iterator[str]:
    """What differs from the first lock, in words."""
    elsewhere = {_any_commit(name): own for name, own in now.files.items()}
    for name, own in first.files.items():
        other = now.files.get(name) or elsewhere.get(_any_commit(name))
        if other is not None and other.sha256 != own.sha256:
            yield f"{name} changed since it was pulled: its sha256 was {own.sha256}, now it is {other.sha256}"
    for name, digest in first.media.items():
        if name in now.media and now.media[name] != digest:
            after = now.media[name] or "gone"
            yield f"the medium {name} changed since it was pulled: its sha256 was {digest}, now it is {after}"
    lost = [name for name in first.media if name not in now.media]
    if lost:
        yield f"{len(lost)} media that were pulled are in no row now, such as {lost[0]}"
    new = [name for name in now.media if name not in first.media]
    if new and first.media:
        yield f"{len(new)} media are in rows now that were not there when they were pulled, such as {new[0]}"


def _any_commit(name: str) -> str:
    """A file's path in whatever commit of its repository."""
    return re.sub(r"/[0-9a-f]{40}/", "/COMMIT/", name)


def verify(task: Readable, places: Places) -> Iterator[str]:
    """Everything in the lock read again; yields what is missing or changed, in words."""
    lock, gone = pulled_lock(places.root, task.name, places.word(task.name)), 0
    for name, own in lock.files.items():
        digest = content_digest(str(places.root / name))
        if digest != own.sha256:
            gone += 1
            yield f"{name}: its sha256 was {own.sha256}, now it is {digest or 'missing'}"
    if gone == 0:
        now = present(task, open_rows(task, places), places)
        yield from changes(lock, now.lock)


def _fetch_addresses(task: Readable, found: DataSet, places: Places) -> None:
    """The files of addresses in rows, which were allowed."""
    net = places.net(task.name)
    for _, medium in media_of(task, found):
        if isinstance(medium.source, Refused) and medium.source.url:
            own = of_address(places.root, medium.source.url)
            own.parent.mkdir(parents=True, exist_ok=True)
            part = own.with_name(own.name + ".part")
            net.fetch([medium.source.url], part, own.name)
            part.replace(own)
