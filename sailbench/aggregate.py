"""From many scores to one number: plain means, means over units, means of group means.

An aggregate takes graded samples and returns a number, usually in [0, 1], or None when there is nothing to average.
Ungraded samples (value None) are left out; what that hides is shown by the summary's bounds.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sailbench.types import Graded

Aggregate = Callable[[Sequence[Graded]], float | None]


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

    def aggregate(graded: Sequence[Graded]) -> float | None:
        groups: dict[str, list[Graded]] = defaultdict(list)
        for g in graded:
            if group in g.sample.group:
                groups[g.sample.group[group]].append(g)
        return mean([one(own) for own in groups.values()])

    return aggregate


def mean_of(*aggregates: Aggregate) -> Aggregate:
    """The mean of several aggregates of the same samples."""
    return lambda graded: mean([aggregate(graded) for aggregate in aggregates])


SAMPLES = Mean(each)
UNITS_ALL_RIGHT = Mean(all_right(by_unit))
