"""Grading answers that exist already: a benchmark's rows beside a file of predictions, no model needed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench import extract
from sailbench.errors import DataError
from sailbench.rows import Row
from sailbench.run import clusters, score_line
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Score


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of a predictions file; `verdict` is what a judge or extractor once said of it."""

    text: str | None
    id: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class RowGrade:
    """A source row's grade; `graded` is None for a row that is not part of the benchmark."""

    row: Row
    graded: Graded | None


def read_predictions(path: Path) -> list[Prediction]:
    """JSON Lines of {id, prediction} or {prediction}; `text`, as journals have it, will do too."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read predictions {path}: {error}") from error
    return [_prediction(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _prediction(line: str, path: Path, number: int) -> Prediction:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}:{number}: not JSON: {error}") from error
    if not isinstance(record, dict) or not {"prediction", "text"} & record.keys():
        raise DataError(f'{path}:{number}: a line must be like {{"id": "7", "prediction": "B"}}; id may be left out')
    text = record.get("prediction", record.get("text"))
    return Prediction(_text(text), _text(record.get("id")), _text(record.get("judge")))


def _text(value: Any) -> str | None:
    if isinstance(value, list):  # a journal's answers of several turns
        return _text(value[-1]) if value else None
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
    if prediction is None or prediction.text is None:
        return Score(None, None, "no prediction")
    text = extract.after_thinking(prediction.text)
    verdict = prediction.verdict if stored_judge else None
    return task.score(sample, Reply(text, verdict, (text,)), protocol)


def line(grade: RowGrade) -> dict[str, Any]:
    """A row's line of `scores.jsonl`; one that is not part of the benchmark has no value."""
    if grade.graded is None:
        why = "row is not part of this benchmark"
        return {"id": str(grade.row.number), "value": None, "answer": None, "why": why, "parts": {}}
    return score_line(grade.graded)
