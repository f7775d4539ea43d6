"""From many scores to one number: plain means, means over units, means of group means.

An aggregate takes graded samples and returns a number, usually in [0, 1], or None when there is nothing to average.
Ungraded samples (value None) are left out; what that hides is shown by the summary's bounds.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

from sailbench.types import Graded, Sample, Score

Aggregate = Callable[[Sequence[Graded]], float | None]
Totals = Mapping[Hashable, float]
# What is longer, in characters or in members, is a benchmark's text: no aggregate counts by it.
LONGEST, MOST = 80, 16


class Term(NamedTuple):
    """What a cluster adds to the sum of a name."""

    cluster: str
    name: Hashable
    amount: float


@dataclass(frozen=True, slots=True)
class Sums:
    """A function of sums over samples. A class, so that error bars can leave clusters out without adding up anew."""

    terms: Callable[[Sequence[Graded]], Iterable[Term]]
    value: Callable[[Totals], float | None]

    def __call__(self, graded: Sequence[Graded]) -> float | None:
        return self.value(totals(self.terms(graded)))


def totals(terms: Iterable[Term]) -> Totals:
    sums: dict[Hashable, float] = defaultdict(float)
    for _, name, amount in terms:
        sums[name] += amount
    return sums


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that counts once: a sample, or a unit of samples. `value` is None when it could not be graded."""

    value: float | None
    cluster: str


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of points. A class, so that a summary can see that the closed-form standard error applies."""

    points: Callable[[Sequence[Graded]], list[Point]]

    def __call__(self, graded: Sequence[Graded]) -> float | None:
        return mean([p.value for p in self.points(graded)])

    def sums(self) -> Sums:
        """The same mean, as a sum over a count."""
        return Sums(self._terms, lambda held: held["sum"] / held["n"] if held.get("n") else None)

    def _terms(self, graded: Sequence[Graded]) -> Iterable[Term]:
        for value, cluster in ((p.value, p.cluster) for p in self.points(graded)):
            if value is not None:
                yield Term(cluster, "sum", value)
                yield Term(cluster, "n", 1)


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of those that are not None."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def each(graded: Sequence[Graded]) -> list[Point]:
    """Every sample counts once."""
    return [Point(g.score.value, g.cluster) for g in graded]


def all_right(key: Callable[[Graded], str]) -> Callable[[Sequence[Graded]], list[Point]]:
    """Every unit counts once and is right only if all its samples are; one wrong sample settles it."""

    def points(graded: Sequence[Graded]) -> list[Point]:
        units: dict[str, list[Graded]] = defaultdict(list)
        for g in graded:
            units[key(g)].append(g)
        return [Point(_together([g.score.value for g in unit]), unit[0].cluster) for unit in units.values()]

    return points


def _together(values: Sequence[float | None]) -> float | None:
    if any(v is not None and v < 1 for v in values):
        return 0.0
    return None if any(v is None for v in values) else 1.0


def by_unit(g: Graded) -> str:
    return g.sample.unit or g.sample.id


def part(name: str) -> Aggregate:
    """The mean of a sub-score that rules put into `Score.parts`; samples without it do not count."""

    def points(graded: Sequence[Graded]) -> list[Point]:
        return [Point(g.score.parts[name], g.cluster) for g in graded if name in g.score.parts]

    return Mean(points)


def macro(group: str, inner: Aggregate | None = None) -> Aggregate:
    """The unweighted mean over a grouping's values of the `inner` aggregate (default: the plain mean)."""
    one = inner or SAMPLES

    def places(graded: Sequence[Graded]) -> Mapping[str, list[Graded]]:
        groups: dict[str, list[Graded]] = defaultdict(list)
        for g in graded:
            if group in g.sample.group:
                groups[g.sample.group[group]].append(g)
        return groups

    known = as_sums(one)
    if known is None:
        return lambda graded: mean([one(own) for own in places(graded).values()])
    return _mean_over(places, known)


