"""VLMEvalKit's data sets as tasks, `vlmeval:NAME`: its prompts, its evaluation, our engines, journal and reports.

Everything of the toolkit happens in a child process (`kit`); it grades all answers of a data set at once.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sailbench.aggregate import SAMPLES, Aggregate
from sailbench.data import DataSet, Places, cache_root
from sailbench.data.dataset import Part
from sailbench.data.locks import Guard
from sailbench.errors import DataError
from sailbench.rows import Drawn, Row
from sailbench.task import Card, Task
from sailbench.types import MEDIA_MARK, Graded, Media, Reply, Request, Sample, Sampling, Score, Summary
from sailbench.vlmeval.kit import Kit, Outcome, lmudata

PREFIX = "vlmeval:"
WAITING = "not evaluated by VLMEvalKit yet"
WHOLE = "VLMEvalKit grades this data set as a whole"
# What a report's main number is called, the likeliest first.
MAIN = ("overall", "final score norm", "acc", "accuracy", "score")
CLOSE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged(Drawn):
    """Rows that the toolkit's child process makes."""

    dataset: str

    def opened(self, places: Places) -> DataSet:
        path = Kit.of(self.dataset, places.root).rows(places.offline)
        table = _Prompts(path, (lmudata(places.root / "vlmeval"), _hub_cache()))
        found = DataSet([Part(table, path.parent)], source=f"VLMEvalKit's {self.dataset}", revision=table.version)
        found.guard = Guard.of(places.root, self.dataset, "", accept=True)
        return found


def _hub_cache() -> Path:
    """Where the toolkit keeps videos."""
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub")


class _Prompts:
    """The file that the child wrote; media are taken from `trusted` folders alone."""

    def __init__(self, path: Path, trusted: Sequence[Path]) -> None:
        self.path = path
        self.trusted = tuple(one.absolute() for one in trusted)
        with path.open(encoding="utf-8") as file:
            head, *self._lines = file.read().split("\n")
        self._lines = [line for line in self._lines if line]
        self.version = str(json.loads(head)["version"])

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for line in self._lines:
            record = json.loads(line)
            parts = [(part["type"], self._cell(part)) for part in record["message"]]
            yield {"index": record["index"], "answer": record["answer"], "parts": parts}

    def _cell(self, part: Mapping[str, str]) -> str | Path:
        own = Path(os.path.normpath(part["value"])) if part["type"] != "text" else None
        trusted = own is not None and any(own.is_relative_to(folder) for folder in self.trusted)
        return own if own is not None and trusted else part["value"]


def read(row: Row) -> Sample:
    """A row's message: text around its media, or behind them when they all come first."""
    parts = row["parts"]
    media = [_medium(row, kind, cell) for kind, cell in parts if kind != "text"]
    first = [kind for kind, _ in parts[: len(media)]]
    if "text" in first:
        question = "".join(cell if kind == "text" else MEDIA_MARK for kind, cell in parts)
    else:
        question = "\n".join(cell for kind, cell in parts if kind == "text")
    return Sample(id=row.text("index"), question=question, target=row.text("answer"), media=tuple(media))


def _medium(row: Row, kind: str, cell: Any) -> Media:
    one = Row({"cell": cell}, row.root, row.number)
    one.digest_of = row.digest_of
    (medium,) = one.videos("cell") if kind == "video" else one.images("cell")
    return medium


def ask(sample: Sample) -> Request:
    detail = "frame" if len(sample.media) > 4 or any(m.kind == "video" for m in sample.media) else "normal"
    return Request(
        turns=(sample.question,),
        media=sample.media,
        sampling=Sampling(max_tokens=2048, detail="frame" if detail == "frame" else "normal"),
    )


def waiting(sample: Sample, reply: Reply) -> Score:
    return Score(None, reply.text, WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmevalTask(Task):
    """A task whose samples are graded together, in a child process."""

    kit: Kit
    headline: Aggregate = field(default=SAMPLES)

    def settled(self, graded: Sequence[Graded]) -> list[Graded]:
        outcome = self._outcome(graded)
        if outcome is None:
            return list(graded)
        return [replace(g, score=_score(g, outcome)) for g in graded]

    def summarize(self, graded: Sequence[Graded]) -> Summary:
        """The toolkit's main number; with an interval where that is the mean of samples' values."""
        outcome = self._outcome(graded)
        own = Task.summarize(self, graded)
        if outcome is None:
            return own
        answered = sum(g.score.answer is not None for g in graded)
        main = main_number(outcome.metrics)
        own = replace(own, metrics=dict(outcome.metrics), n=answered, ungraded=len(graded) - answered, unparsed=0)
        if main is None:
            raise DataError(f"VLMEvalKit reports no number for {self.kit.dataset}, only {list(outcome.metrics)[:5]}")
        mean = sum(outcome.samples.values()) / len(outcome.samples) if outcome.samples else None
        if mean is not None and min(abs(main - mean), abs(main / 100 - mean)) < CLOSE:
            return own
        share = all(abs(number) <= 1 for number in outcome.metrics.values())
        return replace(own, value=main * 100 if share else main, stderr=None, interval=None, bounds=None)

    def _outcome(self, graded: Sequence[Graded]) -> Outcome | None:
        answers = {g.sample.id: g.score.answer for g in graded if g.score.answer is not None}
        return self.kit.evaluate(answers) if answers else None


def _score(graded: Graded, outcome: Outcome) -> Score:
    answer = graded.score.answer
    if answer is None:
        return graded.score
    value = outcome.samples.get(graded.sample.id)
    return Score(value, answer, WHOLE if value is None else "VLMEvalKit's evaluation")


def main_number(metrics: Mapping[str, float]) -> float | None:
    """The number that a report is about: by its name, else the first."""
    for word in MAIN:
        for whole in (True, False):
            for name, number in metrics.items():
                last = name.lower().rsplit("|", 1)[-1]
                if last == word if whole else word in name.lower():
                    return number
    return next(iter(metrics.values()), None)


def task(name: str) -> Task:
    """The task of `vlmeval:NAME`. Nothing is run before its rows are asked for."""
    dataset = name.removeprefix(PREFIX)
    kit = Kit.of(dataset, cache_root(os.environ))
    facts = {"family": "vlmeval", "judge": "none", "metric": "VLMEvalKit's own"}
    return VlmevalTask(
        read=read,
        ask=ask,
        rules={"opencompass": waiting},
        sources=(Bridged(rows=tuple, dataset=dataset),),
        name=name,
        card=Card(f"{dataset}, as VLMEvalKit asks and evaluates it", facts),
        kit=kit,
    )
