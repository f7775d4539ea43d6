"""Splits of data sets on the hub: pinned to the commit of the first load, offline from then on.

    CACHE/hub/OWNER___NAME/CONFIG.SPLIT.json   which commit and which files a split is, with their digests
    CACHE/hub/OWNER___NAME/COMMIT/             its files as they were published, where we read their format
    CACHE/datasets/                            else the Arrow files that `datasets` makes of that split alone
    CACHE/media/OWNER___NAME/COMMIT/           media that rows name by path, unpacked

`datasets` is asked which files a split consists of; what it would make of them is left out where it need not be made.
To take a newer commit: `sailbench data pull TASK --accept`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sailbench.data.archives import forget, unpack_all
from sailbench.data.columnar import Arrow
from sailbench.data.net import Net
from sailbench.data.remembered import Remembered, memory
from sailbench.data.repository import File, Repository, describe, folder_name, matching, told
from sailbench.data.tables import Table, table
from sailbench.data.windows import Windows
from sailbench.errors import DataError
from sailbench.rows import Hub

# What of the hub's files is read as it is, by the builder that `datasets` would take for it.
AS_PUBLISHED = {"parquet": (".parquet",), "json": (".jsonl", ".json"), "csv": (".csv", ".tsv")}
_HUB_FILE = re.compile(r"hf://datasets/(?P<repo>[^@]+)@(?P<commit>[0-9a-f]{40})/(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class Split:
    """A split as it was first loaded: the revision asked for, the commit that was, and its files under the cache.

    `digests` are the SHA-256 of the files; none of records that an earlier version wrote.
    """

    asked: str | None
    commit: str | None
    files: tuple[str, ...]
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needed:
    """Files of a repository that are not in the cache, and the folder they go to."""

    files: tuple[File, ...]
    folder: Path


class HubCache:
    """The hub's data under one cache root."""

    def __init__(
        self, root: Path, offline: bool = False, net: Net | None = None, anew: frozenset[Path] = frozenset()
    ) -> None:
        self.root = root
        self.offline = offline
        self.net = net or Net()
        # Folders of media of which something is missing.
        self.anew = anew
        self._listings: dict[tuple[str, str | None], dict[str, File]] = {}
        self._newest: dict[tuple[str, str | None], str | None] = {}

    @cached_property
    def remembered(self) -> Remembered:
        return memory(self.root.absolute())

    def known(self, hub: Hub) -> Split | None:
        """The split as it lies in the cache, None when it is not (all) there."""
        split = self.pinned(hub)
        return split if split is not None and all((self.root / one).is_file() for one in split.files) else None

    def pinned(self, hub: Hub) -> Split | None:
        """The split as it was first loaded, whether or not its files are there."""
        try:
            held = json.loads(self.record(hub).read_text())
            split = Split(held["asked"], held["commit"], tuple(held["files"]), tuple(held.get("digests", ())))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return split if hub.revision in (split.asked, split.commit) else None

    def split(self, hub: Hub) -> Split:
        """The split, loaded if this is the first time; DataError when it cannot be had or has changed."""
        split = self.known(hub)
        if split is not None:
            return split if self.net.accept else self._unchanged(split)
        if self.offline:
            raise DataError(f"{describe(hub)} is not in the cache {self.root}, and --offline forbids to load it")
        return self.load(hub)

    def load(self, hub: Hub) -> Split:
        """Load a split, at the commit that it is pinned to unless a newer one is accepted, and pin it."""
        builder = self.builder(hub)
        published = self.published(builder, hub)
        if published is None:
            split = self._prepared(builder, hub)
        else:
            commit, paths = published
            folder = self.folder(hub, commit)
            listing = self.listing(hub, commit)
            Repository(hub, commit, self.net).fetch([listing[path] for path in paths], folder)
            split = self._pinned(hub, commit, [folder / path for path in paths])
        record = self.record(hub)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(asdict(split)))
        return split

    def tables(self, split: Split, windows: Windows | None = None) -> list[Table]:
        from huggingface_hub.constants import HF_HUB_CACHE

        trusted = (self.root, Path(HF_HUB_CACHE))
        files = [self.root / one for one in split.files]
        return [Arrow(one, trusted) if one.suffix == ".arrow" else table(one, windows) for one in files]

    def media(self, hub: Hub, commit: str | None) -> Path:
        """The folder that the rows' media paths start from, with the files of `hub.media` in it, unpacked."""
        if Path(hub.repo).is_dir():
            return Path(hub.repo)
        folder = self.media_folder(hub, commit)
        complete = self._complete(folder)
        if set(hub.media) <= complete:
            return folder
        if self.offline:
            raise DataError(
                f"the media of {hub.repo} are not in the cache {self.root}, and --offline forbids to load them"
            )
        wanted = self.media_files(hub, commit)
        if not wanted:
            raise DataError(f"{hub.repo} has no files like {', '.join(hub.media)}")
        Repository(hub, commit, self.net).fetch(wanted, folder)
        if folder in self.anew:
            forget(folder)
        unpack_all(folder)
        (folder / ".complete.json").write_text(json.dumps(sorted(complete | set(hub.media))))
        return folder

    def needed(self, hub: Hub) -> list[Needed]:
        """What a pull would download: the split's files and its media, as far as they are not there."""
        split = None if self.net.accept else self.known(hub)
        commit = split.commit if split else None
        found = []
        if split is None:
            builder = self.builder(hub)
            commit, paths = self.published(builder, hub) or self._sources(builder, hub)
            listing = self.listing(hub, commit)
            files = [listing[path] for path in paths if path in listing]
            found.append(Needed(tuple(files), self.folder(hub, commit)))
        media = self.media_folder(hub, commit)
        if hub.media and not set(hub.media) <= self._complete(media):
            found.append(Needed(tuple(self.media_files(hub, commit)), media))
        return [Needed(tuple(f for f in own.files if not _is_there(own.folder, f)), own.folder) for own in found]

    def listing(self, hub: Hub, commit: str | None) -> dict[str, File]:
        key = hub.repo, commit or hub.revision
        if key not in self._listings:
            self._listings[key] = Repository(hub, commit, self.net).files()
        return self._listings[key]

    def newest(self, hub: Hub) -> str | None:
        """The commit that the split would be loaded at now."""
        key = hub.repo, hub.revision
        if key not in self._newest:
            self._newest[key] = Repository(hub, None, self.net).newest()
        return self._newest[key]

    def media_files(self, hub: Hub, commit: str | None) -> list[File]:
        return matching(self.listing(hub, commit), hub.media) if hub.media else []

    def record(self, hub: Hub) -> Path:
        name = f"{hub.config or 'default'}.{hub.split}.json"
        return self.root / "hub" / folder_name(hub.repo) / re.sub(r"[^\w.()+ -]", "_", name)

    def folder(self, hub: Hub, commit: str | None) -> Path:
        return self.root / "hub" / folder_name(hub.repo) / (commit or "main")

    def media_folder(self, hub: Hub, commit: str | None) -> Path:
        return self.root / "media" / folder_name(hub.repo) / (commit or "main")

    def builder(self, hub: Hub) -> Any:
        pinned = None if self.net.accept else self.pinned(hub)
        revision = (pinned and pinned.commit) or hub.revision
        with told(hub):
            from datasets import load_dataset_builder

            # A folder of the split's own: of a config's other splits nothing is made.
            own = self.root.absolute() / "datasets" / re.sub(r"\W", "_", hub.split)
            builder = load_dataset_builder(hub.repo, hub.config, revision=revision, cache_dir=str(own))
        there = list(builder.config.data_files or {})
        if there and hub.split not in there:
            raise DataError(f"{describe(hub)}: there is no such split, only {', '.join(map(str, there))}")
        return builder

    def published(self, builder: Any, hub: Hub) -> tuple[str, list[str]] | None:
        """The commit and paths of the split's files, where we read them as they are."""
        suffixes = AS_PUBLISHED.get(type(builder).__module__.rsplit(".", 1)[-1], ())
        commit, paths = self._sources(builder, hub)
        plain = getattr(builder.config, "field", None) is None and getattr(builder.config, "sep", ",") in (",", "\t")
        if commit and paths and plain and all(path.lower().endswith(suffixes) for path in paths):
            return commit, paths
        return None

    def _sources(self, builder: Any, hub: Hub) -> tuple[str | None, list[str]]:
        """The commit and paths of the split's files on the hub; none where they lie elsewhere, too."""
        named = [str(one) for one in (builder.config.data_files or {}).get(hub.split, ())]
        matches = [match for one in named if (match := _HUB_FILE.fullmatch(one)) and match["repo"] == hub.repo]
        commits = {match["commit"] for match in matches}
        if len(commits) != 1 or len(matches) != len(named):
            return None, []
        return commits.pop(), [match["path"] for match in matches]

    def _prepared(self, builder: Any, hub: Hub) -> Split:
        with told(hub):
            files = builder.config.data_files
            if files and hub.split in files:
                for other in [name for name in files if name != hub.split]:
                    del files[other]
            builder.download_and_prepare(verification_mode="no_checks")
            loaded = builder.as_dataset(split=hub.split)
        arrows = [Path(one["filename"]) for one in loaded.cache_files]
        if sum(len(Arrow(one)) for one in arrows) != len(loaded):
            raise DataError(f"{describe(hub)}: not all of the split was made; run the same command again")
        commits = {one.parent.name for one in arrows if re.fullmatch(r"[0-9a-f]{40}", one.parent.name)}
        return self._pinned(hub, commits.pop() if len(commits) == 1 else None, arrows)

    def _pinned(self, hub: Hub, commit: str | None, files: Sequence[Path]) -> Split:
        under = tuple(str(one.absolute().relative_to(self.root.absolute())) for one in files)
        return Split(hub.revision, commit, under, tuple(self.remembered.of(str(one)) for one in files))

    def _unchanged(self, split: Split) -> Split:
        for name, digest in zip(split.files, split.digests, strict=False):
            now = self.remembered.of(str(self.root / name))
            if now != digest:
                raise DataError(
                    f"{self.root / name} changed since it was pulled: its sha256 was {digest}, now it is {now}; delete "
                    f"it and pull again, or take it as it is with {self.net.accepting}"
                )
        return split

    def _complete(self, folder: Path) -> set[str]:
        record = folder / ".complete.json"
        if folder in self.anew:
            return set()
        return set(json.loads(record.read_text())) if record.is_file() else set()


def _is_there(folder: Path, file: File) -> bool:
    place = folder / file.path
    return place.is_file() and place.stat().st_size == file.size
