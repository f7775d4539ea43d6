"""The machine: Python, the GPU and what torch sees of it, memory, and the disks that downloads go to."""

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sailbench.data.space import human
from sailbench.doctor.finding import Finding

OLDEST = (3, 11)
# Below this a model of 2 billion parameters in bfloat16, or its engine's start, is not to be hoped for.
LITTLE_MEMORY = 6 * 10**9
# What a handful of image benchmarks take; videos take ten times as much.
LITTLE_DISK = 20 * 10**9
DRIVER = Path("/proc/driver/nvidia/version")
CGROUP = Path("/sys/fs/cgroup")


def python(version: Sequence[int] = tuple(sys.version_info[:3])) -> Finding:
    said = f"{'.'.join(map(str, version))} on {platform.system()} {platform.machine()}"
    if tuple(version[:2]) < OLDEST:
        return Finding("python", "fail", said, f"install Python {'.'.join(map(str, OLDEST))} or newer")
    return Finding("python", "ok", said)


def torch_and_cuda(driver: Path = DRIVER) -> Iterator[Finding]:
    """torch is imported here and nowhere else, so that a broken one is one line of the report."""
    try:
        import torch
    except (ImportError, OSError) as error:
        said = f"cannot be imported: {' '.join(str(error).split())[:200]}"
        yield Finding("torch", "fail", said, "install it as https://pytorch.org/get-started says for this machine")
        return
    yield Finding("torch", "ok", f"{torch.__version__}, built for {_built_for(torch.version)}")
    try:
        yield from _cuda(torch, driver)
    except RuntimeError as error:
        said = f"does not start: {' '.join(str(error).split())[:200]}"
        yield Finding("cuda", "fail", said, "look at `nvidia-smi`, or pass --device cpu to run without it")


def _built_for(version: Any) -> str:
    if version.cuda:
        return f"CUDA {version.cuda}"
    hip = getattr(version, "hip", None)
    return f"ROCm {hip}" if hip else "the CPU alone"


def _cuda(torch: ModuleType, driver: Path) -> Iterator[Finding]:
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            own = torch.cuda.get_device_properties(number)
            free, total = torch.cuda.mem_get_info(number)
            said = f"cuda:{number} is {own.name}, compute {own.major}.{own.minor}, {human(free)} of {human(total)} free"
            busy = free < total / 2
            yield Finding("cuda", "warn" if busy else "ok", said, "another program holds the rest" if busy else "")
    elif driver.exists():
        todo = "install torch for CUDA (https://pytorch.org/get-started), or update the NVIDIA driver"
        yield Finding("cuda", "warn", "this machine has an NVIDIA driver, but torch sees no GPU", todo)
    else:
        yield Finding("cuda", "ok", "no GPU: models run on the CPU, or on a server (--model openai:NAME --url URL)")


def memory(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = CGROUP) -> Finding:
    total, free = _within(meminfo, cgroup)
    said = f"{human(free)} of {human(total)} free, {cores()} cores"
    if free < LITTLE_MEMORY:
        return Finding("memory", "warn", said, "enough for the small models; larger ones may be killed while they load")
    return Finding("memory", "ok", said)


def cores() -> int:
    own = getattr(os, "sched_getaffinity", None)
    return len(own(0)) if own else os.cpu_count() or 1


def room(device: str) -> tuple[int, str]:
    """The bytes that a model's weights may take, and where; of a GPU all of it, of the machine what is free."""
    import torch

    if device != "cpu" and torch.cuda.is_available():
        return torch.cuda.get_device_properties(0).total_memory, "the GPU"
    total, free = _within(Path("/proc/meminfo"), CGROUP)
    return min(total, free), "this machine's free memory"


def _within(meminfo: Path, cgroup: Path) -> tuple[int, int]:
    total, free = _memory(meminfo)
    limit = _limit(cgroup)
    return (limit[0], min(free, limit[1])) if limit is not None and limit[0] < total else (total, free)


def _memory(meminfo: Path) -> tuple[int, int]:
    """Total and free bytes; without Linux's own account, both are the total."""
    try:
        pairs = (line.split(":") for line in meminfo.read_text().splitlines())
        told = {name: int(amount.split()[0]) * 1024 for name, amount in pairs}
        return told["MemTotal"], told.get("MemAvailable", told["MemTotal"])
    except (OSError, ValueError, KeyError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return total, total


def _limit(cgroup: Path) -> tuple[int, int] | None:
    """What a container may use and what is left of it, where it is told so (cgroup version 2)."""
    try:
        most = int((cgroup / "memory.max").read_text())
        return most, most - int((cgroup / "memory.current").read_text())
    except (OSError, ValueError):  # "max", or no such file
        return None


def disks(places: Iterable[tuple[str, Path]]) -> Iterator[Finding]:
    for name, place in places:
        yield _disk(name, place.expanduser().absolute())


def _disk(name: str, place: Path) -> Finding:
    there = next(one for one in (place, *place.parents) if one.exists())
    said = f"{place}: {human(shutil.disk_usage(there).free)} free"
    if not there.is_dir():
        return Finding("disk", "fail", f"{there} is a file, so {place} cannot be made", f"set {name} to a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("disk", "warn", f"{said}, but {there} cannot be written", f"set {name} to download anything")
    if shutil.disk_usage(there).free < LITTLE_DISK:
        return Finding("disk", "warn", said, f"set {name} to a larger disk before pulling many benchmarks")
    return Finding("disk", "ok", said)
