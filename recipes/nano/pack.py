"""From scenes to batches: questions about one scene share its pictures, and several scenes share a row.

The prompt is the one that the bundled model is given in a run: it is laid out by the same code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recipes.nano.draw import GRID, SIDE, Canvas
from recipes.nano.scenes import Ask, Scene
from sailbench.models.sail import chat
from sailbench.models.sail.chat import Picture
from sailbench.models.sail.pixels import scaled
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tokenizer import Tokenizer
from sailbench.types import Media, Request, Sampling

IGNORED = -100


class Remembering(Tokenizer):
    """The tokenizer of a processor, remembering what it has split: most texts come again and again."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.__dict__.update(tokenizer.__dict__)
        self._plain, self._special = (lru_cache(1 << 16)(way) for way in (tokenizer.encode_plain, tokenizer.encode))

    def encode_plain(self, text: str) -> list[int]:
        return list(self._plain(text))

    def encode(self, text: str) -> list[int]:
        return list(self._special(text))


def processor(folder: Path) -> Processor:
    """A checkpoint folder's processor, fit for millions of short texts."""
    plain = Processor.load(folder)
    return replace(plain, tokenizer=Remembering(plain.tokenizer))


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt's ids and the answer's, its end token included."""

    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True, slots=True)
class Told:
    """A scene laid out: what its questions have in common (its pictures are in there), and the rest of each."""

    scene: Scene
    shared: list[int]
    rests: tuple[Asked, ...]
    seen: bool = True

    @property
    def length(self) -> int:
        return len(self.shared) + sum(len(rest.prompt) + len(rest.answer) - 1 for rest in self.rests)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows R of T tokens. `group` is the scene's number in its row (0: padding), `branch` the question's (0: shared).

    `where` are the flat places of the pictures' slots in the order of `pixels` [n, 3, S, S]; `targets` [R, T] is the
    token to come, or IGNORED; `labels` [n, 3, G, G] tells what each patch shows.
    """

    ids: Tensor
    positions: Tensor
    group: Tensor
    branch: Tensor
    targets: Tensor
    where: Tensor
    pixels: Tensor
    labels: Tensor

    def mask(self) -> Tensor:
        """[R, 1, T, T]: a token sees what came before it of its scene, if that is shared or of its own question."""
        group, branch, order = self.group, self.branch, torch.arange(self.ids.shape[1])
        same = group[:, :, None] == group[:, None, :]
        own = (branch[:, None, :] == 0) | (branch[:, :, None] == branch[:, None, :])
        return (same & own & (order[:, None] >= order[None, :]))[:, None]


def request(scene: Scene, ask: Ask, thinking: bool) -> Request:
    """The request a run would make of this question."""
    kinds = ["video"] if scene.video else ["image"] * len(scene.pictures)
    media = tuple(Media(kind, b"", kind) for kind in kinds)  # type: ignore[arg-type]
    return Request(turns=(ask.wording,), media=media, sampling=Sampling(frames=len(scene.pictures), thinking=thinking))


def answer_text(ask: Ask) -> str:
    return f"<think>{ask.thought}</think>\n\\boxed{{{ask.answer}}}" if ask.thought else ask.answer


def lay_out(processor: Processor, scene: Scene, asks: Sequence[Ask], seen: bool = True) -> Told:
    """Tokens of a scene; where it is not `seen` its words stand in the place of its pictures."""
    slots = processor.config.slots_per_tile
    whole: list[Asked] = []
    for ask in asks:
        wanted = request(scene, ask, bool(ask.thought))
        parts = chat.conversation(chat.lay_out(wanted, chat.image_counts(wanted)), [])
        if not seen:
            parts = [scene.words[part.index] if isinstance(part, Picture) else part for part in parts]
        ids = processor.ids(parts, [slots] * len(scene.pictures))
        answer = [*processor.tokenizer.encode(answer_text(ask)), processor.tokenizer.end]
        whole.append(Asked(ids, answer))
    shared = _shared([asked.prompt for asked in whole])
    if seen and len(whole) == 1:
        shared = len(whole[0].prompt) - 1
    return Told(scene, whole[0].prompt[:shared], tuple(Asked(a.prompt[shared:], a.answer) for a in whole), seen)


def _shared(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all have in common, at least one being left of each."""
    most = min(len(prompt) for prompt in prompts) - 1
    for i in range(most):
        if any(prompt[i] != prompts[0][i] for prompt in prompts):
            return i
    return most


def rows(told: Iterator[Told], width: int) -> Iterator[list[Told]]:
    """Fill rows of `width` tokens, first fit over a few open rows; without end."""
    opened: list[list[Told]] = []
    for scene in told:
        if scene.length > width:
            continue
        for row in opened:
            if sum(each.length for each in row) + scene.length <= width:
                row.append(scene)
                break
        else:
            opened.append([scene])
        if len(opened) > 8:
            fullest = max(opened, key=lambda row: sum(each.length for each in row))
            opened.remove(fullest)
            yield fullest


def batch(filled: Sequence[Sequence[Told]], width: int, processor: Processor) -> Batch:
    """Tensors of some rows."""
    ids, positions, group, branch = (np.zeros((len(filled), width), dtype=np.int64) for _ in range(4))
    targets = np.full((len(filled), width), IGNORED, dtype=np.int64)
    shown = np.zeros((len(filled), width), dtype=bool)
    slot, canvases = processor.tokenizer.slot, list[Canvas]()
    for r, row in enumerate(filled):
        at = 0
        for g, told in enumerate(row, 1):
            shared = len(told.shared)
            span = slice(at, at + shared)
            ids[r, span], positions[r, span], group[r, span] = told.shared, range(shared), g
            shown[r, span] = ids[r, span] == slot
            at += shared
            for b, rest in enumerate(told.rests, 1):
                tokens = [*rest.prompt, *rest.answer]
                n, first = len(tokens) - 1, len(rest.prompt) - 1
                span = slice(at, at + n)
                ids[r, span], positions[r, span] = tokens[:-1], range(shared, shared + n)
                group[r, span], branch[r, span] = g, b
                shown[r, at : at + first] = ids[r, at : at + first] == slot  # one that a model writes shows nothing
                targets[r, at + first : at + n] = tokens[first + 1 :]
                at += n
            if told.seen:
                canvases += told.scene.pictures
    return Batch(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        torch.from_numpy(group),
        torch.from_numpy(branch),
        torch.from_numpy(targets),
        torch.from_numpy(shown).flatten().nonzero()[:, 0],
        normalised(canvases, processor),
        _labels(canvases),
    )


def pictures(canvases: Sequence[Canvas], processor: Processor) -> Batch:
    """Pictures and their labels alone: no row of tokens."""
    table, places = torch.zeros(0, 0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    return Batch(table, table, table, table, table, places, normalised(canvases, processor), _labels(canvases))


def normalised(canvases: Sequence[Canvas], processor: Processor) -> Tensor:
    """[n, 3, S, S] as the processor scales them."""
    if not canvases:
        return torch.zeros(0, 3, SIDE, SIDE)
    colours = torch.from_numpy(np.stack([canvas.pixels for canvas in canvases]))
    return scaled(colours, processor.config.mean, processor.config.std)


def _labels(canvases: Sequence[Canvas]) -> Tensor:
    """[n, 3, G, G]"""
    if not canvases:
        return torch.zeros(0, 3, GRID, GRID, dtype=torch.int64)
    return torch.from_numpy(np.stack([canvas.labels for canvas in canvases]))
