"""A data set's repository on the hub: its files with sizes and digests, each fetched alone; what goes wrong there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sailbench.data import download
from sailbench.data.download import Digests
from sailbench.data.net import Net
from sailbench.errors import DataError
from sailbench.rows import Hub


class File(NamedTuple):
    """A file of a repository; `sha256` is known of those kept in large file storage, the blob's name of all."""

    path: str
    size: int
    sha256: str | None
    blob: str = ""

    @property
    def digest(self) -> str:
        return f"sha256 {self.sha256}" if self.sha256 else f"git blob {self.blob}"


def describe(hub: Hub) -> str:
    """A split in words: `owner/name, config X, split Y`."""
    return ", ".join([hub.repo, *([f"config {hub.config}"] if hub.config else []), f"split {hub.split}"])


def folder_name(repo: str) -> str:
    return repo.strip("/").replace("/", "___")


class Repository:
    """One repository at one commit (None: the main branch)."""

    def __init__(self, hub: Hub, commit: str | None, net: Net) -> None:
        self.hub, self.commit, self.net = hub, commit, net

    def files(self) -> dict[str, File]:
        """All files by path."""
        from huggingface_hub import HfApi, RepoFile

        with told(self.hub):
            tree = HfApi().list_repo_tree(
                self.hub.repo, repo_type="dataset", revision=self.commit or self.hub.revision, recursive=True
            )
            own = [one for one in tree if isinstance(one, RepoFile)]
        return {one.path: File(one.path, one.size, one.lfs.sha256 if one.lfs else None, one.blob_id) for one in own}

    def newest(self) -> str | None:
        """The commit that the revision asked for is now."""
        from huggingface_hub import HfApi

        with told(self.hub):
            return HfApi().dataset_info(self.hub.repo, revision=self.hub.revision).sha

    def fetch(self, files: Sequence[File], folder: Path) -> None:
        """These files, into a folder, unless they are there; each verified against its published digest."""
        from huggingface_hub import get_token

        token = get_token() or ""
        for one in files:
            place = folder / one.path
            if not place.is_file() or place.stat().st_size != one.size:
                place.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(one, place, token)

    def _fetch(self, file: File, place: Path, token: str) -> None:
        part = place.with_name(place.name + ".part")
        got: Digests = self.net.fetch([self.address(file)], part, file.path, token)
        listed, came = (file.sha256, got.sha256) if file.sha256 else (f"{file.size:,}", f"{part.stat().st_size:,}")
        if came != listed:
            part.unlink()
            raise DataError(
                f"{self.address(file)}: the hub lists {'the sha256' if file.sha256 else 'bytes:'} {listed}, but what "
                f"came has {came}; the same command asks again (without mirrors, if it is theirs)"
            )
        part.replace(place)

    def address(self, file: File) -> str:
        from huggingface_hub.constants import ENDPOINT

        revision = self.commit or self.hub.revision or "main"
        return f"{ENDPOINT}/datasets/{self.hub.repo}/resolve/{quote(revision, safe='')}/{quote(file.path)}"


def matching(files: Mapping[str, File], patterns: Sequence[str]) -> list[File]:
    """The files that one of the patterns names: whole paths, with * for anything, or folders."""
    wanted = [pattern for one in patterns for pattern in (one, f"{one.rstrip('/')}/*")]
    return [file for path, file in files.items() if any(fnmatchcase(path, pattern) for pattern in wanted)]


@contextmanager
def told(hub: Hub) -> Iterator[None]:
    """What goes wrong in the hub's libraries, and there it is much, as one line of ours."""
    from datasets.exceptions import DatasetsError
    from huggingface_hub import errors

    # The base of all errors of the HTTP library, which is another one in later releases of the hub's library.
    http_error = getattr(errors, "HTTPError", errors.HfHubHTTPError)
    _with_patience()
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, errors.EntryNotFoundError, http_error, DatasetsError) as error:
        if any(isinstance(one, errors.GatedRepoError) or "gated dataset" in str(one) for one in _chain(error)):
            raise DataError(gated(hub)) from error
        said = " ".join(str(error).split())[:240]
        raise DataError(f"cannot load {describe(hub)}: {type(error).__name__}: {said}") from error


def _with_patience() -> None:
    """The hub's library waits for some answers without end; from now on, only as long as a download does."""
    from huggingface_hub import get_session

    session = get_session()
    hooks = session.event_hooks
    if _limited not in hooks["request"]:
        session.event_hooks = {**hooks, "request": [*hooks["request"], _limited]}


def _limited(request: Any) -> None:
    waits = ("connect", "read", "write", "pool")
    asked = request.extensions.get("timeout", {})
    limits = {one: download.TIMEOUT_SECONDS if asked.get(one) is None else asked[one] for one in waits}
    request.extensions = {**request.extensions, "timeout": limits}


def gated(hub: Hub) -> str:
    from huggingface_hub.constants import ENDPOINT

    return (
        f"{hub.repo} is gated: ask for access at {ENDPOINT}/datasets/{hub.repo}, then log in with `hf auth login` "
        "or set HF_TOKEN, and run the same command"
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
