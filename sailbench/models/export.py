"""SAIL-VL2's language model as a plain Qwen3 or Qwen3-MoE checkpoint, which transformers, lmdeploy and vLLM load.

Tensors are copied as they are stored, a file at a time, so that memory never holds more than one file.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sailbench.models import catalogue, folders

if TYPE_CHECKING:
    from sailbench.models.sail.config import SailConfig
    from sailbench.models.sail.network import Network
    from sailbench.models.sail.weights import Stored

INSIDE = "language_model."
HEAD = "lm_head.weight"
FILE_BYTES = 5_000_000_000
WORDS = ("vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json")
KINDS = {"qwen3": "Qwen3ForCausalLM", "qwen3_moe": "Qwen3MoeForCausalLM"}
# Bookkeeping of the language model's configuration that stays; the rest is what every configuration of old carried.
KEPT = ("rope_theta", "rope_scaling", "rope_parameters", "bos_token_id", "pad_token_id", "initializer_range")


def export(source: str | Path, target: Path, file_bytes: int = FILE_BYTES, tokenizer: Path | None = None) -> None:
    """Write the language model of a SAIL-VL2 to a folder that is not there yet; it appears whole or not at all.

    Args:
        source: a folder, a hub id or a name of the catalogue.
        tokenizer: a folder with the tokenizer's files, where the checkpoint's has none.

    Raises:
        ModelError: the source is no SAIL-VL2 or incomplete, or the target exists or cannot be written.
    """
    folder = catalogue.locate(source)
    with folders.new(target) as unfinished:
        _write(folder, unfinished, file_bytes, tokenizer or folder)


def checked(folder: Path, config: "SailConfig") -> "tuple[Network, dict[str, Stored]]":
    """An empty network, and where each of its tensors is stored. Raises ModelError where they do not fit together."""
    from sailbench.models.sail.network import Network
    from sailbench.models.sail.weights import check, layout, stored

    network = Network.empty(config)
    tensors, places = stored(folder), layout(network)
    if config.tied and INSIDE + HEAD not in tensors:
        del places[INSIDE + HEAD]
    check(folder, places, tensors)
    return network, tensors


def _write(folder: Path, target: Path, file_bytes: int, words: Path) -> None:
    from sailbench.models.sail.config import SailConfig, read_json
    from sailbench.models.sail.tokenizer import Tokenizer

    whole = read_json(folder / "config.json")
    _, tensors = checked(folder, SailConfig.parse(whole))
    tensors = {name: tensor for name, tensor in tensors.items() if name.startswith(INSIDE)}
    end = Tokenizer.load(words).end
    _write_json(target / "config.json", _config(whole, INSIDE + HEAD not in tensors, end))
    _write_json(target / "generation_config.json", {"do_sample": False, "eos_token_id": end})
    _write_words(words, target)
    _write_weights(target, list(_files(tensors, file_bytes)))


def _config(whole: Mapping[str, Any], tied: bool, end: int) -> dict[str, Any]:
    """The language model's own configuration; the head is tied where none is stored, as the official loader has it."""
    from sailbench.models.sail.config import ALLOWED

    language = whole["llm_config"]
    kept = {name: language[name] for name in sorted(ALLOWED.union(KEPT)) if language.get(name) is not None}
    kind = language["model_type"]
    return {
        "architectures": [KINDS[kind]],
        "model_type": kind,
        **kept,
        "eos_token_id": end,
        "tie_word_embeddings": tied,
        "torch_dtype": whole.get("torch_dtype") or "bfloat16",
    }


def _write_words(words: Path, target: Path) -> None:
    """The tokenizer with a chat template that lays text out as SAIL-VL2 was trained on it.

    The released template names tokens that its vocabulary lacks.
    """
    from sailbench.models.sail.config import read_json

    for name in WORDS:
        if (words / name).exists():
            shutil.copyfile(words / name, target / name)
    settings = words / "tokenizer_config.json"
    known = read_json(settings) if settings.exists() else {"tokenizer_class": "Qwen2Tokenizer"}
    known = {name: value for name, value in known.items() if name not in ("auto_map", "processor_class")}
    _write_json(target / "tokenizer_config.json", {**known, "chat_template": _template()})


def _template() -> str:
    from sailbench.models.sail.chat import SYSTEM
    from sailbench.models.sail.tokenizer import END, START

    opening = f"{{%- if messages[0].role != 'system' -%}}{{{{ '{START}system\\n{SYSTEM}{END}' }}}}{{%- endif -%}}"
    turn = f"{{{{ '{START}' + message.role + '\\n' + message.content + '{END}' }}}}"
    answer = f"{{%- if add_generation_prompt -%}}{{{{ '{START}assistant\\n' }}}}{{%- endif -%}}"
    return f"{opening}{{%- for message in messages -%}}{turn}{{%- endfor -%}}{answer}"


def _files(tensors: Mapping[str, Any], most: int) -> Iterator[dict[str, Path]]:
    """Names and where each is stored, a group a file; those of one stored file stay together where they fit."""
    group: dict[str, Path] = {}
    size = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].file.name, item[0])):
        own = _bytes(tensor)
        if group and size + own > most:
            yield group
            group, size = {}, 0
        group[name] = tensor.file
        size += own
    yield group


def _bytes(tensor: Any) -> int:
    from math import prod

    return int(prod(tensor.shape)) * int(tensor.dtype.strip("BF")) // 8


def _write_weights(target: Path, groups: list[dict[str, Path]]) -> None:
    from safetensors.torch import save_file

    placed: dict[str, str] = {}
    total = 0
    for number, group in enumerate(groups, 1):
        name = f"model-{number:05}-of-{len(groups):05}.safetensors" if len(groups) > 1 else "model.safetensors"
        held = {full.removeprefix(INSIDE): tensor for full, tensor in _read(group)}
        save_file(held, target / name, metadata={"format": "pt"})
        placed |= dict.fromkeys(held, name)
        total += sum(tensor.nbytes for tensor in held.values())
    if len(groups) > 1:
        _write_json(target / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": placed})


def _read(group: Mapping[str, Path]) -> Iterator[tuple[str, Any]]:
    from safetensors import safe_open

    for path in dict.fromkeys(group.values()):
        with safe_open(path, framework="pt") as file:
            yield from ((name, file.get_tensor(name)) for name, own in group.items() if own == path)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
