"""The stages one after another, each from what the one before left, and what each gained, scored by sailbench."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recipes.nano import export, pack, probe, rewarded, train
from recipes.nano.stages import STAGES, Stage
from recipes.nano.student import Student
from recipes.nano.train import Plan

# Below the first of these there is nothing to score: a tower without words, words without sight.
SCORED_FROM = "adapter"


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    layers: int


FULL, MINIATURE = Size(160, 4), Size(64, 1)


def miniature() -> tuple[Stage, ...]:
    """Every stage for so few steps that all take two minutes, at rates that show something in that time."""
    return tuple(_shortened(stage) for stage in STAGES)


def _shortened(stage: Stage) -> Stage:
    steps, rate = (20, 3e-4) if stage.kind == "rewards" else (40, 1e-3)
    return replace(stage, steps=steps, rows=min(stage.rows, 4), rate=max(stage.rate, rate))


def run(out: Path, stages: Sequence[Stage], size: Size, seed: int = 0, workers: int = 2) -> None:
    """Train what is not trained yet. A stage's state at its last step says that it is done."""
    base, before = out / "base", None
    if not base.exists():
        export.blank(base, size.width, size.layers)
    for stage in stages:
        often = min(200, max(1, stage.steps // 4))
        plan = Plan(stage=stage, base=base, before=before, folder=out, seed=seed, workers=workers, save_every=often)
        if not plan.done:
            (rewarded.run if stage.kind == "rewards" else train.run)(plan)
        before = plan.state


def after(out: Path, stage: Stage) -> Student:
    """The student as a stage left it."""
    return train.load(out / "base", out / f"{stage.name}.state")


def table(out: Path) -> str:
    """Markdown: a row a stage that is there, a column a smoke task, their mean; before it what the parts gained."""
    names = [stage.name for stage in STAGES]
    reached = [stage for stage in STAGES if (out / f"{stage.name}.state").exists()]
    scored = [stage for stage in reached if stage.name in names[names.index(SCORED_FROM) :]]
    lines = [_probed(out, stage) for stage in reached if stage not in scored]
    for stage in scored:
        scores = _scores(out, stage)
        if stage is scored[0]:
            lines += ["", "| stage | " + " | ".join(scores) + " | mean |", "|---" * (len(scores) + 2) + "|"]
        values = [*scores.values(), sum(scores.values()) / len(scores)]
        lines.append(f"| {stage.name} | " + " | ".join(f"{value:.1f}" for value in values) + " |")
    return "\n".join(lines).lstrip("\n")


def _probed(out: Path, stage: Stage) -> str:
    """What a part tells by itself, in percent: the tower of patches, the language model of scenes told in words."""
    student, processor = after(out, stage), pack.processor(out / "base")
    if stage.kind == "patches":
        shares, of = probe.patch_accuracy(student, processor), "patches told right"
    else:
        shares, of = probe.accuracy(student, processor, seen=False), "answers right about scenes in words"
    told = ", ".join(f"{name} {100 * share:.0f}" for name, share in shares.items() if " " not in name)
    return f"`{stage.name}`, % of {of}: {told}"


def _scores(out: Path, stage: Stage) -> dict[str, float]:
    """sailbench's own scores of the stage's checkpoint, by task."""
    checkpoint = out / "checkpoints" / stage.name
    if not checkpoint.exists():
        export.write(after(out, stage), out / "base", checkpoint)
    asked = ["run", "--model", str(checkpoint), "--tasks", "@smoke", "--out", str(out / "scores")]
    subprocess.run([sys.executable, "-m", "sailbench.cli", *asked], check=True, stdout=subprocess.DEVNULL)
    files = sorted((out / "scores" / stage.name).glob("smoke_*.json"))
    return {file.stem.removeprefix("smoke_"): float(json.loads(file.read_text())["value"]) for file in files}
