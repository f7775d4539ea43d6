"""One side of a comparison: what a results folder holds of a task, read whole and never written."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError

SCORES = ".scores.jsonl"
Lines = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A task's summary, its grades by sample id in source order, and the journal's lines by id where it is kept."""

    task: str
    record: Mapping[str, Any]
    lines: Lines
    answers: Lines = field(default_factory=dict)


def model_folder(folder: Path) -> Path:
    """The folder of one model: this one, or the only one in it that holds results."""
    if _tasks(folder):
        return folder
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and _tasks(path)] if folder.is_dir() else []
    if not inner:
        raise StoreError(f"no results in {folder}: a model's folder holds TASK.json and TASK{SCORES}")
    if len(inner) > 1:
        names = ", ".join(path.name for path in inner[:5])
        raise StoreError(f"{folder} holds {len(inner)} models ({names}); name one, as {inner[0]}")
    return inner[0]


def tasks_in(folder: Path) -> list[str]:
    """The names of the tasks that a model's folder holds grades of."""
    return sorted(_tasks(folder))


def _tasks(folder: Path) -> list[str]:
    return [path.name.removesuffix(SCORES) for path in folder.glob(f"*{SCORES}") if not path.name.startswith(".")]


def read(folder: Path, task: str) -> Side:
    """A task's results in a model's folder; StoreError names the file that is missing or cannot be read."""
    summary = folder / f"{task}.json"
    try:
        record = json.loads(summary.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"{summary} is missing; `sailbench run` writes it") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{summary} is not a summary: {error}") from error
    if not isinstance(record, dict) or not {"task_version", "protocol", "value", "scale"} <= record.keys():
        raise StoreError(f"{summary} is not a summary that `sailbench run` wrote")
    return Side(
        task=task,
        record=record,
        lines={str(line["id"]): line for line in json_lines(folder / f"{task}{SCORES}", ("id", "value", "answer"))},
        answers=answers(folder / f"{task}.jsonl"),
    )


def answers(journal: Path) -> dict[str, Mapping[str, Any]]:
    """The last answer to each sample that a journal holds; empty without one. A torn last line is passed over.

    What the model was asked besides the sample's own question, for a judge, is marked and passed over too.
    """
    if not journal.exists():
        return {}
    found = json_lines(journal, ("id", "text"), torn=True)
    return {str(line["id"]): line for line in found if "inquiry" not in line}


def json_lines(path: Path, needed: tuple[str, ...], torn: bool = False) -> Iterator[Mapping[str, Any]]:
    """The records of a JSON Lines file, each with the keys that are needed."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StoreError(f"{path} is missing; `sailbench run` writes it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {error}") from error
    # Not `splitlines`: answers may hold U+2028 and its like, which end a line for it but not in JSON.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict) or not set(needed) <= record.keys():
                raise ValueError(f"a line has {', '.join(needed)}")
        except ValueError as error:
            if torn:
                continue
            raise StoreError(f"{path}:{number}: {error}") from error
        yield record
