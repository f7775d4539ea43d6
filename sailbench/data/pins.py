"""A file pinned by its digests when it was first used: NAME.lock beside it says which; one that changed is an error."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sailbench.data.download import Digests
from sailbench.errors import DataError


@dataclass(frozen=True, slots=True)
class Lock:
    """What a file was when it was first used. Size and time spare the next run from reading it all again.

    `version` is what its server called it, "" where that is not known. An accepted file is pinned as it is, whatever
    digest it was published with.
    """

    md5: str
    sha256: str
    size: int
    mtime_ns: int
    accepted: bool = False
    version: str = ""

    @classmethod
    def of(cls, path: Path, digests: Digests | None = None, accepted: bool = False) -> "Lock":
        known, stat = digests or Digests.of(path), path.stat()
        return cls(known.md5, known.sha256, stat.st_size, stat.st_mtime_ns, accepted, known.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A file, the MD5 and address that it was published with, and the command that accepts another."""

    path: Path
    md5: str | None
    url: str
    accepting: str

    @property
    def lock_file(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def lock(self) -> Lock | None:
        """What the file was, None before its first use or if the lock cannot be read."""
        try:
            return Lock(**json.loads(self.lock_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, lock: Lock) -> None:
        self.lock_file.write_text(json.dumps(asdict(lock)))

    def verified(self, thoroughly: bool = False) -> Lock:
        """The digests of the file that is there; DataError if it is not what was published or first used."""
        first, stat = self.lock(), self.path.stat()
        lock = first
        fresh = lock is None or thoroughly or (lock.size, lock.mtime_ns) != (stat.st_size, stat.st_mtime_ns)
        if lock is None or fresh:
            lock = Lock.of(self.path, accepted=first is not None and first.accepted)
            if first is not None and lock.sha256 != first.sha256:
                raise DataError(
                    f"{self.path} changed since it was first used: its sha256 was {first.sha256}, now it is "
                    f"{lock.sha256}; delete it to download it again, or take it as it is with {self.accepting}"
                )
            if first is not None:
                lock = replace(lock, version=first.version)
        self.check(lock, self.path)
        if fresh:
            with suppress(PermissionError):  # a cache that is shared to be read: verified anew each time
                self.write(lock)
        return lock

    def accept(self) -> Lock:
        """Pin the file as it is."""
        lock = Lock.of(self.path, accepted=True)
        self.write(lock)
        return lock

    def check(self, lock: Lock, place: Path) -> None:
        """DataError when the file, which lies at `place`, is not what was published."""
        if self.md5 and lock.md5 != self.md5 and not lock.accepted:
            raise DataError(
                f"{place} has the MD5 {lock.md5}, but {self.md5} is what {self.url} was published as; delete it to "
                f"download it again, take it as it is with {self.accepting}, or pass --data-dir {place} to use it once"
            )
