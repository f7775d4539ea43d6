"""The cache of downloaded TSV files: fetched once, verified against their published MD5, pinned by their digests.

CACHE/tsv/NAME.tsv           complete and verified
CACHE/tsv/NAME.tsv.lock      its digests when it was first used; a file that changed since is an error
CACHE/tsv/NAME.tsv.part      a download under way, taken up where it was cut
CACHE/tsv/refused/NAME.tsv   not what was published or first used, or published anew; unused until it is accepted
"""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sailbench.data.download import Digests
from sailbench.data.net import Net
from sailbench.data.pins import Lock, Pin
from sailbench.data.space import check_room
from sailbench.errors import DataError
from sailbench.rows import Tsv


def cache_root(environ: Mapping[str, str]) -> Path:
    """Where downloads go: SAILBENCH_CACHE, or ~/.cache/sailbench."""
    named = environ.get("SAILBENCH_CACHE", "")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "sailbench"


class TsvCache:
    """The TSV files under one cache root."""

    def __init__(self, root: Path, net: Net | None = None) -> None:
        self.folder = root / "tsv"
        self.net = net or Net()

    def path(self, tsv: Tsv) -> Path:
        return self.folder / tsv.name

    def has(self, tsv: Tsv) -> bool:
        return self.path(tsv).is_file()

    def pin(self, tsv: Tsv) -> Pin:
        return Pin(path=self.path(tsv), md5=tsv.md5, url=tsv.url, accepting=self.net.accepting)

    def verified(self, tsv: Tsv, thoroughly: bool = False) -> Lock:
        """The digests of the file that is there; DataError if it is not what was published or first used."""
        return self.pin(tsv).verified(thoroughly)

    def fetch(self, mirrors: Sequence[Tsv]) -> Path:
        """Download a file from the first of its addresses that gives it, unless it is there; verified on the way."""
        tsv = mirrors[0]
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone(tsv):
                if not self.has(tsv) or (self.net.accept and self.refused(tsv).is_file()):
                    self._fetch(mirrors)
                elif self.net.accept:
                    self.pin(tsv).accept()
        return self.path(tsv)

    def adopt(self, tsv: Tsv, part: Path, digests: Digests) -> None:
        """Take a complete file in, unless it is not what was published or first used: then it is set aside."""
        pin = self.pin(tsv)
        lock, first = Lock.of(part, digests, accepted=self.net.accept), pin.lock()
        refused = self.refused(tsv)
        changed = first is not None and first.sha256 != lock.sha256
        if not self.net.accept and (changed or (tsv.md5 and lock.md5 != tsv.md5)):
            refused.parent.mkdir(exist_ok=True)
            part.replace(refused)
            self._refuse(tsv, refused, lock)
        pin.write(lock)
        part.replace(pin.path)
        refused.unlink(missing_ok=True)

    def refused(self, tsv: Tsv) -> Path:
        return self.folder / "refused" / tsv.name

    def published(self, mirrors: Sequence[Tsv]) -> Lock:
        """The digests of a file that is there as it is published now; where these are others, that one is set aside.

        It is fetched only if its server does not call it what it did.
        """
        tsv, urls = mirrors[0], [one.url for one in mirrors]
        here, told = self.verified(tsv), self.net.head(urls)
        refused = self.refused(tsv)
        if told.version and told.version in (here.version, f'"{here.md5}"'):
            refused.unlink(missing_ok=True)  # published for a while, and no more
            return here
        part = refused.with_name(tsv.name + ".part")
        check_room(f"what {tsv.url} is now", told.size or 0, self.folder, "free space, or set SAILBENCH_CACHE")
        with self._writing(), self._alone(tsv):
            refused.parent.mkdir(exist_ok=True)
            now = Lock.of(part, self.net.fetch(urls, part, tsv.name))
            part.replace(refused)
            if now.sha256 == here.sha256:
                refused.unlink()
                self.pin(tsv).write(replace(here, version=now.version))
        return now

    def _fetch(self, mirrors: Sequence[Tsv]) -> None:
        tsv, path = mirrors[0], self.path(mirrors[0])
        refused = self.refused(tsv)
        if refused.is_file():
            digests = Digests.of(refused)
            if not self.net.accept:
                self._refuse(tsv, refused, Lock.of(refused, digests))
            return self.adopt(tsv, refused, digests)
        part = path.with_name(path.name + ".part")
        return self.adopt(tsv, part, self.net.fetch([one.url for one in mirrors], part, tsv.name))

    def _refuse(self, tsv: Tsv, refused: Path, lock: Lock) -> None:
        pin = self.pin(tsv)
        first = pin.lock()
        if first is not None and first.sha256 != lock.sha256:
            raise DataError(
                f"{tsv.url} changed since it was first pulled: its sha256 was {first.sha256}, now it is {lock.sha256}; "
                f"take the new file with {self.net.accepting}, or look at it first: it is {refused}"
            )
        pin.check(lock, refused)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"cannot write to the cache {self.folder}: {error}; set SAILBENCH_CACHE") from error

    @contextmanager
    def _alone(self, tsv: Tsv) -> Iterator[None]:
        """Two runs that want the same file: the second waits and finds it there."""
        with (self.folder / f".{tsv.name}.busy").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
