"""A student as a checkpoint folder in the official layout: bfloat16 safetensors beside the tokenizer's files."""

import shutil
from pathlib import Path

import torch

from recipes.nano import student, tokens
from recipes.nano.student import Student
from sailbench.models import folders
from sailbench.models.sail import tiny
from sailbench.models.sail.weights import HEAD, layout


def blank(folder: Path, width: int = 160, layers: int = 4) -> None:
    """Everything but weights: configuration and tokenizer, learnt anew from the questions."""
    with folders.whole(folder) as unfinished:
        tokens.write(unfinished)
        tiny.write_settings(unfinished, student.config(tokens.SIZE, width, layers))


def write(trained: Student, base: Path, folder: Path) -> None:
    """The files of `base` and the student's weights, in the place of what the folder held."""
    from safetensors.torch import save_file

    weights = trained.network.state_dict()
    names = sorted(name for name in layout(trained.network) if name != HEAD)  # the head is the embedding
    stored = {name: weights[name].to(torch.bfloat16).contiguous() for name in names}
    with folders.whole(folder) as unfinished:
        for path in sorted(base.iterdir()):
            if path.suffix in (".json", ".txt"):
                shutil.copy(path, unfinished)
        save_file(stored, unfinished / "model.safetensors", metadata={"format": "pt"})
        shutil.rmtree(folder, ignore_errors=True)