def _mean_over(places: Callable[[Sequence[Graded]], Mapping[str, list[Graded]]], inner: Sums) -> Sums:
    def terms(graded: Sequence[Graded]) -> Iterable[Term]:
        for place, own in places(graded).items():
            for cluster, name, amount in inner.terms(own):
                yield Term(cluster, (place, name), amount)

    def value(held: Totals) -> float | None:
        return mean([inner.value(own) for own in by_first(held).values()])

    return Sums(terms, value)


def among(holds: Callable[[Graded], bool], inner: Aggregate) -> Aggregate:
    """The `inner` aggregate of the samples that `holds` lets in; of a mean it is a mean, of sums it is of sums."""

    def kept(graded: Sequence[Graded]) -> list[Graded]:
        return [g for g in graded if holds(g)]

    if isinstance(inner, Mean):
        return Mean(lambda graded: inner.points(kept(graded)))
    if isinstance(inner, Sums):
        return Sums(lambda graded: inner.terms(kept(graded)), inner.value)
    return lambda graded: inner(kept(graded))


def within(group: str, place: str, inner: Aggregate | None = None) -> Aggregate:
    """The `inner` aggregate (default: the plain mean) of the samples in one place of a grouping."""
    return among(lambda g: g.sample.group.get(group) == place, inner or SAMPLES)


def as_sums(aggregate: Aggregate) -> Sums | None:
    """The aggregate as a function of sums, if it is one."""
    if isinstance(aggregate, Mean):
        return aggregate.sums()
    return aggregate if isinstance(aggregate, Sums) else None


def mean_of(*aggregates: Aggregate) -> Aggregate:
    """The mean of several aggregates of the same samples."""
    known = [one for one in aggregates if isinstance(one, Sums)]
    if len(known) < len(aggregates):
        return lambda graded: mean([aggregate(graded) for aggregate in aggregates])
    return _mean_of_sums(known)


def _mean_of_sums(aggregates: Sequence[Sums]) -> Sums:
    def terms(graded: Sequence[Graded]) -> Iterable[Term]:
        for number, own in enumerate(aggregates):
            for cluster, name, amount in own.terms(graded):
                yield Term(cluster, (number, name), amount)

    def value(held: Totals) -> float | None:
        apart = by_first(held)
        return mean([own.value(apart.get(number, {})) for number, own in enumerate(aggregates)])

    return Sums(terms, value)


def by_first(held: Totals) -> dict[Hashable, dict[Hashable, float]]:
    """Totals whose names are pairs, by the first of each."""
    apart: dict[Hashable, dict[Hashable, float]] = defaultdict(dict)
    for pair, amount in held.items():
        assert isinstance(pair, tuple), pair
        first, name = pair
        apart[first][name] = amount
    return apart


SAMPLES = Mean(each)
UNITS_ALL_RIGHT = Mean(all_right(by_unit))


def facts(sample: Sample) -> dict[str, Any]:
    """What aggregates may read of a sample, for a line of scores: its groups, and its target and extras if brief."""
    extra = {name: value for name, value in sample.extra.items() if _brief(value)}
    target = {"target": sample.target} if sample.target is not None and _brief(sample.target) else {}
    return {"group": dict(sample.group), **target, **({"extra": extra} if extra else {})}


def _brief(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= MOST and all(not isinstance(one, list | tuple) and _brief(one) for one in value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= LONGEST)


def recalled(line: Mapping[str, Any]) -> Graded:
    """A grade as a line of scores has it: enough of its sample for aggregates, where `facts` are in the line."""
    id, unit = str(line["id"]), str(line.get("unit", ""))
    sample = Sample(
        id=id,
        question="",
        target=line.get("target"),
        group=line.get("group") or {},
        unit="" if unit == id else unit,
        extra=line.get("extra") or {},
    )
    score = Score(line["value"], line["answer"], str(line.get("why", "")), line.get("parts") or {})
    return Graded(sample, score, cluster=str(line.get("cluster", id)))
