"""One stage of training on any number of workers, resumable at every saved step, the same by seed.

Workers hold equal weights and average their gradients; each draws its own scenes from (seed, stage, step, rank).
"""

import json
import os
import random
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from recipes.nano import pack
from recipes.nano.pack import Batch, Told
from recipes.nano.scenes import KINDS, Ask, Scene, arithmetic
from recipes.nano.search import Search
from recipes.nano.stages import Stage
from recipes.nano.student import Student
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.processor import Processor

WIDTH = 256  # tokens a row
Pool = Sequence[tuple[str, str]]  # seed of a sum, thought


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A stage, what it starts from and where it is kept; `workers` processes of one thread each.

    `base` holds configuration and tokenizer, `before` is the state that an earlier stage left, None for fresh weights.
    """

    stage: Stage
    base: Path
    before: Path | None
    folder: Path
    seed: int = 0
    workers: int = 2
    save_every: int = 200

    @property
    def state(self) -> Path:
        return self.folder / f"{self.stage.name}.state"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.stage.name}.log.jsonl"

    @property
    def done(self) -> bool:
        """Whether the stage was trained to its end."""
        return self.state.exists() and torch.load(self.state, weights_only=True)["step"] >= self.stage.steps


def run(plan: Plan) -> None:
    """Train a stage to its end, going on where an earlier try stopped."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    if plan.workers == 1:
        work(0, plan)
        return
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", str(_free_port())
    torch.multiprocessing.spawn(work, (plan,), nprocs=plan.workers)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def work(rank: int, plan: Plan) -> None:
    torch.set_num_threads(1)
    if plan.workers > 1:
        dist.init_process_group("gloo", rank=rank, world_size=plan.workers)
    student, processor = load(plan.base, plan.before), pack.processor(plan.base)
    trained = chosen(student, plan.stage)
    gradients = _joined(trained)
    optimizer = torch.optim.AdamW(decaying(trained), lr=plan.stage.rate, betas=(0.9, 0.98), fused=True)
    search = Search(plan.stage.rate, plan.stage.search, student, optimizer)
    parts = {"student": student, "optimizer": optimizer, "search": search}
    step = resume(plan, parts)
    scenes = batches(plan, processor, rank, step)
    log = _Log(plan, rank)
    while step < plan.stage.steps:
        rate = rate_at(replace(plan.stage, rate=search.rate), step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        gradients.zero_()
        losses = _losses(student, plan.stage, next(scenes))
        loss = torch.stack(list(losses.values())).sum()
        loss.backward()
        if plan.workers > 1:
            dist.all_reduce(gradients)
            gradients /= plan.workers
        norm = _clipped(gradients)
        optimizer.step()
        step += 1
        log.take(step, rate, norm, losses)
        if step > warm_up(plan.stage):
            search.take(loss)
        if rank == 0 and (step % plan.save_every == 0 or step == plan.stage.steps):
            save(plan, parts, step)
    if plan.workers > 1:
        dist.barrier()
        dist.destroy_process_group()


def load(base: Path, state: Path | None = None) -> Student:
    """A student as a stage left it, or a fresh one."""
    student = Student(SailConfig.load(base))
    if state is not None:
        student.load_state_dict(torch.load(state, weights_only=True)["student"])
    return student


def rate_at(stage: Stage, step: int) -> float:
    """Warmed up, held, and falling to a fiftieth over the last `fall` of the stage."""
    rise = min(1.0, (step + 1) / warm_up(stage))
    begin = stage.steps * (1 - stage.fall)
    left = 1.0 if step < begin else max(0.02, (stage.steps - step) / (stage.steps - begin))
    return stage.rate * rise * left


def warm_up(stage: Stage) -> int:
    """Steps over which the rate rises."""
    return min(100, stage.steps // 10 + 1)


def chosen(student: Student, stage: Stage) -> list[nn.Parameter]:
    """What the stage may change; the rest is held still."""
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(name.startswith(stage.trains))
    return [parameter for parameter in student.parameters() if parameter.requires_grad]


def decaying(parameters: list[nn.Parameter]) -> list[dict[str, Any]]:
    """Matrices decay, norms and biases do not."""
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.05},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]


def _joined(parameters: list[nn.Parameter]) -> Tensor:
    """One tensor of which the gradients are views: averaged, clipped and cleared in one go."""
    whole, at = torch.zeros(sum(p.numel() for p in parameters)), 0
    for parameter in parameters:
        parameter.grad = whole[at : at + parameter.numel()].view_as(parameter)
        at += parameter.numel()
    return whole


