"""A benchmark's rows, from wherever they are: a file or folder that is named, the cache, the hub, or VLMEvalKit's TSV.

`open_rows` decides, in this order:

1. rows drawn in code need no data;
2. an explicit place (`--data-dir`, SAILBENCH_DATA) is the only one looked at (how: `folders`);
3. the TSV files, if they are in the cache;
4. the hub, from the cache or loaded now (`hub`);
5. the TSV files, downloaded now (`cache`).
Sources of one kind are the parts of one data set; TSV files of one name are mirrors of each other.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from sailbench.data.cache import TsvCache, cache_root
from sailbench.data.dataset import DataSet, Part
from sailbench.data.folders import find
from sailbench.data.hub import HubCache
from sailbench.data.locks import Guard
from sailbench.data.net import Mirrors, Net, Progress
from sailbench.data.repository import describe
from sailbench.data.tables import table
from sailbench.data.windows import Windows
from sailbench.errors import DataError
from sailbench.rows import Drawn, Hub, Row, Source, Tsv

__all__ = ["DataSet", "Foreign", "Mirrors", "Places", "Sourced", "cache_root", "open_rows", "read_table", "rows"]


class Sourced(Protocol):
    """What is needed of a task."""

    @property
    def name(self) -> str: ...
    @property
    def sources(self) -> tuple[Source, ...]: ...


@runtime_checkable
class Foreign(Protocol):
    """A source that another program makes the rows of."""

    def opened(self, places: "Places") -> DataSet: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where data may be: an explicit file or folder, the cache's root (None: the usual one), the network.

    `accept` takes files that changed as they are now. `words` are what a user calls a task that is no bundled one, in
    the commands that messages end with. `anew` are folders of media that are to be made again.
    """

    location: Path | None = None
    cache: Path | None = None
    offline: bool = False
    progress: Progress | None = None
    mirrors: Mirrors = field(default_factory=Mirrors)
    accept: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    anew: frozenset[Path] = frozenset()
    windows: Windows = field(default_factory=Windows, compare=False, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str], location: Path | None, offline: bool = False) -> "Places":
        """An explicit location wins over SAILBENCH_DATA."""
        named = environ.get("SAILBENCH_DATA", "")
        return cls(
            location=location or (Path(named).expanduser() if named else None),
            cache=cache_root(environ),
            offline=offline,
            mirrors=Mirrors.of(environ),
        )

    @property
    def root(self) -> Path:
        return self.cache or cache_root(os.environ)

    def net(self, task: str) -> Net:
        return Net(mirrors=self.mirrors, progress=self.progress, accept=self.accept, task=self.word(task))

    def word(self, task: str) -> str:
        return self.words.get(task, task)

    def hub(self, task: str) -> HubCache:
        return HubCache(self.root, self.offline, self.net(task), self.anew)

    def tsvs(self, task: str) -> TsvCache:
        return TsvCache(self.root, self.net(task))


def rows(task: Sourced, location: Path | None = None, offline: bool = False) -> Iterator[Row]:
    """The task's rows, in order."""
    return iter(open_rows(task, Places(location=location, offline=offline)))


def open_rows(task: Sourced, places: Places | None = None) -> DataSet:
    """The task's rows and where they came from. DataError, in one line, says where it looked and what to do."""
    places = places or Places()
    for source in task.sources:
        if isinstance(source, Drawn):
            return source.opened(places) if isinstance(source, Foreign) else DataSet.drawn(source)
    try:
        found = _cached(task, places) if places.location is None else _local(task, places.location, places.windows)
    except OSError as error:
        raise DataError(f"cannot read the rows of {task.name}: {error}") from error
    found.guard = Guard.of(places.root, task.name, places.net(task.name).accepting, places.accept)
    return found


def read_table(path: Path) -> DataSet:
    """The rows of one file, or of the only table in a folder."""
    (found,), windows = find("", (), path), Windows()
    return DataSet([Part(table(file, windows), found.root) for file in found.files], source=str(path))


