"""VLMEvalKit's folder of data, `LMUData`: its TSV files taken into the cache, with the images that they name by path.

A file is known by its published name or MD5, since the toolkit calls some files by another name than their address. Of
large files it keeps a copy without images, `NAME_local.tsv`, and the images in `images/`
(open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/image_base.py).
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sailbench.data import Places, Sourced, published_tsvs
from sailbench.data.delimited import Delimited
from sailbench.data.download import Digests, pieces
from sailbench.data.space import check_room
from sailbench.errors import DataError
from sailbench.rows import Tsv

LOCAL = "_local.tsv"


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken into the cache, for a task."""

    task: str
    name: str
    size: int
    images: int = 0


class Shelf:
    """The TSV files of an `LMUData` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {one.name: one for one in sorted(folder.glob("*.tsv"))}
        self._md5s: dict[str, Path] | None = None

    def find(self, tsv: Tsv) -> Path | None:
        """By name, else by digest, else the copy without images."""
        if tsv.name in self.files:
            return self.files[tsv.name]
        if tsv.md5:
            if self._md5s is None:
                whole = [one for one in self.files.values() if not one.name.endswith(LOCAL)]
                self._md5s = {Digests.of(one).md5: one for one in whole}
            if tsv.md5 in self._md5s:
                return self._md5s[tsv.md5]
        return self.files.get(tsv.name.removesuffix(".tsv") + LOCAL)


def take(folder: Path, tasks: Sequence[Sourced], places: Places) -> Iterator[Taken]:
    """Copy what the folder has of these tasks' files; a file that is not what was published is an error."""
    shelf = Shelf(folder)
    if not shelf.files:
        raise DataError(f"{folder} holds no TSV files; give VLMEvalKit's LMUData folder (by default ~/LMUData)")
    for task in tasks:
        for own in published_tsvs(task.sources):
            found = shelf.find(own[0])
            if found is not None:
                yield _take(found, own[0], task.name, places)


def _take(found: Path, tsv: Tsv, task: str, places: Places) -> Taken:
    local = found.name.endswith(LOCAL)
    tsvs = places.tsvs(task)
    if local:  # its digest is nobody's: the toolkit wrote it
        tsvs.net = replace(tsvs.net, accept=True)
    size = found.stat().st_size
    check_room(str(found), size, places.root, "free space, or set SAILBENCH_CACHE to a larger disk")
    if not tsvs.has(tsv):
        tsvs.folder.mkdir(parents=True, exist_ok=True)
        part = tsvs.path(tsv).with_name(tsv.name + ".part")
        tsvs.adopt(tsv, part, _copied(found, part))
    return Taken(task, tsv.name, size, _images(found, tsvs.path(tsv), tsvs.folder))


def _copied(source: Path, target: Path) -> Digests:
    digests = Digests()
    with target.open("wb") as file:
        for piece in pieces(source):
            file.write(piece)
            digests.add(piece)
    return digests


def _images(found: Path, table: Path, into: Path) -> int:
    """The images that rows name by path and that the file does not hold itself."""
    first = next(iter(Delimited(table)), {})
    if "image_path" not in first or "image" in first:
        return 0
    name = found.name.removesuffix(LOCAL).removesuffix(".tsv")
    for folder in (found.parent / "images" / name, found.parent / "images" / name.split("_", 1)[0]):
        if folder.is_dir():
            # Links are not followed: what they lead to is not the folder's.
            shutil.copytree(folder, into / "images" / folder.name, symlinks=True, dirs_exist_ok=True)
            return sum(1 for one in folder.rglob("*") if one.is_file())
    return 0
