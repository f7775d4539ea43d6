"""A small SAIL-VL2 with random weights in the official layout: the same files and names as the real one, in a second.

Its tokenizer knows bytes and the official added tokens, nothing else. Equal seeds give equal files.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sailbench.models import folders
from sailbench.models.sail.config import MEAN, STD, SailConfig
from sailbench.models.sail.network import Network
from sailbench.models.sail.weights import HEAD, INDEX, layout

VERSION = 1  # part of the cached folder's name: raised when what is written changes

FRAMING = [
    "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
    "<|video_pad|>",
]  # fmt: skip
PLAIN = [
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
]  # fmt: skip
VISUAL = ["<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>"]
PAD = "<|endoftext|>"
ADDED = [PAD, *FRAMING, *PLAIN, *VISUAL]  # in the order of the official ids


def write(
    folder: Path, seed: int = 0, moe: bool = False, shards: int = 1, changes: Mapping[str, Any] | None = None
) -> None:
    """Write a checkpoint to a folder that is not there yet; it appears whole or not at all.

    `changes` are put into config.json, those of "vision_config" and "llm_config" one by one; with
    tie_word_embeddings in llm_config no head is stored.
    """
    config = _config(moe, changes or {})
    with folders.whole(Path(folder)) as unfinished:
        write_settings(unfinished, config)
        _write_tokenizer(unfinished)
        _write_weights(unfinished, SailConfig.parse(config), seed, shards)


def write_settings(folder: Path, config: Mapping[str, Any]) -> None:
    """The configuration's files."""
    write_json(folder / "config.json", config)
    write_json(folder / "preprocessor_config.json", {"image_mean": MEAN, "image_std": STD, "use_msac": False})
    write_json(folder / "generation_config.json", {"_from_model_config": True})


def _config(moe: bool, changes: Mapping[str, Any]) -> dict[str, Any]:
    language: dict[str, Any] = {
        "model_type": "qwen3_moe" if moe else "qwen3",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "vocab_size": 256 + len(ADDED),
        "rms_norm_eps": 1e-6,
        "rope_theta": 1000000,
        "max_position_embeddings": 40960,
        "tie_word_embeddings": False,
    }
    if moe:
        language |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "norm_topk_prob": True}
    vision = {
        "model_type": "sailvit",
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 112,
        "patch_size": 14,
    }
    whole: dict[str, Any] = {
        "model_type": "sailvl",
        "architectures": ["SAILVLModel"],
        "downsample_ratio": 0.5,
        "ps_version": "v2",
        "select_layer": -1,
        "template": "univl-chat",
        "torch_dtype": "bfloat16",
        **changes,
    }
    whole["vision_config"] = vision | dict(changes.get("vision_config", {}))
    whole["llm_config"] = language | dict(changes.get("llm_config", {}))
    whole["force_image_size"] = whole["vision_config"]["image_size"]
    return whole


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_tokenizer(folder: Path) -> None:
    """vocab.json spells bytes in the usual 256 printable characters; there are no merges."""
    write_json(folder / "vocab.json", {character: i for i, character in enumerate(_byte_characters())})
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    write_added(folder, 256)


def write_added(folder: Path, first: int) -> None:
    """The files of the official added tokens, whose ids follow those of a vocabulary of `first` tokens."""
    ids = {text: first + i for i, text in enumerate(ADDED)}
    names = {"additional_special_tokens": FRAMING, "eos_token": "<|im_end|>", "pad_token": PAD}
    decoder = {str(i): {"content": text, "special": text not in PLAIN} for text, i in ids.items()}
    write_json(folder / "added_tokens.json", ids)
    write_json(folder / "special_tokens_map.json", names)
    settings = {"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": decoder, **names}
    write_json(folder / "tokenizer_config.json", settings)


def _byte_characters() -> list[str]:
    """Byte-level BPE's alphabet: printable bytes stand for themselves, the others for characters from 256 on."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


def _write_weights(folder: Path, config: SailConfig, seed: int, shards: int) -> None:
    from safetensors.torch import save_file

    generator = np.random.Generator(np.random.PCG64(seed))  # the same on every machine, unlike torch's
    places = layout(Network.empty(config))
    names = sorted(name for name in places if not (config.tied and name == HEAD))
    tensors = {name: _random(name, places[name].shape, generator) for name in names}
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map: dict[str, str] = {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[i::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    write_json(folder / INDEX, {"metadata": {"total_size": size}, "weight_map": weight_map})


def _random(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> Tensor:
    """Norm weights near one, the rest scaled to keep signals of unit size through the layers."""
    noise = torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))
    if len(shape) == 1:
        values = 0.1 * noise if name.endswith(".bias") else 1 + 0.1 * noise
    elif "embed" in name:
        values = noise if "tokens" in name else 0.3 * noise
    else:
        values = noise / noise[0].numel() ** 0.5
    return values.to(torch.bfloat16)
