"""What a checkpoint's config.json says of its architecture, checked once and never guessed.

The class defaults of the official code differ from the shipped values, so every number is read from the file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.errors import ModelError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, where preprocessor_config.json is absent

# What the language model's configuration must say, and what it may; anything else in llm_config is bookkeeping.
REQUIRED = {
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "rms_norm_eps",
}
ALLOWED = REQUIRED | {
    "hidden_act",
    "attention_bias",
    "use_sliding_window",
    "sliding_window",
    "max_window_layers",
    "layer_types",
    "num_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "norm_topk_prob",
    "decoder_sparse_step",
    "mlp_only_layers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionConfig:
    """The SAIL-ViT tower.

    `any_resolution` (a key of ours, false in every released checkpoint) makes an image one tile of its own size, at
    most `max_size` pixels a side; the position table is then interpolated to the image's grid of patches.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    image_size: int
    patch_size: int
    num_channels: int = 3
    rms_norm_eps: float = 1e-5
    qkv_bias: bool = False
    use_bias: bool = False
    any_resolution: bool = False
    max_size: int = 1792

    @property
    def grid(self) -> int:
        """Patches a side of the trained position table."""
        return self.image_size // self.patch_size


@dataclass(frozen=True, slots=True, kw_only=True)
class SailConfig:
    """A whole SAIL-VL2: the tower, how its patches are merged, and the language model's own numbers.

    `multi_scale` (a key of ours, true where it is absent) says whether a single image may be cut in two grids: a
    checkpoint that was never shown two is worse for it.
    """

    vision: VisionConfig
    language: Mapping[str, Any]
    mixture: bool
    rope: Mapping[str, Any]
    image_size: int
    merge: int
    ps_version: str
    select_layer: int
    tied: bool
    multi_scale: bool = True
    mean: tuple[float, ...] = field(default=MEAN)
    std: tuple[float, ...] = field(default=STD)

    @property
    def slots_per_tile(self) -> int:
        """Positions in the prompt that one tile fills: its patches after the merge."""
        return (self.image_size // self.vision.patch_size // self.merge) ** 2

    @property
    def unit(self) -> int:
        """The pixels a side that become one slot."""
        return self.vision.patch_size * self.merge

    @property
    def hidden_size(self) -> int:
        return int(self.language["hidden_size"])

    @property
    def max_positions(self) -> int:
        return int(self.language["max_position_embeddings"])

    @classmethod
    def load(cls, folder: Path) -> "SailConfig":
        """From config.json, and preprocessor_config.json for the colours where it is there."""
        colours = folder / "preprocessor_config.json"
        return cls.parse(read_json(folder / "config.json"), read_json(colours) if colours.exists() else {})

    @classmethod
    def parse(cls, config: Mapping[str, Any], colours: Mapping[str, Any] | None = None) -> "SailConfig":
        if config.get("model_type") != "sailvl":
            raise ModelError(f"config.json: model_type is {config.get('model_type')!r}, not 'sailvl'")
        try:
            return _parse(config, colours or {})
        except KeyError as error:
            raise ModelError(f"config.json lacks {error.args[0]!r}") from None
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise ModelError(f"config.json cannot be read as a SAIL-VL2: {error}") from None


def _parse(config: Mapping[str, Any], colours: Mapping[str, Any]) -> SailConfig:
    vision, language = config["vision_config"], config["llm_config"]
    kind = language["model_type"]
    if kind not in ("qwen3", "qwen3_moe"):
        raise ModelError(f"config.json: llm_config.model_type is {kind!r}; qwen3 and qwen3_moe are known")
    for name in sorted(REQUIRED):
        if not isinstance(language[name], int | float) or language[name] <= 0:
            raise ValueError(f"llm_config.{name} is {language[name]!r}")
    known = VisionConfig.__dataclass_fields__
    return SailConfig(
        vision=VisionConfig(**{name: value for name, value in vision.items() if name in known}),
        language={name: value for name, value in language.items() if name in ALLOWED},
        mixture=kind == "qwen3_moe",
        rope=_rope(language),
        image_size=int(config.get("force_image_size") or vision["image_size"]),
        merge=round(1 / float(config["downsample_ratio"])),
        ps_version=str(config["ps_version"]),
        select_layer=int(config["select_layer"]),
        tied=bool(language.get("tie_word_embeddings", False)),
        multi_scale=bool(config.get("multi_scale", True)),
        mean=tuple(colours.get("image_mean", MEAN)),
        std=tuple(colours.get("image_std", STD)),
    )


def _rope(language: Mapping[str, Any]) -> dict[str, Any]:
    """The rotary settings in the form that transformers 5 takes; files of version 4 spread them over two keys."""
    if "rope_parameters" in language:
        return dict(language["rope_parameters"])
    scaling = dict(language.get("rope_scaling") or {})
    kind = scaling.pop("type", "default")
    return {"rope_type": kind, **scaling, "rope_theta": float(language["rope_theta"])}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a checkpoint's file; one that is missing or broken is the user's to mend."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        lacks = f"{path.parent} has no {path.name}: not a SAIL-VL2 checkpoint, or an incomplete one"
        said = lacks if path.parent.is_dir() else f"there is no folder {path.parent}"
        todo = "give the folder that a checkpoint was saved to, or a name of `sailbench models`"
        raise ModelError(f"{said}; {todo}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object")
    return content
