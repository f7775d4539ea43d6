"""Which files in a folder of downloads are a benchmark's rows. Nothing is guessed: two candidates are an error.

The first of these that is there is taken:

1. TASK.tsv, .csv, .jsonl, .json or .parquet, TASK being the task's name;
2. the sub-folder TASK if it holds any table: what follows is looked for there alone;
3. the TSV files by their published names;
4. the hub repository's folder: OWNER/NAME, OWNER___NAME, NAME, or the hub cache's datasets--OWNER--NAME;
5. the folder itself, as if it were the repository's.

In a repository's folder, the table of the config and split is taken by name: `config/split-*.parquet`,
`data/split*.parquet`, `split.jsonl`, shards `-00000-of-00003` together; if no name says the split, its only table.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sailbench.errors import DataError
from sailbench.rows import Hub, Source, Tsv

READABLE = (".tsv", ".csv", ".jsonl", ".json", ".parquet")
# JSON files beside tables that describe them and hold no rows.
DESCRIPTIONS = frozenset({"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"})
DEEPEST = 3
SPLITS = ("train", "test", "testmini", "val", "valid", "validation", "dev")
ALIASES = {"validation": ("val", "valid", "dev"), "val": ("validation", "valid", "dev")}
_SHARD = re.compile(r"(?P<stem>.*?)[-_.]?(?P<number>\d{5})-of-(?P<count>\d{5})")


@dataclass(frozen=True, slots=True)
class Found:
    """One part of a benchmark's rows: files of one table, and the folder that paths in it start from."""

    files: tuple[Path, ...]
    root: Path


def find(name: str, sources: Sequence[Source], location: Path) -> list[Found]:
    """The parts of a task's rows at an explicit location, a file or a folder."""
    if location.is_file():
        return [Found((location,), location.parent)]
    if not location.is_dir():
        raise DataError(f"there is no file or folder {location}; pass --data-dir one that holds the rows")
    if found := _by_name(location, name):
        return found
    own = location / name
    place = own if name and own.is_dir() and next(_tables(own), None) else location
    return _by_tsv(place, sources) or _by_repository(place, sources) or _parts(place, sources)


def _by_name(place: Path, name: str) -> list[Found]:
    tables = [table for table in _tables(place, deepest=0) if table.stem == name]
    return [Found(_only(tables, place, f"called {name}").complete(), place)] if tables else []


def _by_tsv(place: Path, sources: Sequence[Source]) -> list[Found]:
    names = list(dict.fromkeys(source.name for source in sources if isinstance(source, Tsv)))
    there = [place / one for one in names if (place / one).is_file()]
    if there and len(there) < len(names):
        missing = ", ".join(sorted(set(names) - {one.name for one in there}))
        raise DataError(f"{place} holds {there[0].name} but not {missing}, which belongs to it")
    return [Found((one,), place) for one in there]


def _by_repository(place: Path, sources: Sequence[Source]) -> list[Found]:
    hubs = [source for source in sources if isinstance(source, Hub)]
    folders = [_repository(place, hub.repo) for hub in hubs]
    found = [(folder, hub) for folder, hub in zip(folders, hubs, strict=True) if folder]
    if found and len(found) < len(hubs):
        raise DataError(f"{place} holds {found[0][1].repo} but not every repository that belongs to it")
    return [Found(pick(folder, hub), folder) for folder, hub in found]


def _repository(place: Path, repo: str) -> Path | None:
    """The folder of a repository's files, as `huggingface-cli download` or a clone may have left it."""
    name = repo.rsplit("/", 1)[-1]
    for folder in (place / repo, place / repo.replace("/", "___"), place / name):
        if folder.is_dir():
            return folder
    cached = place / f"datasets--{repo.replace('/', '--')}"
    main = cached / "refs" / "main"
    snapshots = [cached / "snapshots" / main.read_text().strip()] if main.is_file() else []
    snapshots += sorted(cached.glob("snapshots/*"))
    return next((one for one in snapshots if one.is_dir()), None)