def _clipped(gradients: Tensor, most: float = 1.0) -> float:
    norm = float(gradients.norm())
    if norm > most:
        gradients *= most / norm
    return norm


def _losses(student: Student, stage: Stage, batch: Batch) -> dict[str, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        features = student.patches(batch.pixels) if len(batch.pixels) else None
        losses = {}
        if features is not None and stage.reading:
            losses["patches"] = stage.reading * student.reading_loss(features, batch.labels)
        if stage.kind == "answers":
            losses["answers"] = student.loss(batch, None if features is None else student.slots(features))
    return losses


def batches(plan: Plan, processor: Processor, rank: int, step: int) -> Iterator[Batch]:
    """Batches from `step` on; their scenes depend on nothing else than seed, stage, step and rank."""
    pool = thoughts(plan.folder / "pool.jsonl") if plan.stage.pooled else ()
    while True:
        rng = random.Random(f"{plan.seed} {plan.stage.name} {step} {rank}")
        yield _drawn(plan.stage, processor, rng, pool)
        step += 1


def _drawn(stage: Stage, processor: Processor, rng: random.Random, pool: Pool) -> Batch:
    if stage.kind == "patches":
        return pack.pictures([draw(rng, stage).pictures[0] for _ in range(stage.rows)], processor)
    filled = pack.rows(asked(stage, processor, rng, pool), WIDTH)
    return pack.batch([next(filled) for _ in range(stage.rows)], WIDTH, processor)


def draw(rng: random.Random, stage: Stage) -> Scene:
    kinds = list(stage.scenes)
    return KINDS[rng.choices(kinds, [stage.scenes[kind] for kind in kinds])[0]](rng)


def asked(stage: Stage, processor: Processor, rng: random.Random, pool: Pool = ()) -> Iterator[Told]:
    """Scenes with some of their questions; a thought that is due comes from the pool where there is one."""
    while True:
        scene = draw(rng, stage)
        asks = some(stage, scene, rng)
        if pool and any(ask.thought for ask in asks):
            seed, thought = rng.choice(pool)
            scene = arithmetic(random.Random(seed))
            asks = [replace(ask, thought=thought) if ask.thought else ask for ask in scene.asks if ask.task == "math"]
        if asks:
            yield pack.lay_out(processor, scene, asks, stage.seen)


def thoughts(path: Path) -> Pool:
    """Seeds of sums, and what was thought about each."""
    held = (json.loads(line) for line in path.read_text().splitlines() if line)
    return [(one["seed"], one["thought"]) for one in held]


def some(stage: Stage, scene: Scene, rng: random.Random) -> list[Ask]:
    """Questions drawn without return, by their weights."""
    weights = {i: stage.asks.get("think" if ask.thought else ask.task, 0.0) for i, ask in enumerate(scene.asks)}
    keyed = sorted((rng.random() ** (1 / weight), i) for i, weight in weights.items() if weight > 0)
    return [scene.asks[i] for _, i in keyed[-stage.each :]]


def save(plan: Plan, parts: Mapping[str, Any], step: int) -> None:
    """Whole or not at all: a killed run finds the state before."""
    unfinished = plan.state.with_suffix(".unfinished")
    torch.save({**{name: part.state_dict() for name, part in parts.items()}, "step": step}, unfinished)
    unfinished.replace(plan.state)


def resume(plan: Plan, parts: Mapping[str, Any]) -> int:
    """Take up the saved state; how many steps it has."""
    if not plan.state.exists():
        return 0
    state = torch.load(plan.state, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


class _Log:
    """A line of JSON each fifty steps, at least four a stage: mean losses since the last, rate, norm, pace."""

    def __init__(self, plan: Plan, rank: int) -> None:
        self._path = plan.log if rank == 0 else None
        self._every = max(1, min(50, plan.stage.steps // 4))
        self._sums: dict[str, float] = {}
        self._since, self._steps = time.perf_counter(), 0

    def take(self, step: int, rate: float, norm: float, losses: dict[str, Tensor]) -> None:
        if self._path is None:
            return
        self._steps += 1
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(loss.detach())
        if step % self._every == 0:
            means = {name: round(total / self._steps, 4) for name, total in self._sums.items()}
            pace = round(self._steps / (time.perf_counter() - self._since), 2)
            line = {"step": step, "rate": rate, "norm": round(norm, 3), "steps_per_second": pace, **means}
            with self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")
            self._sums, self._steps, self._since = {}, 0, time.perf_counter()
