"""Room on disks: sizes as people say them, and what is told before more is written than there is room for."""

import shutil
from pathlib import Path

from sailbench.errors import DataError


def human(size: float) -> str:
    """A size as people say it, in decimal units."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} bytes"


def free_bytes(place: Path) -> int:
    """What is free on the disk that a folder is on, or would be."""
    there = next(one for one in (place.absolute(), *place.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free


def check_room(what: str, size: int, place: Path, todo: str) -> int:
    """The free bytes; DataError when `size` is more than those, and what to do then."""
    free = free_bytes(place)
    if size > free:
        raise DataError(f"{what} takes {human(size)}, but {place} has {human(free)} free; {todo}")
    return free