def _parts(place: Path, sources: Sequence[Source]) -> list[Found]:
    """The folder as the benchmark's own: every part of it, or its only table."""
    hubs = [source for source in sources if isinstance(source, Hub)]
    if hubs:
        return [Found(pick(place, hub), place) for hub in hubs]
    return [Found(_only(list(_tables(place)), place, "").complete(), place)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table in a folder: one file, or the shards of one. `folders` lead to it, `stem` is its name."""

    folders: tuple[str, ...]
    stem: str
    files: tuple[Path, ...]

    def complete(self) -> tuple[Path, ...]:
        """The files, all shards that their names promise."""
        counts = {match["count"] for one in self.files if (match := _SHARD.fullmatch(one.stem))}
        if counts and {len(self.files)} != {int(count) for count in counts}:
            many = f"{len(self.files)} of {int(max(counts))}"
            raise DataError(f"{self.files[0].parent} holds {many} shards of {self.stem}")
        return self.files

    def says(self, word: str) -> bool:
        """Whether a folder or a word of the name is `word`."""
        return word in (*self.folders, self.stem) or word in re.split(r"[^A-Za-z0-9]+", self.stem)


def _tables(folder: Path, deepest: int = DEEPEST) -> Iterator[Candidate]:
    shards: dict[tuple[tuple[str, ...], str, str], list[Path]] = {}
    for file in _files(folder, deepest):
        match = _SHARD.fullmatch(file.stem)
        stem = match["stem"] if match else "" if _is_number(file) else file.stem
        key = (file.relative_to(folder).parts[:-1], stem, file.suffix)
        shards.setdefault(key, []).append(file)
    for (folders, stem, _), files in sorted(shards.items()):
        yield Candidate(folders, stem, tuple(sorted(files)))


def _is_number(file: Path) -> bool:
    """The hub's own conversions are numbered in a folder of their split: `test/0000.parquet`."""
    return file.suffix == ".parquet" and re.fullmatch(r"\d{4,5}", file.stem) is not None


def _files(folder: Path, deepest: int) -> Iterator[Path]:
    for one in sorted(folder.iterdir()):
        if one.name.startswith("."):
            continue
        if one.is_dir():
            yield from _files(one, deepest - 1) if deepest else ()
        elif one.suffix.lower() in READABLE and one.name not in DESCRIPTIONS:
            yield one


def pick(folder: Path, hub: Hub) -> tuple[Path, ...]:
    """The files of the config and split in a repository's folder, or in one that stands for it."""
    tables = list(_tables(folder))
    if hub.config:
        tables = _of_config(tables, hub.config)
    tables = _of_split(tables, hub.split)
    wanted = f"of split {hub.split}" + (f" of {hub.config}" if hub.config else "")
    return _only(tables, folder, wanted).complete()


def _of_config(tables: list[Candidate], config: str) -> list[Candidate]:
    """Those that name the config; else those that name none, since it may be told in the README alone."""
    levels: list[Callable[[Candidate], bool]] = [
        lambda table: config in table.folders,
        lambda table: table.stem == config or re.match(re.escape(config) + r"[-_.]", table.stem) is not None,
        lambda table: set(table.folders) <= {"data", "default"},
    ]
    return _first_level(tables, levels)


def _of_split(tables: list[Candidate], split: str) -> list[Candidate]:
    """Those that name the split most exactly; else those that name no split at all."""
    levels: list[Callable[[Candidate], bool]] = [
        lambda table: table.stem == split or (split in table.folders and table.stem not in SPLITS),
        lambda table: re.match(re.escape(split) + r"[^A-Za-z0-9]", table.stem) is not None,
        lambda table: table.stem.startswith(split),
        lambda table: table.says(split),
        lambda table: any(table.says(alias) for alias in ALIASES.get(split, ())),
        lambda table: not any(table.says(other) for other in SPLITS),
    ]
    return _first_level(tables, levels)


def _first_level(tables: list[Candidate], levels: Sequence[Callable[[Candidate], bool]]) -> list[Candidate]:
    for level in levels:
        if matching := [table for table in tables if level(table)]:
            return matching
    return []


def _only(tables: Sequence[Candidate], folder: Path, wanted: str) -> Candidate:
    if len(tables) == 1:
        return tables[0]
    if not tables:
        raise DataError(f"{folder} holds no table {wanted}".rstrip() + f" ({', '.join(READABLE)})")
    names = [str(table.files[0].relative_to(folder)) for table in tables]
    listed = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    raise DataError(
        f"{folder} holds {len(tables)} tables {wanted}".rstrip() + f" ({listed}); pass the one that is meant"
    )
