"""Model soup: the plain mean of several checkpoints of one shape, of one run or of runs with a common start."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from sailbench.errors import ModelError
from sailbench.models import folders

# Files that say what weights mean: where they differ, the weights have nothing in common.
MEANING = ("config.json", "vocab.json", "merges.txt", "added_tokens.json")


def mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor over the states, computed in float32, in the type of the first.

    Raises:
        ModelError: there are fewer than two, or they differ in names, shapes, or in tensors that are no real numbers.
    """
    if len(states) < 2:
        raise ModelError(f"a soup is made of two checkpoints or more, not of {len(states)}")
    first = states[0]
    for other in states[1:]:
        _check(first, other)
    return {name: _mean([state[name] for state in states]) for name in first}


def _check(first: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    if odd := sorted(first.keys() ^ other.keys()):
        raise ModelError(f"only one of two checkpoints has {', '.join(odd[:3])}: they are not of one shape")
    for name, tensor in first.items():
        if tensor.shape != other[name].shape:
            raise ModelError(
                f"{name} is {tuple(tensor.shape)} in one checkpoint, {tuple(other[name].shape)} in another"
            )
        if tensor.dtype != other[name].dtype:
            raise ModelError(f"{name} is not of one type: {tensor.dtype} and {other[name].dtype}")
        if not tensor.is_floating_point() and not torch.equal(tensor, other[name]):
            raise ModelError(f"{name} holds no real numbers and differs between the checkpoints")


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    first = tensors[0]
    if not first.is_floating_point():
        return first.clone()
    return torch.stack([tensor.float() for tensor in tensors]).mean(0).to(first.dtype)


def write(sources: Sequence[Path], target: Path) -> None:
    """A checkpoint folder of the mean weights; everything else is the first folder's. It appears whole or not at all.

    Raises:
        ModelError: the target exists, or the checkpoints are not of one shape, configuration and tokenizer.
    """
    _check_meaning(sources)
    with folders.new(target) as unfinished:
        for path in sorted(sources[0].iterdir()):
            if path.suffix == ".safetensors":
                _write([source / path.name for source in sources], unfinished / path.name)
            elif path.is_file():
                shutil.copyfile(path, unfinished / path.name)


def _check_meaning(sources: Sequence[Path]) -> None:
    for name in MEANING:
        if len({path.read_bytes() if path.exists() else b"" for path in (source / name for source in sources)}) > 1:
            raise ModelError(f"{name} is not the same in all checkpoints: their weights cannot be averaged")
    if len({tuple(sorted(path.name for path in source.glob("*.safetensors"))) for source in sources}) > 1:
        raise ModelError("the checkpoints keep their weights in differently named files")


def _write(paths: Sequence[Path], target: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_file(mean([load_file(path) for path in paths]), target, metadata={"format": "pt"})
