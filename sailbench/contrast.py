"""Two runs on the same samples: how far a task's headline differs between them, with what is known of its error.

What is compared is the task's own headline, made anew from the lines of both runs' scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sailbench import registry, stats
from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT, Aggregate, Mean, as_sums, by_first, recalled
from sailbench.errors import UsageError
from sailbench.task import estimate
from sailbench.types import Graded

Lines = Mapping[str, Mapping[str, Any]]
Sides = tuple[Sequence[Graded], Sequence[Graded]]


class Scored(Protocol):
    """A run of a task: its summary, and its lines of scores by id."""

    @property
    def record(self) -> Mapping[str, Any]: ...

    @property
    def lines(self) -> Lines: ...


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: a number that is made of all samples' grades."""

    name: str
    value: Aggregate

    @property
    def is_mean(self) -> bool:
        """Whether it is a plain mean, so that every cluster has a change of its own."""
        return isinstance(self.value, Mean)


MEASURES = (Measure("samples", SAMPLES), Measure("units, right only as a whole", UNITS_ALL_RIGHT))
# For scores without what the headline is made of, and for a task whose file is not at hand.
OTHER = Measure("samples (the headline is another mean of them)", SAMPLES)
HEADLINE = "the task's headline"
# What a headline meets in lines that lack what it reads.
LACKS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def headline_of(task: str) -> Aggregate | None:
    """The headline of a task, or of a task's file; None for a name that is not bundled."""
    try:
        return registry.load(task).headline
    except UsageError:
        if task.endswith(".py"):
            raise
        return None


def measure_of(headline: Aggregate | None, *sides: Scored) -> Measure:
    """The measure that gives every side's headline value, by computing it anew: the task's own headline if it can."""
    known = [measure for measure in MEASURES if measure.value is headline]
    own = [] if known or headline is None else [Measure(HEADLINE, headline)]
    for measure in (*known, *own, *MEASURES):
        if all(_gives(measure, side) for side in sides):
            return measure
    return OTHER


def _gives(measure: Measure, side: Scored) -> bool:
    value, scale = side.record["value"], float(side.record["scale"])
    try:
        own = measure.value([recalled(line) for line in side.lines.values()])
    except LACKS:
        return False
    return value is not None and own is not None and abs(own * scale - value) < 1e-6 * scale


def shared(ids: Sequence[str], baseline: Lines, candidate: Lines) -> Sides:
    """The grades of both runs of these samples, whose clusters hold whatever belongs together on either side."""
    clusters = joined_clusters({id: baseline[id] for id in ids}, candidate)
    old, new = ([_recalled(lines[id], clusters[id]) for id in ids] for lines in (baseline, candidate))
    return old, new


def _recalled(line: Mapping[str, Any], cluster: int) -> Graded:
    return replace(recalled(line), cluster=str(cluster))


def joined_clusters(lines: Lines, other: Lines) -> dict[str, int]:
    """A number for each sample's cluster: samples that share media, or a unit, on either side, share one."""
    members = [
        [("baseline", own.get("cluster", id)), ("candidate", other.get(id, own).get("cluster", id)), ("unit", unit)]
        for id, own in lines.items()
        for unit in [own.get("unit", id)]
    ]
    return dict(zip(lines, stats.components(members), strict=True))


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two runs' values on the samples that both have graded, and the second's less the first's; better is positive."""

    baseline: float
    candidate: float
    difference: stats.Difference


def contrast(measure: Measure, graded: Sides, better: int, same: bool) -> Contrast | None:
    """How far a measure of two runs differs; None when no sample is graded in both.

    `better` is -1 where lower values are better; `same` says that every answer is the same, word for word.
    """
    return _mean_difference(measure, graded, better, same) or _difference(measure.value, graded, better, same)


def _mean_difference(measure: Measure, graded: Sides, better: int, same: bool) -> Contrast | None:
    """Of a plain mean, from the points that are graded on both sides; None where points have no partner."""
    if not isinstance(measure.value, Mean):
        return None
    sides = [measure.value.points(own) for own in graded]
    if len(sides[0]) != len(sides[1]):
        return None
    both = [
        (a.value, b.value, a.cluster)
        for a, b in zip(*sides, strict=True)
        if a.value is not None and b.value is not None
    ]
    if not both:
        return None
    old, new, cluster = zip(*both, strict=True)
    changed = stats.difference([better * v for v in old], [better * v for v in new], cluster, same)
    return Contrast(sum(old) / len(old), sum(new) / len(new), changed)


def _difference(value: Aggregate, graded: Sides, better: int, same: bool) -> Contrast | None:
    """Of any other number, by the jackknife over the samples that are graded on both sides."""
    both = [(a, b) for a, b in zip(*graded, strict=True) if None not in (a.score.value, b.score.value)]
    old, new = [a for a, _ in both], [b for _, b in both]
    before, after = value(old), value(new)
    if before is None or after is None:
        return None
    pseudo = _pseudo(value, old, new)
    made = None if pseudo is None else [better * own for own in pseudo]
    behind = _behind(value, old, new, better)
    return Contrast(before, after, stats.estimated(better * (after - before), made, behind, same))


def _pseudo(value: Aggregate, old: Sequence[Graded], new: Sequence[Graded]) -> list[float] | None:
    """The jackknife's pseudo-values of the new value less the old one."""
    clusters, sums = [g.cluster for g in old], as_sums(value)
    if sums is None:
        return stats.pseudo_values(
            list(zip(old, new, strict=True)),
            clusters,
            lambda pairs: _less(value([a for a, _ in pairs]), value([b for _, b in pairs])),
        )
    terms = [(c, (side, name), amount) for side in (0, 1) for c, name, amount in sums.terms((old, new)[side])]

    def changed(held: Mapping[Any, float]) -> float | None:
        apart = by_first(held)
        return _less(*(sums.value(apart.get(side, {})) for side in (0, 1)))

    return stats.pseudo_values_of_sums(terms, clusters, changed)


def _less(old: float | None, new: float | None) -> float | None:
    return None if old is None or new is None else new - old


def _behind(value: Aggregate, old: Sequence[Graded], new: Sequence[Graded], better: int) -> stats.Behind:
    """How many clusters changed, and by how much more one moves this number than it would the samples' mean."""
    changes: dict[str, float] = {}
    for a, b in zip(old, new, strict=True):
        assert a.score.value is not None and b.score.value is not None, a.sample.id
        changes[a.cluster] = changes.get(a.cluster, 0.0) + better * (b.score.value - a.score.value)
    own, plain = estimate(value, old).stderr, estimate(SAMPLES, old).stderr
    return stats.Behind(
        n=len(old),
        clusters=len(changes),
        gained=sum(change > 0 for change in changes.values()),
        lost=sum(change < 0 for change in changes.values()),
        weight=max(1.0, own / plain) if own and plain else 1.0,
    )
