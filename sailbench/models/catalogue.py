"""The models that have a name: the SAIL-VL2 family with its full configurations, where each lies, how it is asked.

Anything else is a folder or a hub id. Listing imports no torch and touches no network.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.errors import ModelError, did_you_mean

# The longest answers in VLMEvalKit's configuration of this family (vlmeval/config.py, sail_series).
DIRECT_TOKENS, THINKING_TOKENS = 1024, 4096
RANDOM = "sailvl2-random"
BUNDLED = Path(__file__).parent  # the folders of the checkpoints that come with the package lie here
# What is fetched of a hub repository: never code, never pickled weights.
WANTED = ("*.json", "*.txt", "*.jinja", "*.safetensors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model's name, what it is, how it is asked, and where its weights are: in which hub repository, or in which
    folder beside this file where they come with the package; both are "" for weights that are not to be had.
    """

    name: str
    about: str
    hub: str = ""
    bundled: str = ""
    thinking: bool | None = False  # None: as each task asks for
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def max_tokens(self) -> int:
        """The longest answer unless told otherwise."""
        return THINKING_TOKENS if self.thinking else DIRECT_TOKENS


VISION: Mapping[str, Any] = {
    "model_type": "sailvit",
    "hidden_size": 1536,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 12,
    "image_size": 448,
    "patch_size": 14,
    "num_channels": 3,
    "rms_norm_eps": 1e-5,
    "qkv_bias": False,
    "use_bias": False,
}
QWEN3: Mapping[str, Any] = {
    "model_type": "qwen3",
    "head_dim": 128,
    "vocab_size": 151936,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000,
    "max_position_embeddings": 40960,
    "attention_bias": False,
    "hidden_act": "silu",
}


def configuration(language: Mapping[str, Any], **vision: Any) -> Mapping[str, Any]:
    """A config.json in the official keys."""
    return {
        "model_type": "sailvl",
        "architectures": ["SAILVLModel"],
        "downsample_ratio": 0.5,
        "ps_version": "v2",
        "select_layer": -1,
        "force_image_size": vision.get("image_size", VISION["image_size"]),
        "dynamic_image_size": True,
        "use_thumbnail": True,
        "min_dynamic_patch": 1,
        "max_dynamic_patch": 12,
        "template": "univl-chat",
        "torch_dtype": "bfloat16",
        "vision_config": {**VISION, **vision},
        "llm_config": {**QWEN3, **language},
    }


