"""A task's lock file: the digest of every file that its data consist of, and of every image and video in its rows.

CACHE/locks/TASK.jsonl is written by the first `sailbench data pull`, a JSON line a file or medium:

    {"file": "tsv/MMStar.tsv", "sha256": "…", "size": 43, "url": "https://…"}
    {"media": "17/0", "sha256": "…"}

Files are named from the cache's root, media by their sample's id and place. Runs compare every file of media that they
open; `sailbench data verify` compares everything.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.data.remembered import Remembered, memory
from sailbench.errors import DataError
from sailbench.rows import ADDRESS, Finder
from sailbench.types import Blob


@dataclass(frozen=True, slots=True)
class Locked:
    """A file as it was when it was pulled."""

    sha256: str
    size: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class TaskLock:
    """Files by their path under the cache's root, media by sample and place."""

    files: Mapping[str, Locked] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        files = (
            {"file": name, "sha256": own.sha256, "size": own.size, "url": own.url}
            for name, own in sorted(self.files.items())
        )
        lines = [*files, *({"media": name, "sha256": digest} for name, digest in self.media.items())]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str, path: Path) -> "TaskLock":
        files: dict[str, Locked] = {}
        media: dict[str, str] = {}
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                held: Any = json.loads(line)
                if "file" in held:
                    files[str(held["file"])] = Locked(str(held["sha256"]), int(held["size"]), str(held.get("url", "")))
                else:
                    media[str(held["media"])] = str(held["sha256"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise DataError(f"{path}:{number} is no line of a lock file; delete the file to pin anew") from error
        return cls(files, media)


def lock_path(root: Path, task: str) -> Path:
    return root / "locks" / f"{task.replace('/', '_').replace(':', '_')}.jsonl"


def read_lock(root: Path, task: str) -> TaskLock | None:
    """The lock of a task that was pulled, None of one that was not; DataError where it cannot be read."""
    path = lock_path(root, task)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text; delete it to pin anew"
        raise DataError(f"cannot read the lock file {path}: {why} (SAILBENCH_CACHE names another cache)") from error
    return TaskLock.parse(text, path)


def pulled_lock(root: Path, task: str, word: str = "") -> TaskLock:
    """The lock of a task that was pulled; DataError when it was not. `word` is what its user calls it."""
    lock = read_lock(root, task)
    if lock is None:
        raise DataError(f"{task} was not pulled here: `sailbench data pull {word or task}` fetches and locks it")
    return lock


def write_lock(root: Path, task: str, lock: TaskLock) -> None:
    path = lock_path(root, task)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(lock.text(), encoding="utf-8")
    part.replace(path)


def of_address(root: Path, url: str) -> Path:
    """Where the file of an address in a row is kept, once it was allowed to be fetched."""
    suffix = Path(url.split("?", 1)[0]).suffix.lower()
    return root / "urls" / (hashlib.sha256(url.encode()).hexdigest()[:32] + (suffix if suffix[1:].isalnum() else ""))


@dataclass(frozen=True, slots=True)
class Guard:
    """Stands between rows and the files that they name: digests that are remembered and compared with the lock."""

    root: Path
    remembered: Remembered
    files: Mapping[str, Locked]
    accepting: str

    @classmethod
    def of(cls, root: Path, task: str, accepting: str, accept: bool) -> "Guard":
        lock = None if accept else read_lock(root, task)
        return cls(root.absolute(), memory(root.absolute()), lock.files if lock else {}, accepting)

    def digest_of(self, path: str) -> str:
        """DataError when a file that was pulled is another now."""
        digest = self.remembered.of(path)
        if self.files:
            own = Path(path).absolute()
            first = self.files.get(str(own.relative_to(self.root))) if own.is_relative_to(self.root) else None
            if first is not None and digest and digest != first.sha256:
                raise DataError(
                    f"{path} changed since it was pulled: its sha256 was {first.sha256}, now it is {digest}; delete it "
                    f"and pull again, or take it as it is with {self.accepting}"
                )
        return digest

    def finding(self, find: Finder) -> Callable[[str], Path | Blob | None]:
        """The same finder, for addresses that were fetched as well."""

        def found(path: str) -> Path | Blob | None:
            if not ADDRESS.match(path):
                return find(path)
            own = of_address(self.root, path)
            return own if own.is_file() else None

        return found
