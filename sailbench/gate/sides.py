"""One side of a comparison: what a results folder holds of a task, read whole and never written."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError
from sailbench.store import json_record

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
    lines = {str(line["id"]): line for line in json_lines(folder / f"{task}{SCORES}", ("id", "value", "answer"))}
    return Side(task=task, record=record, lines=lines, answers=answers(folder / f"{task}.jsonl", lines))


def answers(journal: Path, graded: Lines) -> dict[str, Mapping[str, Any]]:
    """The answer to each sample that was graded, by its key; the last one where grades do not tell keys.

    Empty without a journal. A torn last line is passed over, and so is what a judge was asked.
    """
    if not journal.exists():
        return {}
    keys = {id: line["key"] for id, line in graded.items() if "key" in line}
    found = [line for line in json_lines(journal, ("id", "text"), torn=True) if "inquiry" not in line]
    last = {str(line["id"]): line for line in found}
    told = {str(line["id"]): line for line in found if line.get("key") == keys.get(str(line["id"]), "")}
    return {id: line for id, line in (last | told).items() if id in told or id not in keys}


def json_lines(path: Path, needed: tuple[str, ...], torn: bool = False) -> Iterator[Mapping[str, Any]]:
    """The records of a JSON Lines file, each with the keys that are needed."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise StoreError(f"{path} is missing; `sailbench run` writes it") from None
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json_record(line)
            if not set(needed) <= record.keys():
                raise ValueError(f"a line has {', '.join(needed)}")
        except ValueError as error:
            if torn:
                continue
            raise StoreError(f"{path}:{number}: {error}") from error
        yield record
