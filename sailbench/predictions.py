"""Grading answers that exist already: a benchmark's rows beside a file of predictions, no model needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench import extract, layouts
from sailbench.errors import DataError
from sailbench.rows import Row
from sailbench.run import ASIDE, clusters, score_line
from sailbench.store import json_record
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Score

LINE = 'a line must be like {"id": "7", "prediction": "B"}; id may be left out'


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of a predictions file: an answer, or one a turn, and what judges or extractors once said of it.

    A line of a journal is one too: `error` is why there is no answer, and `key` says which request it answers.
    """

    turns: tuple[str, ...]
    id: str | None = None
    error: str | None = None
    key: str | None = None
    verdict: str | None = None
    verdicts: Mapping[str, str] = field(default_factory=dict)

    def reply(self, with_verdicts: bool) -> Reply:
        turns = tuple(extract.after_thinking(turn) for turn in self.turns)
        if not with_verdicts:
            return Reply(turns[-1], None, turns)
        return Reply(turns[-1], self.verdict, turns, self.verdicts)


@dataclass(frozen=True, slots=True)
class RowGrade:
    """A source row's grade; `graded` is None for a row that is not part of the benchmark."""

    row: Row
    graded: Graded | None


def read_predictions(path: Path) -> list[Prediction]:
    """JSON Lines of {id, prediction} or {prediction}; `text`, as journals have it, will do too.

    A prediction may be a list, an answer a turn. `judge` is a verdict, or verdicts by name. VLMEvalKit's tables and
    lmms-eval's logs of samples will do too (`layouts`).
    """
    try:
        content = layouts.as_lines(path) or path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read predictions {path}: {error}") from error
    lines = enumerate(content.split(b"\n"), 1)
    return _told_apart([_prediction(line, f"{path}:{number}") for number, line in lines if line.strip()], path)


def _prediction(line: bytes, where: str) -> Prediction:
    try:
        record = json_record(line)
    except ValueError as error:
        raise DataError(f"{where}: not JSON: {error}; {LINE}") from error
    if not {"prediction", "text"} & record.keys():
        raise DataError(f"{where}: {LINE}")
    said, judged, failure = record.get("prediction", record.get("text")), record.get("judge"), record.get("error")
    turns = said if isinstance(said, list) else [said]
    return Prediction(
        tuple(str(turn) for turn in turns if turn is not None) if failure is None else (),
        _text(record.get("id")),
        _text(failure),
        _text(record.get("key")),
        None if isinstance(judged, dict) else _text(judged),
        {name: str(verdict) for name, verdict in judged.items()} if isinstance(judged, dict) else {},
    )


def _told_apart(predictions: list[Prediction], path: Path) -> list[Prediction]:
    """The same predictions, of which it must be clear whose each is; of a journal's lines for a sample the last counts.

    Asides, which a journal keeps beside the answers, are no predictions.
    """
    by_id: dict[str, Prediction] = {}
    for own in predictions:
        if own.id is None or (own.key is not None and own.id.endswith(ASIDE)):
            continue
        if own.key is None and by_id.get(own.id, own) != own:
            raise DataError(f"{path}: id {own.id!r} occurs twice with different predictions; keep one")
        by_id[own.id] = own
    nameless = sum(own.id is None for own in predictions)
    if by_id and nameless:
        raise DataError(f"{path}: {nameless} predictions have no id and {len(by_id)} have one; give all of them one")
    return predictions if nameless else list(by_id.values())


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def grade_rows(
    task: Task, rows: Sequence[Row], predictions: Sequence[Prediction], protocol: str, stored_judge: bool
) -> list[RowGrade]:
    """Every row's grade, in row order. Predictions with ids are matched by id, others by position."""
    samples = [task.read(row) for row in rows]
    found = matched(samples, predictions)
    own = iter(clusters([sample for sample in samples if sample is not None]))
    grades = []
    for row, sample, prediction in zip(rows, samples, found, strict=True):
        if sample is None:
            grades.append(RowGrade(row, None))
            continue
        score = _grade(task, sample, prediction, protocol, stored_judge)
        grades.append(RowGrade(row, Graded(sample, score, "stop", next(own))))
    return grades


def matched(samples: Sequence[Sample | None], predictions: Sequence[Prediction]) -> list[Prediction | None]:
    """The prediction of each row, None where there is none."""
    if any(p.id is not None for p in predictions):
        return _by_id(samples, predictions)
    if len(predictions) != len(samples):
        raise DataError(
            f"{len(predictions)} predictions without ids for {len(samples)} rows; give one a row, or give each its id"
        )
    return list(predictions)


def _by_id(samples: Sequence[Sample | None], predictions: Sequence[Prediction]) -> list[Prediction | None]:
    by_id = {p.id: p for p in predictions}
    known = {sample.id for sample in samples if sample is not None}
    strangers = [id for id in by_id if id is not None and id not in known]
    if strangers:
        raise DataError(f"{len(strangers)} predictions name no row here, such as id {strangers[0]!r}")
    return [by_id.get(sample.id) if sample else None for sample in samples]


def _grade(task: Task, sample: Sample, prediction: Prediction | None, protocol: str, stored_judge: bool) -> Score:
    if prediction is None or not prediction.turns:
        return Score(None, None, (prediction and prediction.error) or "no prediction")
    return task.score(sample, prediction.reply(with_verdicts=stored_judge), protocol)


def line(grade: RowGrade) -> dict[str, Any]:
    """A row's line of `scores.jsonl`; one that is not part of the benchmark has no value."""
    if grade.graded is None:
        why = "row is not part of this benchmark"
        return {"id": str(grade.row.number), "value": None, "answer": None, "why": why, "parts": {}}
    return score_line(grade.graded)
