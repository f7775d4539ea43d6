"""The stages one after another, each from what the one before left, and what each gained, scored by sailbench."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recipes.nano import export, rewarded, train
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
    """Every stage for so few steps that all take two minutes."""
    return tuple(
        replace(stage, steps=4 if stage.kind == "rewards" else 40, rows=min(stage.rows, 4)) for stage in STAGES
    )


def run(out: Path, stages: Sequence[Stage], size: Size, seed: int = 0, workers: int = 2) -> None:
    """Train what is not trained yet. A stage's state at its last step says that it is done."""
    base, before = out / "base", None
    if not base.exists():
        export.blank(base, size.width, size.layers)
    for stage in stages:
        plan = Plan(stage=stage, base=base, before=before, folder=out, seed=seed, workers=workers)
        if not plan.done:
            (rewarded.run if stage.kind == "rewards" else train.run)(plan)
        before = plan.state


def after(out: Path, stage: Stage) -> Student:
    """The student as a stage left it."""
    return train.load(out / "base", out / f"{stage.name}.state")


def table(out: Path) -> str:
    """Markdown: a row a stage that is there, a column a smoke task, their mean."""
    lines: list[str] = []
    reached = [stage for stage in STAGES if (out / f"{stage.name}.state").exists()]
    names = [stage.name for stage in STAGES]
    for stage in reached:
        if names.index(stage.name) < names.index(SCORED_FROM):
            continue
        scores = _scores(out, stage)
        if not lines:
            lines = ["| stage | " + " | ".join(scores) + " | mean |", "|---" * (len(scores) + 2) + "|"]
        mean = sum(scores.values()) / len(scores)
        lines.append(
            f"| {stage.name} | " + " | ".join(f"{value:.1f}" for value in scores.values()) + f" | {mean:.1f} |"
        )
    return "\n".join(lines)


def _scores(out: Path, stage: Stage) -> dict[str, float]:
    """sailbench's own scores of the stage's checkpoint, by task."""
    checkpoint = out / "checkpoints" / stage.name
    if not checkpoint.exists():
        export.write(after(out, stage), out / "base", checkpoint)
    asked = ["run", "--model", str(checkpoint), "--tasks", "@smoke", "--out", str(out / "scores")]
    subprocess.run([sys.executable, "-m", "sailbench.cli", *asked], check=True, stdout=subprocess.DEVNULL)
    files = sorted((out / "scores" / stage.name).glob("smoke_*.json"))
    return {file.stem.removeprefix("smoke_"): float(json.loads(file.read_text())["value"]) for file in files}
