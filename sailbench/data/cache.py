"""The cache of downloaded TSV files: fetched once, verified against their published MD5, pinned by their digests.

CACHE/tsv/NAME.tsv           complete and verified
CACHE/tsv/NAME.tsv.lock      its digests when it was first used; a file that changed since is an error
CACHE/tsv/NAME.tsv.part      a download under way, taken up where it was cut
CACHE/tsv/refused/NAME.tsv   complete, but not what was published; kept to be looked at, never used
"""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sailbench.data.download import Digests, download
from sailbench.errors import DataError
from sailbench.rows import Tsv

Progress = Callable[[str, int, int | None], None]


def cache_root(environ: Mapping[str, str]) -> Path:
    """Where downloads go: SAILBENCH_CACHE, or ~/.cache/sailbench."""
    named = environ.get("SAILBENCH_CACHE", "")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "sailbench"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a file was when it was first used. Size and time spare the next run from reading it all again."""

    md5: str
    sha256: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path, digests: Digests | None = None) -> "Lock":
        known, stat = digests or Digests.of(path), path.stat()
        return cls(known.md5, known.sha256, stat.st_size, stat.st_mtime_ns)


class TsvCache:
    """The TSV files under one cache root."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "tsv"

    def path(self, tsv: Tsv) -> Path:
        return self.folder / tsv.name

    def has(self, tsv: Tsv) -> bool:
        return self.path(tsv).is_file()

    def verified(self, tsv: Tsv) -> Lock:
        """The digests of the file that is there; DataError if it is not what was published or first used."""
        path, lock_file = self.path(tsv), self._lock_file(tsv)
        lock = Lock(**json.loads(lock_file.read_text())) if lock_file.is_file() else None
        stat = path.stat()
        fresh = lock is None or (lock.size, lock.mtime_ns) != (stat.st_size, stat.st_mtime_ns)
        if lock is None or fresh:
            first, lock = lock, Lock.of(path)
            if first is not None and lock.sha256 != first.sha256:
                raise DataError(
                    f"{path} changed since it was first used: its sha256 was {first.sha256}, now it is {lock.sha256}; "
                    f"delete it to download it again, or delete {lock_file.name} to take it as it is"
                )
        if tsv.md5 and lock.md5 != tsv.md5:
            raise DataError(_mismatch(path, tsv, lock.md5))
        if fresh:
            with suppress(PermissionError):  # a cache that is shared to be read: verified anew each time
                lock_file.write_text(json.dumps(asdict(lock)))
        return lock

    def fetch(self, mirrors: Sequence[Tsv], progress: Progress | None = None) -> Path:
        """Download a file from the first of its addresses that gives it, unless it is there; verified on the way."""
        tsv = mirrors[0]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone(tsv):
                if not self.has(tsv):
                    self._fetch(mirrors, progress)
        except OSError as error:
            raise DataError(f"cannot write to the cache {self.folder}: {error}; set SAILBENCH_CACHE") from error
        return self.path(tsv)

    def _fetch(self, mirrors: Sequence[Tsv], progress: Progress | None) -> None:
        tsv, path = mirrors[0], self.path(mirrors[0])
        refused = self.folder / "refused" / tsv.name
        if refused.is_file():
            raise DataError(_mismatch(refused, tsv, Digests.of(refused).md5))
        part = path.with_name(path.name + ".part")
        digests = _first_that_answers(mirrors, part, progress and partial(progress, tsv.name))
        if tsv.md5 and digests.md5 != tsv.md5:
            refused.parent.mkdir(exist_ok=True)
            part.replace(refused)
            raise DataError(_mismatch(refused, tsv, digests.md5))
        self._lock_file(tsv).write_text(json.dumps(asdict(Lock.of(part, digests))))
        part.replace(path)

    def _lock_file(self, tsv: Tsv) -> Path:
        return self.folder / f"{tsv.name}.lock"

    @contextmanager
    def _alone(self, tsv: Tsv) -> Iterator[None]:
        """Two runs that want the same file: the second waits and finds it there."""
        with (self.folder / f".{tsv.name}.busy").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _first_that_answers(
    mirrors: Sequence[Tsv], part: Path, progress: Callable[[int, int | None], None] | None
) -> Digests:
    told = []
    for mirror in mirrors:
        try:
            return download(mirror.url, part, progress)
        except DataError as error:
            told.append(str(error))
    raise DataError("; ".join(told))


def _mismatch(path: Path, tsv: Tsv, md5: str) -> str:
    return (
        f"{path} has the MD5 {md5}, but {tsv.md5} is what {tsv.url} was published as; "
        f"delete it to download it again, or pass --data-dir {path} to use it as it is"
    )
