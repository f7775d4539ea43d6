"""Splits of data sets on the hub, by way of `datasets`: pinned to the commit of the first load, offline from then on.

    CACHE/hub/OWNER___NAME/CONFIG.SPLIT.json   which commit and which Arrow files a split is
    CACHE/datasets/                            the Arrow files, written and owned by `datasets`
    CACHE/media/OWNER___NAME/COMMIT/           media that rows name by path, unpacked

To take a newer commit, delete the JSON file.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sailbench.data.archives import unpack_all
from sailbench.data.columnar import Arrow
from sailbench.errors import DataError
from sailbench.rows import Hub


@dataclass(frozen=True, slots=True)
class Split:
    """A split as it was first loaded: the revision asked for, the commit that was, and its files under the cache."""

    asked: str | None
    commit: str | None
    files: tuple[str, ...]


class HubCache:
    """The hub's data under one cache root."""

    def __init__(self, root: Path, offline: bool = False) -> None:
        self.root = root
        self.offline = offline

    def split(self, hub: Hub) -> Split:
        """The split, loaded if this is the first time; DataError when it cannot be had."""
        record = self._record(hub)
        if record.is_file():
            known = json.loads(record.read_text())
            split = Split(known["asked"], known["commit"], tuple(known["files"]))
            fits = hub.revision in (split.asked, split.commit)
            if fits and all((self.root / one).is_file() for one in split.files):
                return split
        if self.offline:
            raise DataError(f"{describe(hub)} is not in the cache {self.root}, and --offline forbids to load it")
        split = self._load(hub)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(asdict(split)))
        return split

    def tables(self, split: Split) -> list[Arrow]:
        from huggingface_hub.constants import HF_HUB_CACHE

        trusted = (self.root, Path(HF_HUB_CACHE))
        return [Arrow(self.root / one, trusted) for one in split.files]

    def media(self, hub: Hub, commit: str | None) -> Path:
        """The folder that the rows' media paths start from, with the files of `hub.media` in it, unpacked."""
        if Path(hub.repo).is_dir():
            return Path(hub.repo)
        folder = self.root / "media" / _folder(hub.repo) / (commit or "main")
        record = folder / ".complete.json"
        complete = set(json.loads(record.read_text())) if record.is_file() else set()
        if set(hub.media) <= complete:
            return folder
        if self.offline:
            raise DataError(
                f"the media of {hub.repo} are not in the cache {self.root}, and --offline forbids to load them"
            )
        self._fetch(hub, commit, folder)
        unpack_all(folder)
        record.write_text(json.dumps(sorted(complete | set(hub.media))))
        return folder

    def _record(self, hub: Hub) -> Path:
        name = f"{hub.config or 'default'}.{hub.split}.json"
        return self.root / "hub" / _folder(hub.repo) / re.sub(r"[^\w.()+ -]", "_", name)

    def _load(self, hub: Hub) -> Split:
        with _told(hub):
            from datasets import load_dataset

            loaded = load_dataset(
                hub.repo,
                hub.config,
                split=hub.split,
                revision=hub.revision,
                cache_dir=str(self.root.absolute() / "datasets"),
                keep_in_memory=False,
            )
        files = [Path(one["filename"]) for one in loaded.cache_files]
        if sum(len(Arrow(one)) for one in files) != len(loaded):
            raise DataError(f"{describe(hub)}: a part of a split cannot be asked for; name the whole split")
        commits = {one.parent.name for one in files if re.fullmatch(r"[0-9a-f]{40}", one.parent.name)}
        under = tuple(str(one.relative_to(self.root.absolute())) for one in files)
        return Split(hub.revision, commits.pop() if len(commits) == 1 else None, under)

    def _fetch(self, hub: Hub, commit: str | None, folder: Path) -> None:
        patterns = [pattern for one in hub.media for pattern in (one, f"{one.rstrip('/')}/*")]
        with _told(hub):
            from huggingface_hub import snapshot_download

            snapshot_download(
                hub.repo,
                repo_type="dataset",
                revision=commit or hub.revision,
                allow_patterns=patterns,
                local_dir=folder,
            )
        if not any(one.is_file() for one in folder.rglob("*") if one.relative_to(folder).parts[0] != ".cache"):
            raise DataError(f"{hub.repo} has no files like {', '.join(hub.media)}")


def describe(hub: Hub) -> str:
    """A split in words: `owner/name, config X, split Y`."""
    return ", ".join([hub.repo, *([f"config {hub.config}"] if hub.config else []), f"split {hub.split}"])


def _folder(repo: str) -> str:
    return repo.strip("/").replace("/", "___")


@contextmanager
def _told(hub: Hub) -> Iterator[None]:
    """What goes wrong in the hub's libraries, and there it is much, as one line of ours."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub import errors

    # The base of all errors of the HTTP library, which is another one in later releases of the hub's library.
    http_error = getattr(errors, "HTTPError", errors.HfHubHTTPError)
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, errors.EntryNotFoundError, http_error, DatasetsError) as error:
        said = " ".join(str(error).split())[:240]
        raise DataError(f"cannot load {describe(hub)}: {type(error).__name__}: {said}") from error