def _language(hidden: int, inner: int, layers: int, heads: int, **more: Any) -> Mapping[str, Any]:
    sizes = {"hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers}
    return {**sizes, "num_attention_heads": heads, "num_key_value_heads": 8, **more}


LANGUAGE_06B = _language(1024, 3072, 28, 16, tie_word_embeddings=True)
LANGUAGE_17B = _language(2048, 6144, 28, 16, tie_word_embeddings=True)
LANGUAGE_8B = _language(4096, 12288, 36, 32, tie_word_embeddings=False)
LANGUAGE_30B_A3B = {
    **_language(2048, 6144, 48, 32, tie_word_embeddings=False),
    "model_type": "qwen3_moe",
    "num_key_value_heads": 4,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 768,
    "norm_topk_prob": True,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
}

_HUB = "BytedanceDouyinContent/SAIL-VL2-"
_ENTRIES = (
    Entry(
        name="sailvl2-1b",
        about="SAIL-VL2-1B: SAIL-ViT-Huge and Qwen3-0.6B; weights never released",
        config=configuration(LANGUAGE_06B),
    ),
    Entry(
        name="sailvl2-2b",
        about="SAIL-VL2-2B: SAIL-ViT-Huge and Qwen3-1.7B",
        hub=_HUB + "2B",
        config=configuration(LANGUAGE_17B),
    ),
    Entry(
        name="sailvl2-8b",
        about="SAIL-VL2-8B: SAIL-ViT-Huge and Qwen3-8B",
        hub=_HUB + "8B",
        config=configuration(LANGUAGE_8B),
    ),
    Entry(
        name="sailvl2-30b-a3b",
        about="SAIL-VL2-30B-A3B: SAIL-ViT-Huge and Qwen3-30B-A3B, a mixture of 128 experts; weights never released",
        config=configuration(LANGUAGE_30B_A3B),
    ),
    Entry(
        name="sailvl2-2b-thinking",
        about="SAIL-VL2-2B-Thinking: the 2B, asked to reason first",
        hub=_HUB + "2B-Thinking",
        thinking=True,
        config=configuration(LANGUAGE_17B),
    ),
    Entry(
        name="sailvl2-8b-thinking",
        about="SAIL-VL2-8B-Thinking: the 8B, asked to reason first",
        hub=_HUB + "8B-Thinking",
        thinking=True,
        config=configuration(LANGUAGE_8B),
    ),
    Entry(
        name="sailvl2-30b-a3b-thinking",
        about="SAIL-VL2-30B-A3B-Thinking: the mixture of experts, asked to reason first; weights never released",
        thinking=True,
        config=configuration(LANGUAGE_30B_A3B),
    ),
    Entry(
        name="sailvl2-anyres-2b",
        about="SAIL-VL2-AnyRes-2B: images at their own size up to 1792x1792; weights never released",
        config=configuration(LANGUAGE_17B, any_resolution=True, max_size=1792),
    ),
    Entry(
        name="sailvl2-nano",
        about="a small SAIL-VL2 that comes with the package, trained on drawn pictures: answers @smoke, on any machine",
        bundled="nano",
        thinking=None,
    ),
    Entry(
        name=RANDOM,
        about="a small SAIL-VL2 with random weights, made on first use: answers nonsense, for demos and tests",
    ),
)
ENTRIES: Mapping[str, Entry] = {each.name: each for each in _ENTRIES}


def entry(source: str | Path) -> Entry | None:
    """The entry of a name; None for a folder, a hub id or anything else."""
    return ENTRIES.get(str(source))


def display_name(source: str | Path) -> str:
    """What a model is called in results: its name here, or the last part of its folder or hub id."""
    text = str(source)
    if text in ENTRIES:
        return text
    return Path(text).expanduser().resolve().name if _is_folder(text) else text.rpartition("/")[2]


def locate(source: str | Path, offline: bool = False) -> Path:
    """The folder of a model's checkpoint: a folder as it is, anything on the hub fetched into the hub's cache.

    Raises:
        ModelError: an unknown name, weights that were never released or did not come along with the package, or a hub
            that cannot be reached.
    """
    check(source)
    text = str(source)
    if text == RANDOM:
        return _random()
    found = entry(text)
    if found is None and _is_folder(text):
        return Path(text).expanduser()
    if found and found.bundled:
        return BUNDLED / found.bundled
    return _fetch(found.hub if found else text, offline)


def check(source: str | Path) -> None:
    """Raise ModelError, before anything is fetched, for a name that no weights stand behind."""
    text = str(source)
    found = entry(text)
    if found and found.bundled:
        _check_bundled(BUNDLED / found.bundled, text)
    elif found and not found.hub and text != RANDOM:
        raise ModelError(f"the weights of {text} were never released; pass a folder that holds them instead")
    if not found and not _is_folder(text) and not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise ModelError(f"there is no model {text!r}{did_you_mean(text.lower(), ENTRIES)}")


def _check_bundled(folder: Path, name: str) -> None:
    missing = [file for file in ("config.json", "model.safetensors") if not (folder / file).is_file()]
    if missing:
        raise ModelError(f"{folder} has no {' and no '.join(missing)}: install sailbench anew to have {name}")


def _is_folder(text: str) -> bool:
    return Path(text).is_dir() or text.startswith((".", "/", "~"))


def _fetch(hub: str, offline: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(hub, allow_patterns=list(WANTED), local_files_only=offline))
    except (OSError, HfHubHTTPError, HFValidationError) as error:
        why = str(error).strip().partition("\n")[0].partition(". ")[0]
        raise ModelError(f"{hub} is not in the hub's cache and cannot be fetched: {why}") from None


def _random() -> Path:
    """The random model's folder, written when it is not there yet."""
    from sailbench.models.sail import tiny

    cache = Path(os.environ.get("SAILBENCH_CACHE") or Path.home() / ".cache" / "sailbench")
    folder = cache / f"{RANDOM}-{tiny.VERSION}"
    try:
        if not folder.exists():
            tiny.write(folder)
    except OSError as error:
        if not folder.exists():  # else another process was quicker
            raise ModelError(f"{folder} cannot be written: {error}; set SAILBENCH_CACHE to another folder") from None
    return folder


def listing() -> list[dict[str, Any]]:
    """Every entry as plain values, without its configuration."""
    return [
        {
            "name": e.name,
            "about": e.about,
            "hub": e.hub,
            "bundled": bool(e.bundled),
            "thinking": e.thinking,
            "max_tokens": e.max_tokens,
        }
        for e in ENTRIES.values()
    ]


def lines() -> list[str]:
    """Every entry on a line of text."""
    width = max(len(name) for name in ENTRIES)
    return [f"{e.name:{width}}  {e.about}" for e in ENTRIES.values()]
