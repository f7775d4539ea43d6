"""What GPUs can do at most, by their makers' data sheets: dense BF16 arithmetic, memory bandwidth, memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from sailbench.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """Peaks in FLOP/s, bytes/s and bytes. `told` is how drivers name it, as a results folder's `hardware` does."""

    name: str
    flops: float
    bandwidth: float
    memory: float
    told: str
    source: str


_NVIDIA = "NVIDIA data sheet; sparse peak halved"
_GPUS = (
    Gpu(name="h100", flops=989e12, bandwidth=3.35e12, memory=80e9, told="h100 80gb", source=f"H100 SXM, {_NVIDIA}"),
    Gpu(name="h200", flops=989e12, bandwidth=4.8e12, memory=141e9, told="h200", source=f"H200 SXM, {_NVIDIA}"),
    Gpu(name="b200", flops=2250e12, bandwidth=8e12, memory=180e9, told="b200", source=f"HGX B200, {_NVIDIA}"),
    Gpu(
        name="a100",
        flops=312e12,
        bandwidth=2.039e12,
        memory=80e9,
        told="a100-sxm4-80gb",
        source="A100 80GB SXM, NVIDIA data sheet",
    ),
    Gpu(name="l40s", flops=362e12, bandwidth=864e9, memory=48e9, told="l40s", source="L40S, NVIDIA data sheet"),
    Gpu(name="l4", flops=121e12, bandwidth=300e9, memory=24e9, told="nvidia l4", source=f"L4, {_NVIDIA}"),
    Gpu(name="a10", flops=125e12, bandwidth=600e9, memory=24e9, told="nvidia a10", source="A10, NVIDIA data sheet"),
    Gpu(name="mi300x", flops=1307e12, bandwidth=5.3e12, memory=192e9, told="mi300x", source="MI300X, AMD data sheet"),
)
GPUS: Mapping[str, Gpu] = {gpu.name: gpu for gpu in _GPUS}


def find(name: str) -> Gpu:
    if name.lower() not in GPUS:
        hint = f"{did_you_mean(name.lower(), GPUS)} (known: {', '.join(GPUS)})"
        raise UsageError(f"no data sheet of a GPU {name!r} is known here{hint}")
    return GPUS[name.lower()]
