"""What was asked, where the data is at hand: question, prompt, options, target, media, and the keys of answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sailbench import data, registry
from sailbench.errors import SailbenchError
from sailbench.models.catalogue import THINKING_TOKENS
from sailbench.report.inert import line
from sailbench.report.runs import Record, Run
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Media, Request, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One sample as a page shows it; `keys` are those that a run's answer may have, by run."""

    shown: Mapping[str, Any]
    keys: tuple[frozenset[str], ...] = ()
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """A task's samples by id, and why there are none."""

    samples: Mapping[str, Asked] = field(default_factory=dict)
    trouble: str = ""


def read_inputs(task: str, runs: Sequence[Run], places: data.Places, files: Sequence[str]) -> Inputs:
    """All the task's samples; a task or rows that are not at hand are told, not failed on."""
    records = [run.records.get(task) for run in runs]
    try:
        own = registry.load(named(task, files))
        samples = [sample for row in data.open_rows(own, places) if (sample := own.read(row)) is not None]
        asked = {sample.id: _asked(own, sample, records) for sample in samples}
    except SailbenchError as error:
        return Inputs(trouble=f"{line(task)}: questions and images are not shown: {line(str(error))}")
    return Inputs(asked)


def named(task: str, files: Sequence[str]) -> str:
    """A task's file among `files`, else its name."""
    return next((name for name in files if Path(name).stem == task), task)


def _asked(task: Task, sample: Sample, records: Sequence[Record | None]) -> Asked:
    request = task.ask(sample)
    shown = {
        "question": sample.question,
        "prompt": [_marked(turn, request.media) for turn in request.turns],
        "choices": dict(sample.choices),
        "target": _target(sample.target),
        "group": dict(sample.group),
        "media": [[medium.kind, medium.digest] for medium in request.media],
    }
    keys = tuple(frozenset(_keys(request, record)) for record in records)
    return Asked(shown=shown, keys=keys, media=sample.media)


def _target(target: Any) -> str:
    return target if isinstance(target, str) else json.dumps(target, ensure_ascii=False, default=str)


def _marked(turn: str, media: Sequence[Media]) -> str:
    """The turn with each place of a medium named; a turn without places has its media in front."""
    pieces = turn.split(MEDIA_MARK)
    names = [f"[{medium.kind} {number}]" for number, medium in enumerate(media, 1)] + ["[media]"] * len(pieces)
    return pieces[0] + "".join(name + piece for name, piece in zip(names, pieces[1:], strict=False))


def _keys(request: Request, record: Record | None) -> Iterator[str]:
    """Every key that the run may have given this request: its summary tells the first sample's sampling only."""
    if record is None or not record.get("sampling"):
        return
    own, first = request.sampling, record["sampling"]
    for most in {own.max_tokens, first["max_tokens"], max(own.max_tokens, THINKING_TOKENS)}:
        sampling = replace(own, thinking=first["thinking"], max_tokens=most)
        yield replace(request, sampling=sampling).key(record["model_fingerprint"])
