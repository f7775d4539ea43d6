"""A coarser twin of a checkpoint: every weight matrix rounded to a few bits. It shows what a gate can tell apart.

Each matrix has one scale, that of its largest weight, on both sides of zero (symmetric, per tensor): coarser than what
one would ship, and the same wherever it is made. Norms and biases stay, as in every weight quantisation.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.models import catalogue, folders
from sailbench.models.export import checked

if TYPE_CHECKING:
    from torch import Tensor


def degrade(source: str | Path, target: Path, bits: int) -> int:
    """Write the twin to a folder that is not there yet; it appears whole or not at all. Gives how many were rounded.

    Names, files, dtypes and everything besides weights are those of the source.

    Raises:
        ModelError: the source is no SAIL-VL2 or incomplete, or the target exists or cannot be written.
    """
    from sailbench.models.sail.config import SailConfig, read_json

    folder = catalogue.locate(source)
    _, tensors = checked(folder, SailConfig.parse(read_json(folder / "config.json")))
    with folders.new(target) as unfinished:
        _copy_rest(folder, unfinished)
        return sum(_write(path, unfinished / path.name, bits) for path in sorted({t.file for t in tensors.values()}))


def _copy_rest(folder: Path, target: Path) -> None:
    for path in folder.iterdir():
        if path.is_file() and path.suffix != ".safetensors" and not path.name.startswith("."):
            shutil.copyfile(path, target / path.name)


def _write(path: Path, target: Path, bits: int) -> int:
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {"format": "pt"}
        held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (the reader is no mapping)
    matrices = [name for name, tensor in held.items() if tensor.ndim > 1 and tensor.is_floating_point()]
    save_file(held | {name: rounded(held[name], bits) for name in matrices}, target, metadata=metadata)
    return len(matrices)


def rounded(tensor: "Tensor", bits: int) -> "Tensor":
    """The tensor with its values at the nearest of 2 ** bits - 1 even steps between its largest and the opposite."""
    import torch

    steps = 2 ** (bits - 1) - 1
    exact = tensor.to(torch.float32)
    scale = exact.abs().max() / steps
    return tensor if scale == 0 else (torch.round(exact / scale) * scale).to(tensor.dtype).contiguous()
