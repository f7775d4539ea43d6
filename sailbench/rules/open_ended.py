"""Open-ended replies, which only a judge can weigh. Verdicts are read strictly: what cannot be read grades nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sailbench import judge
from sailbench.aggregate import Aggregate, Mean, Point, mean
from sailbench.families import needs_target
from sailbench.judge import Value
from sailbench.task import Rule
from sailbench.types import Graded, Reply, Sample, Score

UNREADABLE = "the judge's verdict cannot be read"


@dataclass(frozen=True, slots=True)
class Weight:
    """A grade in [0, 1] and its parts."""

    value: float
    parts: Mapping[str, Any] = field(default_factory=dict)


Weigh = Callable[[Sample, Value], Weight | None]
Least = Callable[[Sample], Weight | None]


def nothing(sample: Sample) -> Weight | None:
    return Weight(0.0)


def needs(*rubrics: str) -> Score:
    """Ungraded until judges have spoken."""
    return Score(None, None, f"needs a judge: {', '.join(dict.fromkeys(rubrics))}")


def weighed(rubric: str, weigh: Weigh, least: Least = nothing) -> Rule:
    """The weight of what the judge said; None of it is off the scale, and the reply stays ungraded.

    An empty reply is not worth a question: it gets the `least` weight, unless that is None or a verdict is on record.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        said = reply.text.strip() or None
        if reply.verdict is None:
            own = None if said else least(sample)
            return Score(own.value, None, "an empty reply", own.parts) if own else needs(rubric)
        value = judge.load(rubric).read(reply.verdict)
        own = None if value is None else weigh(sample, value)
        return Score(own.value, said, "the judge's verdict", own.parts) if own else Score(None, None, UNREADABLE)

    return grade


def pooled(name: str) -> Mean:
    """The mean over all values of a part that is a list of values: each counts once, whichever sample it is of.

    A sample without the list counts with its value as often as its `extra["weight"]` says.
    """

    def points(graded: Sequence[Graded]) -> list[Point]:
        return [Point(value, g.cluster) for g in graded for value in _values(name, g)]

    return Mean(points)


def _values(name: str, g: Graded) -> Sequence[float | None]:
    own: Sequence[float | None] = g.score.parts.get(name, ())
    return own or [g.score.value] * int(g.sample.extra.get("weight", 1))


def ratio(over: str, under: str) -> Aggregate:
    """The mean of one part over the mean of another: a ratio of means, not a mean of ratios.

    A sample without the upper part counts there with its value; one without the lower part does not count there.
    """

    def aggregate(graded: Sequence[Graded]) -> float | None:
        upper = mean([g.score.parts.get(over, g.score.value) for g in graded])
        lower = mean([g.score.parts.get(under) for g in graded])
        return 0.0 if upper == 0 else upper / lower if upper is not None and lower else None

    return aggregate
