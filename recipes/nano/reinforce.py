"""Reinforcement learning with verifiable rewards: sums that are reasoned about, rewarded for answer and for format.

Group-relative advantages and a clip range of [0.20, 0.28] as in DAPO (arXiv 2503.14476), which the paper uses for its
dense models; groups in which all do equally well teach nothing and are drawn anew (the paper's pass@4 filter).
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache

from recipes.nano import pack
from recipes.nano.pack import Asked, Batch, Told
from recipes.nano.scenes import Ask, Scene, arithmetic
from recipes.nano.student import Student
from sailbench.extract import final_math_answer
from sailbench.models.sail.processor import Processor

GROUP, LONGEST = 8, 40
CLIP = (0.20, 0.28)
FORM = re.compile(r"<think>.+?</think>\s*\\boxed\{[^{}]+\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sampled answer's tokens, and what it earned: half for the right answer, half for the form."""

    ids: list[int]
    reward: float


class Drawn(NamedTuple):
    """Questions with their attempts, and what all attempts earned on average, those at questions left out included."""

    groups: list[tuple[Told, list[Attempt]]]
    reward: float


def reward(text: str, truth: str) -> float:
    """Two rewards of 0 or 1, weighed alike: the boxed answer, and the form."""
    formed = FORM.fullmatch(text.strip()) is not None
    found = final_math_answer(text.rpartition("</think>")[2])
    return 0.5 * formed + 0.5 * (formed and found is not None and found.answer == truth)


def question(processor: Processor, rng: random.Random) -> tuple[Told, Ask]:
    """A sum to reason about, laid out."""
    scene = arithmetic(rng)
    ask = next(ask for ask in scene.asks if ask.thought)
    return pack.lay_out(processor, Scene(pictures=scene.pictures, words=scene.words, asks=(ask,)), [ask]), ask


@torch.inference_mode()
def sample(
    student: Student, processor: Processor, told: Sequence[Told], draws: int, seed: int
) -> list[list[list[int]]]:
    """`draws` answers to each question, token by token at temperature 1; the prompts have one length."""
    prompts = [[*each.shared, *each.rests[0].prompt] for each in told for _ in range(draws)]
    assert len({len(prompt) for prompt in prompts}) == 1, "prompts of one length only"
    tokenizer = processor.tokenizer
    pixels = pack.normalised([each.scene.pictures[0] for each in told], processor)
    shown = student.slots(student.patches(pixels)).unflatten(0, (len(told), -1))  # [questions, slots, H]
    model, generator = student.network.language_model, torch.Generator().manual_seed(seed)
    embeds = model.model.embed_tokens(torch.tensor(prompts)).clone()
    embeds[:, [i for i, token in enumerate(prompts[0]) if token == tokenizer.slot]] = shown.repeat_interleave(draws, 0)
    cache, answers, open_ = DynamicCache(), [[] for _ in prompts], torch.ones(len(prompts), dtype=torch.bool)
    for _ in range(LONGEST):
        out = model(
            None, None, None, cache, embeds, use_cache=True, logits_to_keep=1
        )  # the cache's keyword was renamed
        drawn = torch.multinomial(out.logits[:, -1].float().softmax(-1), 1, generator=generator)[:, 0]
        for i in open_.nonzero()[:, 0].tolist():
            answers[i].append(int(drawn[i]))
        open_ &= drawn != tokenizer.end
        if not open_.any():
            break
        embeds = model.model.embed_tokens(drawn[:, None])
    return [answers[i : i + draws] for i in range(0, len(answers), draws)]


def rounds(
    student: Student, processor: Processor, rng: random.Random, wanted: int
) -> Iterator[list[tuple[Told, list[Attempt]]]]:
    """Questions with their attempts, drawn again and again."""
    for _ in range(20):
        drawn = [question(processor, rng) for _ in range(wanted)]
        sampled = sample(student, processor, [told for told, _ in drawn], GROUP, rng.randrange(1 << 30))
        yield [
            (told, [Attempt(ids, reward(processor.tokenizer.decode(ids), ask.answer)) for ids in answers])
            for (told, ask), answers in zip(drawn, sampled, strict=True)
        ]


def groups(student: Student, processor: Processor, rng: random.Random, wanted: int) -> Drawn:
    """`wanted` questions to learn from, fewer where it takes too long; not those whose attempts all earn the same."""
    kept, earned = [], []
    for asked in rounds(student, processor, rng, wanted):
        earned += [attempt.reward for _, attempts in asked for attempt in attempts]
        kept += [group for group in asked if len({attempt.reward for attempt in group[1]}) > 1]
        if len(kept) >= wanted:
            break
    return Drawn(kept[:wanted], sum(earned) / len(earned))


def batch(grouped: Sequence[tuple[Told, list[Attempt]]], processor: Processor) -> tuple[Batch, Tensor]:
    """A row a group, and the advantage of every answer token in the order of the targets."""
    rows, advantages = [], []
    for told, attempts in grouped:
        earned = torch.tensor([attempt.reward for attempt in attempts])
        relative = (earned - earned.mean()) / (earned.std() + 1e-4)
        rests = tuple(Asked(told.rests[0].prompt, attempt.ids) for attempt in attempts)
        rows.append([Told(told.scene, told.shared, rests)])
        advantages += [torch.full((len(a.ids),), float(r)) for a, r in zip(attempts, relative, strict=True)]
    width = max(row[0].length for row in rows)
    return pack.batch(rows, width, processor), torch.cat(advantages)


def log_probabilities(student: Student, of: Batch) -> Tensor:
    """Of every answer token, [targets]."""
    logits = student.logits(of, student.slots(student.patches(of.pixels)))
    targets = of.targets[of.targets != pack.IGNORED]
    return torch.log_softmax(logits, -1).gather(1, targets[:, None])[:, 0]


def loss(now: Tensor, before: Tensor, advantages: Tensor) -> Tensor:
    """The clipped objective, a mean over tokens."""
    ratio = (now - before).exp()
    clipped = ratio.clamp(1 - CLIP[0], 1 + CLIP[1])
    return -torch.minimum(ratio * advantages, clipped * advantages).mean()
