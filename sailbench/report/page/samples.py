"""A task's samples as they are stored: grades, answers and judges' replies of every run, side by side."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench import extract
from sailbench.errors import StoreError
from sailbench.report.page.inputs import Inputs
from sailbench.report.runs import Run
from sailbench.store import json_record
from sailbench.types import Media

# The longest text a page holds of one answer or question; the journal has all of it.
MOST_CHARACTERS = 20_000
ABSENT = -1

Lines = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """One run's part of a task: grades by sample, the answers stored for each, what judges said of it."""

    scores: Mapping[str, Lines]
    answers: Mapping[str, Sequence[Lines]]
    verdicts: Mapping[str, Sequence[Lines]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSamples:
    """A task's samples in source order, what each run has of them, and what they were asked."""

    task: str
    title: str
    scale: float
    ids: tuple[str, ...]
    runs: tuple[Stored | None, ...]
    inputs: Inputs

    def media(self) -> Iterator[Media]:
        """The media of these samples, where their data is at hand."""
        for id in self.ids:
            yield from self.inputs.samples[id].media if id in self.inputs.samples else ()

    def index(self) -> dict[str, Any]:
        """What filters need: ids, and by run each sample's grade (None ungraded, -1 absent) and flags."""
        return {
            "task": self.task,
            "title": self.title,
            "scale": self.scale,
            "ids": self.ids,
            "values": [[_value(run, id) for id in self.ids] for run in self.runs],
            "flags": [
                [_flags(run, self._answer(number, id), id) for id in self.ids] for number, run in enumerate(self.runs)
            ],
        }

    def texts(self) -> dict[str, Any]:
        """What is shown of each sample, by its place in `ids`."""
        return {
            "inputs": [_cut(self.inputs.samples[id].shown) if id in self.inputs.samples else None for id in self.ids],
            "answers": [[self._shown(number, id) for id in self.ids] for number in range(len(self.runs))],
        }

    def _answer(self, number: int, id: str) -> Lines | None:
        """The answer that was graded: by its key where the grade or the data tells it, else the latest."""
        run = self.runs[number]
        own = run.answers.get(id, ()) if run else ()
        keys = self._keys(number, id)
        return next((answer for answer in reversed(own) if answer["key"] in keys), own[-1] if own else None)

    def _keys(self, number: int, id: str) -> Collection[str]:
        """The keys that the graded answer may have."""
        run, asked = self.runs[number], self.inputs.samples.get(id)
        key = run.scores[id].get("key") if run and id in run.scores else None
        return {str(key)} if key else asked.keys[number] if asked else ()

    def _shown(self, number: int, id: str) -> dict[str, Any] | None:
        run, answer = self.runs[number], self._answer(number, id)
        if run is None or id not in run.scores:
            return None
        score = run.scores[id]
        found = {"read": score["answer"], "why": score["why"], "parts": score.get("parts") or {}}
        found |= _answered(answer) if answer else {}
        found["verdicts"] = [
            [said.get("judge", ""), said.get("inquiry", ""), _text(said)] for said in run.verdicts.get(id, ())
        ]
        told = answer is not None and answer["key"] in self._keys(number, id)
        # Scores of before they held keys do not say which of several stored answers was graded; the data does.
        found["several"] = 0 if told else max(0, len({own["key"] for own in run.answers.get(id, ())}) - 1)
        return _cut(found)


def stored(task: str, runs: Sequence[Run], inputs: Inputs) -> TaskSamples:
    own = tuple(_stored(run.folder, task) if task in run.records else None for run in runs)
    record = next(run.records[task] for run in runs if task in run.records)
    ids = dict.fromkeys(id for part in own if part for id in part.scores)
    return TaskSamples(
        task=task,
        title=str(record.get("title") or task),
        scale=record.get("scale", 100.0),
        ids=tuple(ids),
        runs=own,
        inputs=inputs,
    )


def _stored(folder: Path, task: str) -> Stored:
    scores = {str(line["id"]): line for line in _lines(folder / f"{task}.scores.jsonl") if "id" in line}
    answers = _by_id(_lines(folder / f"{task}.jsonl"))
    verdicts: dict[str, dict[Any, Lines]] = {}
    for path in sorted(folder.glob(f"{task}.*.jsonl")):
        if path.name != f"{task}.scores.jsonl":
            for id, own in _by_id(_lines(path)).items():
                verdicts.setdefault(id, {}).update({(path.name, said.get("inquiry")): said for said in own})
    return Stored(scores, answers, {id: list(said.values()) for id, said in verdicts.items()})


def _by_id(lines: Iterator[Lines]) -> dict[str, list[Lines]]:
    found: dict[str, list[Lines]] = {}
    for line in lines:
        if {"id", "key", "text"} <= line.keys():
            found.setdefault(str(line["id"]), []).append(line)
    return found


def _lines(path: Path) -> Iterator[Lines]:
    """The records of a JSON Lines file; none where there is no file, and torn lines are passed over."""
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    for line in content.splitlines():
        with suppress(ValueError):
            yield json_record(line)


def _value(run: Stored | None, id: str) -> float | None:
    if run is None or id not in run.scores:
        return ABSENT
    value = run.scores[id]["value"]
    return None if value is None else round(float(value), 4)


def _flags(run: Stored | None, answer: Lines | None, id: str) -> str:
    """t: cut off at the token limit; u: nothing could be read."""
    if run is None or id not in run.scores:
        return ""
    score = run.scores[id]
    cut = "t" if answer is not None and answer.get("finish") == "length" else ""
    return cut + ("u" if score["value"] is not None and score["answer"] is None else "")


def _answered(answer: Lines) -> dict[str, Any]:
    texts = answer["text"] if isinstance(answer["text"], list) else [answer["text"]]
    split = [_thinking(str(text)) for text in texts]
    return {
        "text": [rest for _, rest in split],
        "thinking": [thought for thought, _ in split],
        "finish": answer.get("finish", ""),
        "error": answer.get("error"),
        "tokens": [answer.get("tokens_in", 0), answer.get("tokens_out", 0)],
        "seconds": answer.get("seconds", 0),
    }


def _thinking(text: str) -> tuple[str, str]:
    """The reasoning, with its tags, and what follows it."""
    rest = extract.after_thinking(text)
    return (text.rstrip()[: -len(rest)] if rest else text, rest) if rest != text else ("", text)


def _text(line: Lines) -> str:
    return line["text"] if isinstance(line["text"], str) else "\n".join(map(str, line["text"]))


def _cut(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same record with long texts shortened, which is said where it is done."""
    return {key: _shortened(value) for key, value in content.items()}


def _shortened(content: Any) -> Any:
    if isinstance(content, str) and len(content) > MOST_CHARACTERS:
        left, half = len(content) - MOST_CHARACTERS, MOST_CHARACTERS // 2
        return f"{content[:half]}\n[… {left} characters are left out of this page …]\n{content[-half:]}"
    if isinstance(content, Mapping):
        return _cut(content)
    return [_shortened(value) for value in content] if isinstance(content, list | tuple) else content
