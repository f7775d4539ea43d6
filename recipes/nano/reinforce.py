"""Reinforcement learning with verifiable rewards: sums that are reasoned about, rewarded for answer and for format.

Group-relative advantages and a clip range of [0.20, 0.28] as in DAPO (arXiv 2503.14476), which the paper uses for its
dense models; groups in which all do equally well teach nothing and are drawn anew (the paper's pass@4 filter).
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recipes.nano import pack
from recipes.nano.pack import Asked, Batch, Told
from recipes.nano.scenes import Ask, Scene, arithmetic
from recipes.nano.student import Student
from sailbench.extract import final_math_answer
from sailbench.models.sail.processor import Processor

GROUP, LONGEST, WIDTH = 8, 40, 512
CLIP = (0.20, 0.28)
FORM = re.compile(r"<think>.+?</think>\s*\\boxed\{[^{}]+\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sampled answer's tokens, and what it earned: half for the right answer, half for the form."""

    ids: list[int]
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
def sample(student: Student, told: Sequence[Told], draws: int, end: int, seed: int) -> list[list[list[int]]]:
    """`draws` answers to each question, token by token at temperature 1; the prompts have one length."""
    prompts = [[*each.shared, *each.rests[0].prompt] for each in told for _ in range(draws)]
    batch = pack_prompts(prompts)
    canvases = [each.scene.pictures[0].pixels for each in told]
    shown = student.slots(student.patches(told_pixels(canvases, student))).view(
        len(told), -1, student.network.config.hidden_size
    )
    model, generator = student.network.language_model, torch.Generator().manual_seed(seed)
    embeds = model.model.embed_tokens(batch).clone()
    places = _slots(prompts[0], student)
    embeds[:, places] = shown.repeat_interleave(draws, 0)
    cache, answers, open_ = None, [[] for _ in prompts], torch.ones(len(prompts), dtype=torch.bool)
    for _ in range(LONGEST):
        out = model(inputs_embeds=embeds, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        drawn = torch.multinomial(out.logits[:, -1].float().softmax(-1), 1, generator=generator)[:, 0]
        for i in open_.nonzero()[:, 0].tolist():
            answers[i].append(int(drawn[i]))
        open_ &= drawn != end
        if not open_.any():
            break
        embeds = model.model.embed_tokens(drawn[:, None])
    return [answers[i : i + draws] for i in range(0, len(answers), draws)]


def pack_prompts(prompts: Sequence[Sequence[int]]) -> Tensor:
    assert len({len(prompt) for prompt in prompts}) == 1, "prompts of one length only"
    return torch.tensor(prompts)


def told_pixels(canvases: Sequence[object], student: Student) -> Tensor:
    """[n, 3, S, S] in the network's scale."""
    import numpy as np

    from sailbench.models.sail.pixels import scaled

    shape = student.network.config
    return scaled(torch.from_numpy(np.stack(canvases)), shape.mean, shape.std)  # type: ignore[arg-type]


def _slots(prompt: Sequence[int], student: Student) -> list[int]:
    """The places of the picture's slots: the longest run of one id."""
    n = student.network.config.slots_per_tile
    start = next(i for i in range(len(prompt)) if len(set(prompt[i : i + n])) == 1)
    return list(range(start, start + n))


def groups(
    student: Student, processor: Processor, rng: random.Random, wanted: int
) -> Iterator[tuple[Told, list[Attempt]]]:
    """Questions with their attempts, those left out on which all attempts earn the same."""
    tokenizer, found = processor.tokenizer, 0
    for _ in range(20):
        drawn = [question(processor, rng) for _ in range(wanted)]
        sampled = sample(student, [told for told, _ in drawn], GROUP, tokenizer.end, rng.randrange(1 << 30))
        for (told, ask), answers in zip(drawn, sampled, strict=True):
            attempts = [Attempt(ids, reward(tokenizer.decode(ids), ask.answer)) for ids in answers]
            if len({attempt.reward for attempt in attempts}) > 1 and found < wanted:
                found += 1
                yield told, attempts
        if found == wanted:
            return


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
