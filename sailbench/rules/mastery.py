"""What a model masters: composite problems and, asked apart, the steps they are made of.

A problem (a unit) is mastered when it and its steps are right; with right steps alone it is inadequately generalized
(half a point), with a wrong step insufficiently known, and solved in spite of wrong steps it was learnt by rote.
Strictly one wrong step is enough for that, loosely all must be wrong. We-Math/We-Math@a57a0e8
evaluation/four_dimensional_metrics.py and accuracy.py, where a step that was not asked would be neither right nor wrong
and the problem keep its point: here it is wrong, as an answer that is missing is.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sailbench.aggregate import Aggregate, Mean, Point, by_unit, each, mean
from sailbench.types import Graded

WHOLE = "multi"


@dataclass(frozen=True, slots=True)
class Problem:
    """The grades of a problem's steps and of the problem itself; None for what could not be graded."""

    steps: tuple[float | None, ...]
    whole: float | None
    cluster: str

    def credit(self, loose: bool) -> float | None:
        """None if it depends on what could not be graded: more right answers never give less."""
        worst, best = (self._credit(loose, fill) for fill in (0.0, 1.0))
        return worst if worst == best else None

    def _credit(self, loose: bool, fill: float) -> float:
        *steps, whole = (fill if value is None else value for value in (*self.steps, self.whole))
        if whole < 1:
            return 0.5 if all(steps) else 0.0
        return float(any(steps) if loose else all(steps))


def problems(graded: Sequence[Graded]) -> list[Problem]:
    """Each unit as one problem; `extra` has a sample's `step` ("1", "2", ... or "multi") and the number of `steps`."""
    units: dict[str, dict[str, Graded]] = defaultdict(dict)
    for g in graded:
        units[by_unit(g)][str(g.sample.extra["step"])] = g
    return [_problem(unit) for unit in units.values()]


def _problem(unit: Mapping[str, Graded]) -> Problem:
    own = next(iter(unit.values()))
    names = [*(str(k) for k in range(1, int(own.sample.extra["steps"]) + 1)), WHOLE]
    *steps, whole = (unit[name].score.value if name in unit else 0.0 for name in names)
    return Problem(tuple(steps), whole, own.cluster)


def credits(loose: bool = False) -> Mean:
    """The final score: the mean credit of a problem."""
    return Mean(lambda graded: [Point(p.credit(loose), p.cluster) for p in problems(graded)])


def share(kind: Callable[[Problem], bool], among: Callable[[Problem], bool] = lambda _: True) -> Aggregate:
    """The share of problems of a kind among the wholly graded ones that `among` lets in."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        known = [p for p in problems(graded) if None not in (*p.steps, p.whole) and among(p)]
        return mean([float(kind(p)) for p in known])

    return aggregate


def insufficient(p: Problem) -> bool:
    return not p.whole and not all(p.steps)


def inadequate(p: Problem) -> bool:
    return not p.whole and all(p.steps)


def mastered(p: Problem) -> bool:
    return bool(p.whole) and all(p.steps)


def mastered_loosely(p: Problem) -> bool:
    return bool(p.whole) and any(p.steps)


def by_rote(p: Problem) -> bool:
    return bool(p.whole) and not all(p.steps)


def by_rote_loosely(p: Problem) -> bool:
    return bool(p.whole) and not any(p.steps)


def solved(p: Problem) -> bool:
    return bool(p.whole)


# The authors' names. Learning by rote is counted among the solved problems, all else among all.
CLASSES: Mapping[str, Aggregate] = {
    "insufficient knowledge": share(insufficient),
    "inadequate generalization": share(inadequate),
    "complete mastery": share(mastered),
    "rote memorization": share(by_rote, solved),
    "complete mastery (loose)": share(mastered_loosely),
    "rote memorization (loose)": share(by_rote_loosely, solved),
}


def step_accuracy() -> Mean:
    """Over all steps, whatever problem they belong to."""
    return Mean(lambda graded: each([g for g in graded if g.sample.extra["step"] != WHOLE]))


def whole_accuracy(steps: int) -> Mean:
    """Over the problems of so many steps, themselves."""
    return Mean(lambda graded: each([g for g in graded if _is_whole(g, steps)]))


def _is_whole(g: Graded, steps: int) -> bool:
    return bool(g.sample.extra["step"] == WHOLE and g.sample.extra["steps"] == steps)


def concept_accuracy(concepts: Sequence[str]) -> Aggregate:
    """The mean over these concepts of the accuracy over the steps that need each."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        steps: dict[str, list[float | None]] = {concept: [] for concept in concepts}
        for g in graded:
            if g.sample.extra["step"] != WHOLE and g.sample.extra["concept"] in steps:
                steps[g.sample.extra["concept"]].append(g.score.value)
        return mean([mean(values) for values in steps.values()])

    return aggregate
