"""Whether two sides can be compared, and their samples side by side.

Samples are matched by task and id; that they mean the same is guaranteed by the task's version, the protocol, the
data's digest and the sampling, which must be equal. (Request keys hold the model's identity, so they cannot match.)
What is compared is the task's own headline, made anew from the lines of both sides' scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sailbench import stats
from sailbench.contrast import Measure, contrast, shared
from sailbench.gate.sides import Lines, Side

# Of the smaller side at least so many samples must be on the other one too.
OVERLAP = 0.95
# The facts of a summary that must be equal; a judge's costs may differ.
FACTS = ("task_version", "protocol", "scale", "higher_is_better")
JUDGE = ("name", "model", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A sample whose value changed, with both answers (what was read; the raw text where nothing could be)."""

    task: str
    id: str
    baseline: float
    candidate: float
    baseline_answer: str | None
    candidate_answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The shared samples of a task as pairs: means of both sides in [0, 1], the difference, what flipped, worst first.

    The difference counts better as positive, also where lower values are better.
    """

    measure: str
    baseline: float
    candidate: float
    difference: stats.Difference
    flips: tuple[Flip, ...]
    gained: int
    lost: int


def differing_facts(baseline: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[str]:
    """What two summaries say of their task that must be equal and is not, with both values."""
    for name in FACTS:
        yield from _unequal(name, baseline.get(name), candidate.get(name))
    digests = [(record.get("data") or {}).get("digest") for record in (baseline, candidate)]
    if None not in digests:
        yield from _unequal("data digest", *digests)
    judges = [record.get("judge") or {} for record in (baseline, candidate)]
    for name in JUDGE:
        yield from _unequal(f"judge {name}", *(judge.get(name) for judge in judges))
    samplings = [record.get("sampling") or {} for record in (baseline, candidate)]
    for name in sorted(samplings[0].keys() | samplings[1].keys()):
        yield from _unequal(f"sampling {name}", *(sampling.get(name) for sampling in samplings))


def _unequal(name: str, baseline: Any, candidate: Any) -> Iterator[str]:
    if baseline != candidate:
        yield f"{name} is {_short(baseline)} in the baseline and {_short(candidate)} in the candidate"


def _short(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 16 else f"{text[:12]}..."


def obstacles(baseline: Side, candidate: Side, most_ungraded: float) -> list[str]:
    """Why these sides cannot be compared; empty when they can."""
    found = list(differing_facts(baseline.record, candidate.record))
    shared = shared_ids(baseline.lines, candidate.lines)
    smaller = min(len(baseline.lines), len(candidate.lines))
    if len(shared) < max(1.0, OVERLAP * smaller):
        known = set(shared)
        alone = next((i for side in (candidate, baseline) for i in side.lines if i not in known), "none")
        sizes = f"{len(baseline.lines)} and {len(candidate.lines)}"
        found.append(f"only {len(shared)} samples of {sizes} are shared (alone: {alone!r})")
        return found
    ungraded = [i for i in shared if not _graded(baseline, candidate, i)]
    if len(ungraded) > most_ungraded * len(shared):
        share = 100 * len(ungraded) / len(shared)
        found.append(
            f"{len(ungraded)} of {len(shared)} samples ({share:.1f} %) are not graded, such as {ungraded[0]!r}"
        )
    return found


def shared_ids(baseline: Lines, candidate: Lines) -> list[str]:
    return [id for id in baseline if id in candidate]


def _graded(baseline: Side, candidate: Side, id: str) -> bool:
    return baseline.lines[id]["value"] is not None and candidate.lines[id]["value"] is not None


def pair(baseline: Side, candidate: Side, measure: Measure) -> Pairs | None:
    """The sides' shared samples as pairs; None when not a single pair is graded."""
    ids = shared_ids(baseline.lines, candidate.lines)
    graded = shared(ids, baseline.lines, candidate.lines)
    better = _better(baseline)
    found = contrast(measure, graded, better, _same(baseline, candidate, ids))
    if found is None:
        return None
    flips = sorted(_flips(baseline, candidate, ids), key=lambda flip: better * (flip.candidate - flip.baseline))
    gains = [better * (flip.candidate - flip.baseline) for flip in flips]
    return Pairs(
        measure=measure.name,
        baseline=found.baseline,
        candidate=found.candidate,
        difference=found.difference,
        flips=tuple(flips),
        gained=sum(gain > 0 for gain in gains),
        lost=sum(gain < 0 for gain in gains),
    )


def _better(side: Side) -> int:
    """The direction of improvement: -1 where lower values are better."""
    return 1 if side.record.get("higher_is_better", True) else -1


def _flips(baseline: Side, candidate: Side, ids: Sequence[str]) -> Iterator[Flip]:
    for id in ids:
        old, new = baseline.lines[id], candidate.lines[id]
        if None not in (old["value"], new["value"]) and old["value"] != new["value"]:
            yield Flip(
                task=baseline.task,
                id=id,
                baseline=old["value"],
                candidate=new["value"],
                baseline_answer=_said(baseline, id),
                candidate_answer=_said(candidate, id),
            )


def _said(side: Side, id: str) -> str | None:
    """The answer that was read; where none could be, what was said."""
    answer = side.lines[id]["answer"]
    return answer if answer is not None or id not in side.answers else str(side.answers[id]["text"])


def _same(baseline: Side, candidate: Side, ids: Sequence[str]) -> bool:
    """Whether every answer is the same: word for word where both journals are kept, else as it was read."""
    for id in ids:
        old, new = baseline.lines[id], candidate.lines[id]
        if old["value"] != new["value"] or old["answer"] != new["answer"]:
            return False
        said = [side.answers[id]["text"] for side in (baseline, candidate) if id in side.answers]
        if len(said) == 2 and said[0] != said[1]:
            return False
    return True
