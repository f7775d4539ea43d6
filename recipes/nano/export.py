"""A student as a checkpoint folder in the official layout: bfloat16 safetensors beside the tokenizer's files."""

import json
import shutil
from pathlib import Path

import torch

from recipes.nano import student, tokens
from recipes.nano.student import Student
from sailbench.models.sail.config import MEAN, STD
from sailbench.models.sail.weights import HEAD, layout


def blank(folder: Path, width: int = 160, layers: int = 4) -> None:
    """Everything but weights: configuration and tokenizer, learnt anew from the questions."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens.write(folder)
    _write(folder / "config.json", student.config(tokens.SIZE, width, layers))
    _write(folder / "preprocessor_config.json", {"image_mean": MEAN, "image_std": STD, "use_msac": False})
    _write(folder / "generation_config.json", {"_from_model_config": True})


def write(trained: Student, base: Path, folder: Path) -> None:
    """The files of `base` and the student's weights; the folder appears whole or not at all."""
    from safetensors.torch import save_file

    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for path in sorted(base.iterdir()):
        if path.suffix in (".json", ".txt"):
            shutil.copy(path, unfinished)
    weights = trained.network.state_dict()
    names = sorted(name for name in layout(trained.network) if name != HEAD)  # the head is the embedding
    stored = {name: weights[name].to(torch.bfloat16).contiguous() for name in names}
    save_file(stored, unfinished / "model.safetensors", metadata={"format": "pt"})
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
