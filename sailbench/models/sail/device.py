"""What the engine asks of the device it runs on: numbers sent there, memory that is free, and whether that ran out."""

import os
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

# How out of memory is said beside torch.OutOfMemoryError: by the CPU's allocator, by CUDA outside torch's own cache
# (recordings, pinned memory), and by libraries that could not set themselves up.
RAN_OUT = ("allocate memory", "out of memory", "ALLOC_FAILED")


def made_ready(device: torch.device, dtype: torch.dtype) -> None:
    """Settings of the process for a model there."""
    if device.type != "cuda":
        return
    if device.index is not None:  # a stream, a graph or a wait that names no device is of the current one
        torch.cuda.set_device(device)
    # cuDNN's attention plans anew for every length, in tens of milliseconds; nearly every step has a new one.
    torch.backends.cuda.enable_cudnn_sdp(False)
    if dtype == torch.float32:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def sent(numbers: Sequence[Any] | Tensor, device: torch.device) -> Tensor:
    """A tensor, or whole numbers, on the device, which goes on computing meanwhile: only pinned copies do not wait."""
    own = numbers if isinstance(numbers, Tensor) else torch.tensor(numbers, dtype=torch.long)
    # torch gives pinned memory to somebody else only when the copies from it are done.
    return own.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else own.to(device)


def free_bytes(device: torch.device) -> int:
    """Memory that nobody uses: the GPU's, with what torch holds ready for this process; or the machine's."""
    if device.type == "cuda":
        ready = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + ready)
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(said in str(error) for said in RAN_OUT)


def finish() -> None:
    """Wait for what the GPU of this process has been given; a process without one, a fork above all, asks none."""
    if _used():
        torch.cuda.synchronize()


def give_back() -> None:
    """Give the GPU the memory that torch holds ready."""
    if _used():
        torch.cuda.empty_cache()


def _used() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
