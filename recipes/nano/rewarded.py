"""The reinforcement stage in one process: sample, reward, two clipped steps; and the pool of thoughts that it leaves.

The pool holds what the reinforced model reasoned when its answer was right; think-fusion learns from nothing else.
"""

import json
import random
from pathlib import Path

import torch

from recipes.nano import pack, reinforce, train
from recipes.nano.reinforce import Attempt
from recipes.nano.train import Plan

INNER = 2  # optimiser steps a batch of attempts


def run(plan: Plan) -> None:
    """Train by rewards, then write the pool beside the stage's state. A finished stage is not run again."""
    torch.set_num_threads(plan.workers)
    student, processor = train.load(plan.base, plan.before), pack.processor(plan.base)
    trained = train.chosen(student, plan.stage)
    optimizer = torch.optim.AdamW(train.decaying(trained), lr=plan.stage.rate, betas=(0.9, 0.98))
    step = train.resume(plan, student, optimizer)
    while step < plan.stage.steps:
        rng = random.Random(f"{plan.seed} {plan.stage.name} {step}")
        grouped = list(reinforce.groups(student, processor, rng, plan.stage.rows))
        if not grouped:  # every attempt at everything is right: nothing left to learn
            break
        batch, advantages = reinforce.batch(grouped, processor)
        with torch.no_grad():
            before = reinforce.log_probabilities(student, batch)
        for _ in range(INNER):
            optimizer.zero_grad()
            reinforce.loss(reinforce.log_probabilities(student, batch), before, advantages).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
        step += 1
        _note(plan, step, [attempt for _, attempts in grouped for attempt in attempts])
        if step % plan.save_every == 0:
            train.save(plan, student, optimizer, step)
    train.save(plan, student, optimizer, plan.stage.steps)
    _write_pool(plan.folder / "pool.jsonl", plan)


def _note(plan: Plan, step: int, attempts: list[Attempt]) -> None:
    mean = sum(attempt.reward for attempt in attempts) / len(attempts)
    length = sum(len(attempt.ids) for attempt in attempts) / len(attempts)
    with (plan.folder / f"{plan.stage.name}.log.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, "reward": round(mean, 4), "tokens": round(length, 1)}) + "\n")


def _write_pool(path: Path, plan: Plan, sums: int = 512, at_once: int = 64) -> None:
    """A line a sum: its seed and what the model said, where that was right in answer and form."""
    student, processor = train.load(plan.base, plan.before), pack.processor(plan.base)
    train.resume(plan, student)
    lines = []
    for first in range(0, sums, at_once):
        seeds = [f"pool {plan.seed} {i}" for i in range(first, first + at_once)]
        drawn = [reinforce.question(processor, random.Random(seed)) for seed in seeds]
        sampled = reinforce.sample(student, [told for told, _ in drawn], 1, processor.tokenizer.end, first)
        for seed, (_, ask), (ids,) in zip(seeds, drawn, sampled, strict=True):
            text = processor.tokenizer.decode(ids)
            if reinforce.reward(text, ask.answer) == 1.0:
                thought = text.partition("<think>")[2].partition("</think>")[0]
                lines.append(json.dumps({"seed": seed, "thought": thought}))
    path.write_text("\n".join(lines) + "\n")
