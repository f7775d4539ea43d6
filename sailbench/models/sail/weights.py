"""Reading a checkpoint: safetensors only, every name checked before any weight is read, each used exactly once."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sailbench.errors import ModelError
from sailbench.models.sail.config import read_json
from sailbench.models.sail.network import Network

HEAD = "language_model.lm_head.weight"
INDEX = "model.safetensors.index.json"
STORED = {"F64", "F32", "F16", "BF16"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stored tensor goes: a parameter, or for an expert's tensor the rows from `row` on of the fused one."""

    parameter: str
    shape: tuple[int, ...]
    expert: int | None = None
    row: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    file: Path
    shape: tuple[int, ...]
    dtype: str


def layout(network: nn.Module) -> dict[str, Place]:
    """The released names and shapes of a network's tensors.

    transformers 5 fuses a layer's experts: gate_up_proj [E, 2I, H], gate rows first, and down_proj [E, H, I].
    """
    places: dict[str, Place] = {}
    for name, parameter in network.named_parameters():
        shape = tuple(parameter.shape)
        stem, _, last = name.rpartition(".")
        if not stem.endswith(".experts"):
            places[name] = Place(name, shape)
            continue
        for expert in range(shape[0]):
            for projection, row, rows in _fused(last, shape[1]):
                places[f"{stem}.{expert}.{projection}.weight"] = Place(name, (rows, shape[2]), expert, row)
    return places


def _fused(name: str, rows: int) -> list[tuple[str, int, int]]:
    """What a fused parameter is made of: name, first row, rows."""
    if name == "gate_up_proj":
        return [("gate_proj", 0, rows // 2), ("up_proj", rows // 2, rows // 2)]
    return [(name, 0, rows)]


def stored(folder: Path) -> dict[str, Stored]:
    """Every tensor of a checkpoint folder with its shape, from the files' headers."""
    index = folder / INDEX
    listed = _weight_map(index) if index.exists() else {}
    tensors: dict[str, Stored] = {}
    for path in _shards(folder, listed):
        with _opened(path) as file:
            for name in file.keys():  # noqa: SIM118 (the reader is no mapping)
                if name in tensors:
                    raise ModelError(f"{folder}: tensor {name} is in both {tensors[name].file.name} and {path.name}")
                part = file.get_slice(name)
                tensors[name] = Stored(path, tuple(part.get_shape()), part.get_dtype())
    for name, shard in listed.items():
        if name not in tensors:
            raise ModelError(f"{folder}: {INDEX} places tensor {name} in {shard}, which does not hold it")
    return tensors


def _weight_map(index: Path) -> dict[str, str]:
    listed = read_json(index).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(shard, str) for shard in listed.values()):
        raise ModelError(f"{index} has no weight_map of tensors to files")
    return listed


def _shards(folder: Path, listed: Mapping[str, str]) -> list[Path]:
    names = sorted(set(listed.values()))
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(f"{folder}: {INDEX} names {name!r}, which is no safetensors file of this folder")
        if not (folder / name).exists():
            raise ModelError(f"{folder} lacks the shard {name} that {INDEX} names")
    whole = folder / "model.safetensors"
    found = [folder / name for name in names or ([whole.name] if whole.exists() else [])]
    found = found or sorted(folder.glob("*.safetensors"))
    if not found:
        pickled = sorted(path.name for suffix in ("bin", "pt", "pth", "ckpt") for path in folder.glob(f"*.{suffix}"))
        why = f"only {pickled[0]}, and pickled weights are never opened; convert them" if pickled else "no weights"
        raise ModelError(f"{folder} holds {why}: model.safetensors is needed")
    return found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} is damaged or cut short: {error}") from None


def check(folder: Path, places: Mapping[str, Place], tensors: Mapping[str, Stored]) -> None:
    """Raises in one line for tensors that are missing, unexpected, of another shape or of a type that is no float."""
    faults = [
        _fault("lacks tensor", (name for name in places if name not in tensors)),
        _fault("has the unexpected tensor", (name for name in tensors if name not in places)),
        _fault("has the wrong shape in tensor", _misshapen(places, tensors)),
        _fault("has no floating-point numbers in tensor", (n for n, t in tensors.items() if t.dtype not in STORED)),
    ]
    if any(faults):
        raise ModelError(f"{folder} " + "; ".join(fault for fault in faults if fault))


def _misshapen(places: Mapping[str, Place], tensors: Mapping[str, Stored]) -> Iterator[str]:
    for name, place in places.items():
        if name in tensors and tensors[name].shape != place.shape:
            yield f"{name} {list(tensors[name].shape)} (expected {list(place.shape)})"


def _fault(what: str, names: Iterable[str]) -> str:
    """The first of the names in their natural order, and how many more there are."""
    ordered = sorted(names, key=lambda name: [part.zfill(9) for part in re.split(r"(\d+)", name)])
    more = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    return f"{what} {ordered[0]}{more}" if ordered else ""


def fill(network: Network, folder: Path, device: torch.device, dtype: torch.dtype) -> list[Path]:
    """Give an empty network the weights of a folder, tensor by tensor, so that memory never holds them twice.

    Returns the files that were read.

    A stored head is used even where the configuration says that it is tied to the embedding, as the official loader
    does; the embedding serves as the head only where none is stored.
    """
    places, tensors = layout(network), stored(folder)
    tied = network.config.tied and HEAD not in tensors
    if tied:
        del places[HEAD]
    check(folder, places, tensors)
    shards = sorted({tensor.file for tensor in tensors.values()})
    for path in shards:
        with _opened(path) as file:
            for name in file.keys():  # noqa: SIM118 (the reader is no mapping)
                _put(network, places[name], file.get_tensor(name).to(device, dtype))
    if tied:
        network.language_model.lm_head.weight = network.language_model.get_input_embeddings().weight
    return shards


def _put(network: nn.Module, place: Place, tensor: Tensor) -> None:
    owner = network.get_submodule(place.parameter.rpartition(".")[0])
    last = place.parameter.rpartition(".")[2]
    if place.expert is not None:
        fused = owner.get_parameter(last)
        if fused.is_meta:
            fused = nn.Parameter(torch.empty_like(fused, device=tensor.device, dtype=tensor.dtype), requires_grad=False)
            setattr(owner, last, fused)
        fused[place.expert, place.row : place.row + place.shape[0]] = tensor
        return
    setattr(owner, last, nn.Parameter(tensor, requires_grad=False))


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files, wherever they lie."""
    whole = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.name):
        with path.open("rb") as file:
            whole.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
