"""SAIL-VL2: a SAIL-ViT tower, a two-layer adapter and a Qwen3 language model, loading the official checkpoints.

Nothing here imports torch until `SailVL2` is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sailbench.models.sail.model import SailVL2

__all__ = ["SailVL2"]


def __getattr__(name: str) -> Any:
    if name != "SailVL2":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sailbench.models.sail.model import SailVL2

    return SailVL2
