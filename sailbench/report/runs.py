"""What results folders hold: a run is one model's summaries in one folder, and gives a report one column."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError, UsageError
from sailbench.report.inert import line

Record = Mapping[str, Any]
NEEDED = {"task", "model", "value", "n", "ungraded", "unparsed", "truncated", "metrics", "groups", "protocol"}


@dataclass(frozen=True, slots=True)
class Run:
    """`name` heads its column: the model's, with the folder where two runs of one model are compared."""

    name: str
    folder: Path
    records: Mapping[str, Record]


def read_runs(roots: Sequence[Path]) -> tuple[Run, ...]:
    """Every run below these folders, in their order.

    Raises:
        StoreError: a folder without summaries, or a file that is no JSON.
        UsageError: runs whose numbers cannot stand in one row.
    """
    for root in roots:
        if not runs_below([root]):
            raise StoreError(f"no summaries in {root}; give the folder that `sailbench run --out` wrote")
    return runs_below(roots)


def read_run(folder: Path) -> Run:
    """The one run in a model's folder."""
    own = _run(folder)
    if not own.records:
        raise StoreError(f"no summaries in {folder}; give a model's folder as `sailbench run` wrote it")
    return own


def runs_below(roots: Sequence[Path]) -> tuple[Run, ...]:
    """The same, where there may be none."""
    folders = [folder for root in roots for folder in sorted({path.parent for path in root.rglob("*.json")})]
    runs = [_run(folder) for folder in {folder.resolve(): folder for folder in folders}.values()]
    named = _told_apart([run for run in runs if run.records])
    _refuse_mixed_versions(named)
    return named


def _run(folder: Path) -> Run:
    records = [record for path in sorted(folder.glob("*.json")) if (record := _summary(path))]
    return Run(str(records[0]["model"]) if records else "", folder, {str(r["task"]): r for r in records})


def _summary(path: Path) -> Record | None:
    """The summary in a file; None for a JSON file that is something else."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is not a summary: {line(str(error))}") from error
    return record if isinstance(record, dict) and record.keys() >= NEEDED else None


def _told_apart(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The same runs, those of one model named with what tells their folders apart."""
    times = Counter(run.name for run in runs)
    return tuple(run if times[run.name] == 1 else Run(_with_place(run, runs), run.folder, run.records) for run in runs)


def _with_place(run: Run, runs: Sequence[Run]) -> str:
    """The nearest folder above that no other run of this model has at the same height, else the whole path."""
    others = [other.folder.resolve().parts for other in runs if other.name == run.name and other is not run]
    own = run.folder.resolve().parts
    for height in range(1, len(own)):
        if own[-height] not in {parts[-height] for parts in others if len(parts) >= height}:
            return f"{run.name} ({own[-height]})"
    return f"{run.name} ({run.folder})"


def _refuse_mixed_versions(runs: Sequence[Run]) -> None:
    """What a version of a task's scoring gives cannot stand beside another's; grading anew costs nothing."""
    versions: dict[str, dict[Any, Run]] = {}
    for run in runs:
        for task, record in run.records.items():
            versions.setdefault(task, {}).setdefault(record.get("task_version"), run)
    for task, own in versions.items():
        if len(own) > 1:
            told = ", ".join(f"version {version} in {run.folder}" for version, run in own.items())
            raise UsageError(f"{task} was graded by different rules: {told}; grade the older run again (sailbench run)")
