"""How far the training is, without generating: the share of answers whose every token is the likeliest one.

For answers that must match exactly this equals greedy decoding; for boxes and reasoning it is a lower bound.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from recipes.nano import pack
from recipes.nano.pack import Told
from recipes.nano.scenes import KINDS, Ask
from recipes.nano.student import Student
from sailbench.models.sail.processor import Processor

AT_ONCE = 16  # rows, a scene each


@torch.inference_mode()
def accuracy(
    student: Student, processor: Processor, seen: bool = True, scenes: int = 60, seed: int = 7
) -> Mapping[str, float]:
    """By task, and by what the task asks for, on `scenes` scenes of each kind that no training has drawn."""
    hits: dict[str, list[bool]] = defaultdict(list)
    told = list(_laid_out(processor, seen, scenes, seed))
    for first in range(0, len(told), AT_ONCE):
        rows = [[each] for each in told[first : first + AT_ONCE]]
        batch = pack.batch(rows, max(row[0].length for row in rows), processor)
        shown = student.slots(student.patches(batch.pixels)) if len(batch.pixels) else None
        right = student.logits(batch, shown).argmax(-1) == batch.targets[batch.targets != pack.IGNORED]
        asks = [(ask, rest) for row in rows for ask, rest in zip(row[0].scene.asks, row[0].rests, strict=True)]
        lengths = [len(rest.answer) for _, rest in asks]
        for (ask, _), own in zip(asks, right.split(lengths), strict=True):
            hits[_name(ask)].append(bool(own.all()))
            hits[ask.task].append(bool(own.all()))
    return {name: sum(of) / len(of) for name, of in sorted(hits.items())}


def _laid_out(processor: Processor, seen: bool, scenes: int, seed: int) -> Iterator[Told]:
    """Scenes with all questions that are answered the same way; reasoning is another prompt."""
    for kind, draw in KINDS.items():
        rng = random.Random(f"probe {seed} {kind}")
        for _ in range(scenes):
            scene = draw(rng)
            for thinks in (False, True):
                asks = tuple(ask for ask in scene.asks if bool(ask.thought) == thinks and ask.task != "drill")
                if asks:
                    told = pack.lay_out(processor, scene, asks, seen)
                    yield replace(told, scene=replace(scene, asks=asks))


def _name(ask: Ask) -> str:
    """The task and the kind or skill of the question."""
    detail = ask.facts.get("skill") or ask.facts.get("kind") or ask.facts.get("mode") or "as such"
    return f"{ask.task} {detail}"


@torch.inference_mode()
def patch_accuracy(student: Student, processor: Processor, images: int = 200, seed: int = 7) -> Mapping[str, float]:
    """By what is told of a patch (glyph, shape, colour), over patches that show something of the sort."""
    rng = random.Random(f"patches {seed}")
    draws = [KINDS[kind] for kind in ("writing", "arithmetic", "objects", "several", "chart")]
    batch = pack.pictures([draws[i % len(draws)](rng).pictures[0] for i in range(images)], processor)
    features = student.patches(batch.pixels)
    found = {}
    for name, reader, truth in zip(
        ("glyph", "shape", "colour"), student.readers, batch.labels.flatten(2).unbind(1), strict=True
    ):
        shown = truth > 0
        found[name] = float((reader(features).argmax(-1) == truth)[shown].float().mean())
    return found
