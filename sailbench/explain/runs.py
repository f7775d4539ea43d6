"""One side of an explanation: a run's answers by sample id, from this house's results or from another harness's files.

VLMEvalKit writes a table with columns `index`, `prediction` and, once evaluated, `hit` or `score`, as .xlsx unless
PRED_FORMAT says tsv or json (open-compass/VLMEvalKit@e8e78f05 vlmeval/smp/file.py). lmms-eval writes a line a sample
with `doc_id`, the row's number, `filtered_resps`, `resps` where it differs, and metrics
(EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/loggers/evaluation_tracker.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sailbench import data
from sailbench.errors import DataError, StoreError, UsageError
from sailbench.explain.spreadsheet import read_sheet
from sailbench.gate import sides

# Where VLMEvalKit's evaluated tables keep a sample's value, and what of lmms-eval's lines is no metric.
VALUES = ("hit", "score", "match", "eval_match")
NO_METRIC = {"doc_id", "doc_hash", "target", "resps", "filtered_resps", "token_counts", "input", "input_media"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one run has of one sample; None is what its files do not say.

    `read` says whether they say what was read out of the reply: then an `answer` of None was unreadable.
    `asked` is what tells requests apart: the prompt's text, or a digest of it; `prompt` and `pixels` are digests of the
    two, which compare between models.
    """

    text: str | None = None
    read: bool = False
    answer: str | None = None
    why: str = ""
    value: float | None = None
    finish: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    asked: str | None = None
    prompt: str | None = None
    pixels: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of one task: its summary's facts where there are any, and its answers by id in source order.

    `numbered` says that ids are row numbers, which can stand for another run's ids in the same order.
    """

    name: str
    task: str
    answers: Mapping[str, Answer]
    facts: Mapping[str, Any] = field(default_factory=dict)
    numbered: bool = False


def read_pairs(first: Path, second: Path, tasks: Sequence[str]) -> Iterator[tuple[Run, Run]]:
    """Both sides of every task that both have, or that is named; a file holds one task."""
    folders = [sides.model_folder(path) if path.is_dir() else None for path in (first, second)]
    for task in _tasks(first, second, folders, tasks):
        a, b = (
            of_folder(folder, task) if folder else of_file(path, task)
            for folder, path in zip(folders, (first, second), strict=True)
        )
        yield renumbered(a, b), renumbered(b, a)


def _tasks(first: Path, second: Path, folders: Sequence[Path | None], named: Sequence[str]) -> list[str]:
    there = [sides.tasks_in(folder) for folder in folders if folder]
    if not there:
        return [first.stem]
    shared = [task for task in there[0] if all(task in own for own in there)]
    unknown = [task for task in named if task not in shared]
    if unknown or not shared:
        known = ", ".join(shared[:8]) or "none"
        raise UsageError(f"{first} and {second} do not share {', '.join(unknown) or 'a task'} (shared: {known})")
    chosen = list(dict.fromkeys(named)) or shared
    if len(there) == 1 and len(chosen) > 1:
        raise UsageError(f"the folder holds {len(chosen)} tasks and the file one; name it with --task")
    return chosen


def of_folder(folder: Path, task: str) -> Run:
    """A task's results in a model's folder."""
    side = sides.read(folder, task)
    answers = {id: _own(line, side.answers.get(id, {})) for id, line in side.lines.items()}
    return Run(name=str(folder), task=task, answers=answers, facts=side.record)


def _own(line: Mapping[str, Any], said: Mapping[str, Any]) -> Answer:
    text = said.get("text")
    return Answer(
        text="\n".join(map(str, text)) if isinstance(text, list) else text,
        read=True,
        answer=line["answer"],
        why=str(line.get("why", "")),
        value=line["value"],
        finish=str(said.get("finish", "")),
        tokens_in=said.get("tokens_in"),
        tokens_out=said.get("tokens_out"),
        asked=said.get("key"),
        prompt=line.get("prompt"),
        pixels=line.get("pixels"),
    )


def of_file(path: Path, task: str) -> Run:
    """A prediction file of another harness, told by its columns."""
    if not path.exists():
        raise StoreError(f"no {path}: give a results folder, or predictions of VLMEvalKit or lmms-eval")
    rows = list(_rows(path))
    columns = set(rows[0]) if rows else set()
    form = next((form for needed, form in FORMS.items() if needed <= columns), None)
    if form is None:
        have = ", ".join(sorted(map(str, columns))[:8]) or "no rows"
        raise DataError(f"{path} is neither VLMEvalKit's (index, prediction) nor lmms-eval's (doc_id, ...): has {have}")
    return replace(form(rows), name=str(path), task=task)


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix.lower() == ".xlsx":
        return iter(read_sheet(path))
    return (row.columns for row in data.read_table(path))


def _vlmevalkit(rows: Sequence[Mapping[str, Any]]) -> Run:
    answers = {}
    for row in rows:
        value = next((_number(row[name]) for name in VALUES if name in row), None)
        question = row.get("question")
        answers[str(row["index"])] = Answer(
            text=str(row["prediction"]), value=value, asked=None if question is None else str(question)
        )
    return Run(name="", task="", answers=answers)


def _lmms_eval(rows: Sequence[Mapping[str, Any]]) -> Run:
    answers = {}
    for row in rows:
        read = _flat(row["filtered_resps"])
        counts: Mapping[str, Any] = next((own for own in row.get("token_counts") or () if own), {})
        answers[str(row["doc_id"])] = Answer(
            text=_flat(row.get("resps", row["filtered_resps"])),
            read=True,
            answer=read or None,
            why="lmms-eval's filter",
            value=_metric(row),
            tokens_in=counts.get("input_tokens"),
            tokens_out=counts.get("output_tokens"),
            asked=f"{row.get('doc_hash')} {row.get('input')}",
        )
    return Run(name="", task="", answers=answers, numbered=True)


FORMS: Mapping[frozenset[str], Callable[[Sequence[Mapping[str, Any]]], Run]] = {
    frozenset({"doc_id", "filtered_resps"}): _lmms_eval,
    frozenset({"index", "prediction"}): _vlmevalkit,
}


def _flat(replies: Any) -> str:
    """The last text of replies that may be nested."""
    while isinstance(replies, list):
        replies = replies[-1] if replies else ""
    return str(replies)


def _metric(row: Mapping[str, Any]) -> float | None:
    """The first metric that is a number, or holds one as `score`."""
    for name, held in row.items():
        number = held.get("score") if isinstance(held, Mapping) else held
        if name not in NO_METRIC and isinstance(number, int | float):
            return float(number)
    return None


def _number(cell: Any) -> float | None:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def renumbered(run: Run, other: Run) -> Run:
    """A run whose ids are row numbers, with the other's ids in the same order; both must hold every row."""
    if not run.numbered or other.numbered:
        return run
    numbers = sorted(run.answers, key=int)
    if len(numbers) != len(other.answers):
        sizes = f"{len(numbers)} and {len(other.answers)}"
        raise DataError(f"{run.name} tells samples by row number, so both sides must hold all rows (they hold {sizes})")
    return replace(run, answers={id: run.answers[n] for n, id in zip(numbers, other.answers, strict=True)})
