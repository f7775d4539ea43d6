"""Verdicts and labels as files have them: JSON Lines of a sample's id and a grade or a word, or a results folder."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sailbench.errors import DataError, StoreError, UsageError
from sailbench.store import folder_name, json_record

Word = float | str
Kind = Literal["grades", "categories"]
# Grades that differ by less were meant to be the same, and came out of other sums.
DIGITS = 9


@dataclass(frozen=True, slots=True)
class Verdict:
    """A grade in [0, 1] or a category of one sample; None if it failed or could not be read.

    `judged` is false where rules graded the sample without asking. Samples of one `cluster` depend on each other.
    """

    value: Word | None
    cluster: str
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one judge, or one labeller, said of many samples, all as grades or all as categories."""

    name: str
    kind: Kind
    by_id: Mapping[str, Verdict]

    def matching(self, others: "Verdicts") -> Mapping[str, Verdict]:
        """These verdicts, if every sample of the `others` is among them and they are of one kind."""
        strangers = [own for own in others.by_id if own not in self.by_id]
        if strangers:
            raise DataError(
                f"{len(strangers)} of {len(others.by_id)} ids in {others.name} are not in {self.name}, such as "
                f"{strangers[0]!r} (ids there look like {next(iter(self.by_id))!r})"
            )
        if self.kind != others.kind:
            raise DataError(f"{others.name} holds {others.kind}, {self.name} holds {self.kind}: nothing to compare")
        return self.by_id


def read_labels(path: Path) -> Verdicts:
    """JSON Lines of {id, label}: a number in [0, 1], true, false, or a word; null is no label."""
    read = _read(path, "label")
    given = {own: label for own, label in read.by_id.items() if label.value is not None}
    if not given:
        raise DataError(f"{path} holds no labels")
    return Verdicts(read.name, read.kind, given)


def read_verdicts(place: Path, task: str, kind: Kind) -> Verdicts:
    """JSON Lines of {id, value}, with `cluster` if samples depend on each other; or what a results folder holds.

    Of a results folder, grades are the samples' values and categories are the answers that were read.
    """
    return _read_results(_results(place, task), task, kind) if place.is_dir() else _read(place, "value")


def _read(path: Path, field: str) -> Verdicts:
    found: dict[str, Verdict] = {}
    for where, record in _records(path):
        if "id" not in record or field not in record:
            raise DataError(f'{where}: a line must be like {{"id": "7", "{field}": 1}}')
        own = str(record["id"])
        if own in found:
            raise DataError(f"{where}: id {own!r} occurs twice")
        found[own] = Verdict(_word(record[field], where), str(record.get("cluster", own)))
    if not found:
        raise DataError(f"{path} is empty")
    return Verdicts(path.name, _kind(path, found), found)


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            where = f"{path}:{number}"
            yield where, _record(line, where)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        return json_record(line)
    except ValueError as error:
        raise DataError(f"{where}: not JSON: {error}") from error


def _word(value: Any, where: str) -> Word | None:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise DataError(
            f"{where}: {json.dumps(value)} is no grade in [0, 1]; give grades as scores.jsonl has them, or words"
        )
    return round(float(value), DIGITS)


def _kind(path: Path, found: Mapping[str, Verdict]) -> Kind:
    words = {isinstance(own.value, str) for own in found.values() if own.value is not None}
    if len(words) > 1:
        raise DataError(f"{path} mixes grades and words; give one or the other")
    return "categories" if words == {True} else "grades"


def _results(place: Path, task: str) -> Path:
    """The model's folder that holds the task's grades: this one, or the only such folder in it."""
    name = f"{task}.scores.jsonl"
    if (place / name).is_file():
        return place
    found = sorted(path.parent for path in place.glob("*/*.scores.jsonl") if path.name == name)
    if not found:
        raise StoreError(f"no {name} in {place}; run the task with a judge first, or give --verdicts FILE")
    if len(found) > 1:
        raise UsageError(f"{place} has {task} of several models; choose one with --verdicts {found[0]}")
    return found[0]


def _read_results(folder: Path, task: str, kind: Kind) -> Verdicts:
    judge, asked = _asked(folder, task)
    found = {}
    for where, record in _records(folder / f"{task}.scores.jsonl"):
        try:
            own, value, answer = str(record["id"]), record["value"], record["answer"]
        except KeyError as error:
            raise DataError(f"{where}: no {error} in a line of scores") from error
        word = _word(value, where) if kind == "grades" else value if value is None else _word(answer, where)
        found[own] = Verdict(word, str(record.get("cluster", own)), own in asked or value is None)
    if not found:
        raise DataError(f"{folder} has no grades of {task}")
    return Verdicts(judge, kind, found)


def _asked(folder: Path, task: str) -> tuple[str, set[str]]:
    """The judges that the grades rest on, and the samples that they were asked about."""
    start, end = f"{task}.", ".jsonl"
    journals = {
        path.name.removeprefix(start).removesuffix(end): path
        for path in sorted(folder.iterdir())
        if path.name.startswith(start) and path.name.endswith(end) and path.name != f"{task}.scores.jsonl"
    }
    name = _judge(folder / f"{task}.json") or "+".join(journals)
    own = {folder_name(one) for one in (name, *name.split("+"))}
    asked = {id for judge, path in journals.items() if judge in own for id in _journalled(path)}
    if not asked:
        raise StoreError(
            f"{folder} holds no verdicts of a judge on {task}; run it with --judge, or give --verdicts FILE"
        )
    return name, asked


def _journalled(path: Path) -> Iterator[str]:
    """The samples of a journal's lines; one that a kill tore is passed over, as everywhere."""
    for line in _lines(path):
        try:
            yield str(json_record(line)["id"])
        except (ValueError, KeyError):
            continue


def _judge(summary: Path) -> str:
    """Who judged, as the summary has it; empty without one."""
    try:
        record = json.loads(summary.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise StoreError(f"{summary} is not a summary: {error}") from error
    judge = record.get("judge") if isinstance(record, dict) else None
    return str(judge["name"]) if isinstance(judge, dict) and "name" in judge else ""
