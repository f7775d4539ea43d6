"""The reinforcement stage in one process: sample, reward, two clipped steps; and the pool of thoughts that it leaves.

The pool holds what the reinforced model reasoned when its answer was right; think-fusion learns from nothing else.
"""

import json
import random
from pathlib import Path

import torch

from recipes.nano import pack, reinforce, train
from recipes.nano.reinforce import Drawn
from recipes.nano.student import Student
from recipes.nano.train import Plan
from sailbench.models.sail.processor import Processor

INNER = 2  # optimiser steps a batch of attempts
SUMS, AT_ONCE = 512, 64  # for the pool


def run(plan: Plan) -> None:
    """Train by rewards, write the pool, then the last state: a stage that is done has its pool."""
    torch.set_num_threads(plan.workers)
    student, processor = train.load(plan.base, plan.before), pack.processor(plan.base)
    trained = train.chosen(student, plan.stage)
    optimizer = torch.optim.AdamW(train.decaying(trained), lr=plan.stage.rate, betas=(0.9, 0.98))
    parts = {"student": student, "optimizer": optimizer}
    step = train.resume(plan, parts)
    while step < plan.stage.steps:
        rng = random.Random(f"{plan.seed} {plan.stage.name} {step}")
        drawn = reinforce.groups(student, processor, rng, plan.stage.rows)
        if not drawn.groups:  # all attempts at a question earn the same, whichever it is: nothing left to learn
            break
        batch, advantages = reinforce.batch(drawn.groups, processor)
        with torch.no_grad():
            before = reinforce.log_probabilities(student, batch)
        for _ in range(INNER):
            optimizer.zero_grad()
            reinforce.loss(reinforce.log_probabilities(student, batch), before, advantages).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
        step += 1
        _note(plan, step, drawn)
        if step % plan.save_every == 0 and step < plan.stage.steps:
            train.save(plan, parts, step)
    _write_pool(plan.folder / "pool.jsonl", student, processor, plan.seed)
    train.save(plan, parts, plan.stage.steps)


def _note(plan: Plan, step: int, drawn: Drawn) -> None:
    """The mean reward of all attempts, and of those that are learnt from, with their length."""
    attempts = [attempt for _, attempts in drawn.groups for attempt in attempts]
    taught = sum(attempt.reward for attempt in attempts) / len(attempts)
    length = sum(len(attempt.ids) for attempt in attempts) / len(attempts)
    line = {"step": step, "reward": round(drawn.reward, 4), "taught": round(taught, 4), "tokens": round(length, 1)}
    with plan.log.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _write_pool(path: Path, student: Student, processor: Processor, seed: int) -> None:
    """A line a sum: its seed and what the model said, where that was right in answer and form."""
    lines = []
    for first in range(0, SUMS, AT_ONCE):
        seeds = [f"pool {seed} {i}" for i in range(first, first + AT_ONCE)]
        drawn = [reinforce.question(processor, random.Random(each)) for each in seeds]
        sampled = reinforce.sample(student, processor, [told for told, _ in drawn], 1, first)
        for each, (_, ask), (ids,) in zip(seeds, drawn, sampled, strict=True):
            text = processor.tokenizer.decode(ids)
            if reinforce.reward(text, ask.answer) == 1.0:
                thought = text.partition("<think>")[2].partition("</think>")[0]
                lines.append(json.dumps({"seed": each, "thought": thought}))
    path.write_text("\n".join(lines) + "\n")
