"""What results folders hold: a run is one model's summaries in one folder, and gives a report one column."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError, UsageError
from sailbench.report.inert import line

Record = Mapping[str, Any]
NEEDED = {"task", "model", "value", "n", "ungraded", "unparsed", "truncated", "metrics", "groups", "protocol"}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _number_or_none(value: Any) -> bool:
    return value is None or _number(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _span(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(_number, value)))


def _groups(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(places, dict) and all(map(_place, places.values())) for places in value.values()
    )


def _place(value: Any) -> bool:
    if not isinstance(value, dict) or not _count(value.get("n")) or not _count(value.get("ungraded", 0)):
        return False
    return all(_number_or_none(value.get(k)) for k in (*ESTIMATED, "bound_low", "bound_high"))


def _judge(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("model"), str | None))


ESTIMATED = ("value", "stderr")
# What files may hold that someone has edited, or that come from elsewhere, is looked at before it is believed.
SHAPES: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("task", "model", "protocol"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("n", "ungraded", "unparsed", "truncated"), _count),
    **dict.fromkeys(("value", "stderr", "seconds", "tokens_in", "tokens_out"), _number_or_none),
    **dict.fromkeys(("interval", "bounds"), _span),
    "scale": lambda value: _number(value) and value > 0,
    "task_version": lambda value: value is None or _count(value),
    "metrics": lambda value: isinstance(value, dict) and all(map(_number_or_none, value.values())),
    "groups": _groups,
    "judge": _judge,
    "ungraded_because": lambda value: value is None or isinstance(value, dict),
}


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
    if not isinstance(record, dict) or not record.keys() >= NEEDED:
        return None
    wrong = next((name for name, fits in SHAPES.items() if name in record and not fits(record[name])), None)
    if wrong is not None:
        raise StoreError(
            f"{path} is not a summary: its {wrong!r} is not what a run writes; `sailbench run` writes it anew"
        )
    return record


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
