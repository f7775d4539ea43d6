"""Where a model's weights lie and in which type, told from what the user asked for."""

from typing import TYPE_CHECKING

from sailbench.errors import ModelError

if TYPE_CHECKING:
    import torch

KINDS = ("float32", "float16", "bfloat16")


def placed(device: str, dtype: str) -> "tuple[torch.device, torch.dtype]":
    """ "auto" is a GPU where there is one, and bfloat16 on it."""
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(f"device {device!r} was asked for, but this machine has no CUDA device; use cpu")
    if dtype == "auto":
        dtype = "bfloat16" if device.startswith("cuda") else "float32"
    if dtype not in KINDS:
        raise ModelError(f"dtype {dtype!r} is not known; use {' or '.join(KINDS)}")
    try:
        return torch.device(device), getattr(torch, dtype)
    except RuntimeError:
        raise ModelError(f"device {device!r} is not known; use cpu, cuda or cuda:N") from None
