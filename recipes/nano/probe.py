"""How far the training is, without generating: the share of answers whose every token is the likeliest one.

For answers that must match exactly this equals greedy decoding; for boxes and reasoning it is a lower bound of the score.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping

import torch

from recipes.nano import pack
from recipes.nano.pack import Told
from recipes.nano.scenes import KINDS, Ask
from recipes.nano.student import Student
from sailbench.models.sail.processor import Processor


@torch.inference_mode()
def accuracy(student: Student, processor: Processor, seen: bool = True, scenes: int = 60, seed: int = 7) -> Mapping[str, float]:
    """By task, and by what the task asks for, on `scenes` scenes of each kind that no training has drawn."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for told in _one_by_one(processor, seen, scenes, seed):
        batch = pack.batch([[told]], told.length, processor)
        shown = student.slots(student.patches(batch.pixels)) if len(batch.pixels) else None
        right = student.logits(batch, shown).argmax(-1) == batch.targets[batch.targets != pack.IGNORED]
        name = _name(told.scene.asks[0])
        hits[name].append(bool(right.all()))
        hits[name.partition(" ")[0]].append(bool(right.all()))
    return {name: sum(of) / len(of) for name, of in sorted(hits.items())}


def _one_by_one(processor: Processor, seen: bool, scenes: int, seed: int) -> Iterator[Told]:
    for kind, draw in KINDS.items():
        rng = random.Random(f"probe {seed} {kind}")
        for _ in range(scenes):
            scene = draw(rng)
            for ask in scene.asks:
                told = pack.lay_out(processor, scene, [ask], seen)
                yield Told(type(scene)(pictures=scene.pictures, words=scene.words, asks=(ask,)), told.shared, told.rests, seen)


def _name(ask: Ask) -> str:
    """The task, and the kind or skill of the question where it has one."""
    detail = ask.facts.get("skill") or ask.facts.get("kind") or ask.facts.get("mode") or ""
    return f"{ask.task} {detail}".strip()


@torch.inference_mode()
def patch_accuracy(student: Student, processor: Processor, images: int = 200, seed: int = 7) -> Mapping[str, float]:
    """By what is told of a patch (glyph, shape, colour), over patches that show something of the sort."""
    rng = random.Random(f"patches {seed}")
    draws = [KINDS[kind] for kind in ("writing", "arithmetic", "objects", "several", "chart")]
    told = [Told(draws[i % len(draws)](rng), [0], ()) for i in range(images)]
    batch = pack.batch([told], images, processor)
    features = student.patches(batch.pixels)
    found = {}
    for name, reader, truth in zip(("glyph", "shape", "colour"), student.readers, batch.labels.flatten(2).unbind(1), strict=True):
        shown = truth > 0
        found[name] = float((reader(features).argmax(-1) == truth)[shown].float().mean())
    return found