def _local(task: Sourced, location: Path, windows: Windows) -> DataSet:
    found = find(task.name, task.sources, location)
    names = _part_names(task.sources, len(found))
    parts = [
        Part(table(file, windows), one.root, name) for one, name in zip(found, names, strict=True) for file in one.files
    ]
    return DataSet(parts, source=_listed([str(one.files[0]) for one in found]))


def _cached(task: Sourced, places: Places) -> DataSet:
    tsvs, mirrors = places.tsvs(task.name), published_tsvs(task.sources)
    hubs = [source for source in task.sources if isinstance(source, Hub)]
    tried = []
    if mirrors and all(tsvs.has(own[0]) for own in mirrors):
        return _from_tsv(tsvs, mirrors)
    if hubs:
        try:
            return _from_hub(places.hub(task.name), hubs, places.windows)
        except DataError as error:
            tried.append(str(error))
    if mirrors and not places.offline:
        try:
            for own in mirrors:
                tsvs.fetch(own)
            return _from_tsv(tsvs, mirrors)
        except DataError as error:
            tried.append(str(error))
    raise DataError(_way_out(task, tsvs, mirrors, tried or ["no rows are in the cache"]))


def published_tsvs(sources: Sequence[Source]) -> list[list[Tsv]]:
    """The TSV files, each with all addresses it is published at."""
    by_name: dict[str, list[Tsv]] = {}
    for source in sources:
        if isinstance(source, Tsv):
            by_name.setdefault(source.name, []).append(source)
    return list(by_name.values())


def _from_tsv(tsvs: TsvCache, mirrors: list[list[Tsv]]) -> DataSet:
    own = [several[0] for several in mirrors]
    locks = [tsvs.verified(tsv) for tsv in own]
    names = _part_names(own, len(own))
    parts = [
        Part(table(tsvs.path(tsv)), tsvs.folder, name, lock.sha256)
        for tsv, name, lock in zip(own, names, locks, strict=True)
    ]
    return DataSet(parts, source=_listed([tsv.url for tsv in own]))


def _from_hub(cache: HubCache, hubs: list[Hub], windows: Windows) -> DataSet:
    parts: list[Part] = []
    splits = [cache.split(hub) for hub in hubs]
    for hub, split, name in zip(hubs, splits, _part_names(hubs, len(hubs)), strict=True):
        root = cache.media(hub, split.commit)
        digest = f"git:{split.commit}" if split.commit else None
        parts.extend(Part(own, root, name, digest) for own in cache.tables(split, windows))
    revisions = dict.fromkeys(split.commit or "" for split in splits)
    return DataSet(parts, source=_listed([describe(hub) for hub in hubs]), revision=" ".join(revisions) or None)


def _part_names(sources: Sequence[Source], count: int) -> list[str]:
    """What tells parts apart: part, config, split or repository on the hub, the file's name of a TSV; "" for one."""
    hubs = [source for source in sources if isinstance(source, Hub)]
    tsvs = [own[0] for own in published_tsvs(sources)]
    if count > 1 and len(hubs) == count:
        for told in ("part", "config", "split", "repo"):
            names = [str(getattr(hub, told) or "") for hub in hubs]
            if len(set(names)) == count:
                return names
        return [describe(hub) for hub in hubs]
    return [Path(tsv.name).stem for tsv in tsvs] if count > 1 and len(tsvs) == count else [""] * count


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names[:3]) + (f"; and {len(names) - 3} more" if len(names) > 3 else "")


def _way_out(task: Sourced, tsvs: TsvCache, mirrors: list[list[Tsv]], tried: list[str]) -> str:
    files = ", ".join(own[0].name for own in mirrors)
    put = f"put {files} into {tsvs.folder}, or " if files else ""
    return f"{'; '.join(tried)}; {put}pass --data-dir a file or folder that holds the rows of {task.name}"
