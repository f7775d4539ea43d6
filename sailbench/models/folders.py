"""What a checkpoint's folder is, by what it holds; how one comes to be; where an exported language model is kept."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sailbench.errors import ModelError
from sailbench.models import catalogue


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """A folder to write into, beside the target, whose name it takes at the end; an error leaves nothing behind."""
    unfinished = target.with_name(f"{target.name}.unfinished-{os.getpid()}")
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def new(target: Path) -> Iterator[Path]:
    """As `whole`, for a target that a user named. Raises ModelError where it exists or cannot be written."""
    if target.exists():
        raise ModelError(f"{target} exists already; name a folder that does not")
    try:
        with whole(target) as unfinished:
            yield unfinished
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror or error}") from None


def is_sail(folder: Path) -> bool:
    """Whether the checkpoint is a SAIL-VL2."""
    from sailbench.models.sail.config import read_json

    return read_json(folder / "config.json").get("model_type") == "sailvl"


def files(folder: Path) -> list[Path]:
    """What of a folder can shape an answer."""
    return [path for pattern in catalogue.WANTED for path in folder.glob(pattern)]


def fingerprint(folder: Path) -> str:
    from sailbench.models.sail.weights import fingerprint as of

    return of(files(folder))


def language_of(folder: Path, identity: str) -> Path:
    """The language model of a SAIL-VL2 as a checkpoint of its own, written into the cache when it is not there yet."""
    from sailbench.models.export import export

    cache = Path(os.environ.get("SAILBENCH_CACHE") or Path.home() / ".cache" / "sailbench")
    target = cache / "language" / identity.split(":")[1][:32]
    try:
        if not target.exists():
            export(folder, target)
    except ModelError:
        if not target.exists():  # else another process was quicker
            raise
    return target
