"""A task: where a benchmark's rows come from, how one is asked, how a reply is scored, how scores are summarized."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sailbench import stats
from sailbench.aggregate import SAMPLES, Aggregate, Mean, Sums, mean
from sailbench.rows import Row, Source
from sailbench.types import Graded, Reply, Request, Sample, Score, Summary

Rule = Callable[[Sample, Reply], Score]
PROTOCOLS = ("opencompass", "official")


@dataclass(frozen=True, slots=True)
class Card:
    """What a task file's docstring says of its benchmark: a title, `name: value` facts, prose."""

    title: str
    facts: Mapping[str, str]
    notes: str = ""

    @classmethod
    def parse(cls, docstring: str) -> "Card":
        """First line: title. Then facts, each continued by lines indented further. Then free text."""
        lines = docstring.strip().splitlines() or [""]
        facts: dict[str, str] = {}
        notes: list[str] = []
        last = ""
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon and name.isidentifier() and not notes:
                last = name
                facts[last] = value.strip()
            elif last and line.startswith("    ") and not notes:
                facts[last] += " " + line.strip()
            elif line.strip() or notes:
                notes.append(line)
        return cls(lines[0].strip(), facts, "\n".join(notes).strip())

    def names(self, fact: str) -> tuple[str, ...]:
        """A fact that lists names: "opencompass, paper"."""
        return tuple(part.strip() for part in self.facts.get(fact, "").split(",") if part.strip())


class Estimate(NamedTuple):
    """An aggregate's value and standard error in [0, 1], over so many clusters.

    `pseudo` holds the jackknife's pseudo-values of an aggregate that is no plain mean.
    """

    value: float | None
    stderr: float | None
    clusters: int
    pseudo: list[float] | None = None

    def interval(self, scale: float) -> tuple[float, float] | None:
        """The 95 % interval on the published scale: Student's t for means, else a bootstrap over clusters."""
        if self.value is None or self.stderr is None:
            return None
        if self.pseudo is None or self.stderr == 0:
            return stats.interval(self.value * scale, self.stderr * scale, self.clusters, scale)
        return stats.bootstrap_interval(self.value * scale, [p * scale for p in self.pseudo], scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One benchmark. The registry adds `name` and `card`; everything else is stated by its file.

    `read` returns None for a source row that is not part of the benchmark (dev rows in a dev-and-val file).
    `rules` holds a rule a protocol; a protocol that is missing shares the one that is there. `rubric` names the
    judge file that grades or extracts what rules alone cannot; a rule reads its reply from `Reply.verdict`.
    Values are on [0, 1] until `summarize` brings them to the published `scale`.
    """

    read: Callable[[Row], Sample | None]
    ask: Callable[[Sample], Request]
    rules: Mapping[str, Rule]
    sources: tuple[Source, ...] = ()
    headline: Aggregate = SAMPLES
    metrics: Mapping[str, Aggregate] = field(default_factory=dict)
    scale: float = 100.0
    higher_is_better: bool = True
    rubric: str = ""
    version: int = 1
    name: str = ""
    card: Card = field(default_factory=lambda: Card("", {}))

    @property
    def protocol(self) -> str:
        """The protocol of the headline unless told otherwise: what leaderboards print, where they have the task."""
        return next(p for p in PROTOCOLS if p in self.rules)

    def score(self, sample: Sample, reply: Reply, protocol: str) -> Score:
        return self.rules.get(protocol, self.rules[self.protocol])(sample, reply)

    def settled(self, graded: Sequence[Graded]) -> list[Graded]:
        """The grades when all are known; they are others only where samples are graded together."""
        return list(graded)

    def summarize(self, graded: Sequence[Graded]) -> Summary:
        """One leaderboard row from every sample's grade; percent is made here and nowhere else."""
        ungraded = sum(g.score.value is None for g in graded)
        joined = _joined(graded)
        own = estimate(self.headline, joined)
        low, high = self._bounds(graded)
        return Summary(
            value=self._scaled(own.value),
            n=len(graded) - ungraded,
            ungraded=ungraded,
            unparsed=sum(g.score.unparsed for g in graded),
            truncated=sum(g.finish == "length" for g in graded),
            stderr=self._scaled(own.stderr),
            interval=own.interval(self.scale),
            bounds=None if low is None or high is None else (low * self.scale, high * self.scale),
            groups=self._groups(joined),
            metrics={name: self._scaled(metric(graded)) for name, metric in self.metrics.items()},
        )

    def _scaled(self, value: float | None) -> float | None:
        return None if value is None else value * self.scale

    def _groups(self, graded: Sequence[Graded]) -> dict[str, dict[str, dict[str, float | int | None]]]:
        places: dict[str, dict[str, list[Graded]]] = {}
        for g in graded:
            for grouping, place in g.sample.group.items():
                places.setdefault(grouping, {}).setdefault(place, []).append(g)
        return {
            grouping: {place: self._place(own) for place, own in sorted(within.items())}
            for grouping, within in places.items()
        }

    def _place(self, graded: Sequence[Graded]) -> dict[str, float | int | None]:
        own = estimate(self.headline, graded)
        n = sum(g.score.value is not None for g in graded)
        found = {"value": self._scaled(own.value), "n": n, "stderr": self._scaled(own.stderr)}
        if n == len(graded):
            return found
        low, high = (self._scaled(value) for value in self._bounds(graded))
        return found | {"ungraded": len(graded) - n, "bound_low": low, "bound_high": high}

    def _bounds(self, graded: Sequence[Graded]) -> tuple[float | None, float | None]:
        """The headline if everything ungraded were wrong, and if it were right."""
        low, high = (self.headline([_as_if(g, v) for g in graded]) for v in (0.0, 1.0))
        return low, high


def estimate(aggregate: Aggregate, graded: Sequence[Graded]) -> Estimate:
    """The aggregate with its standard error: closed form for means, else the jackknife."""
    if isinstance(aggregate, Mean):
        points = [(p.value, p.cluster) for p in aggregate.points(graded) if p.value is not None]
        values, own = [value for value, _ in points], [cluster for _, cluster in points]
        return Estimate(mean(values), stats.clustered_stderr(values, own), len(set(own)))
    clusters = [g.cluster for g in graded]
    if isinstance(aggregate, Sums):
        pseudo = stats.pseudo_values_of_sums(aggregate.terms(graded), clusters, aggregate.value)
    else:
        pseudo = stats.pseudo_values(graded, clusters, aggregate)
    stderr = None if pseudo is None else stats.clustered_stderr(pseudo, range(len(pseudo)))
    return Estimate(aggregate(graded), stderr, len(set(clusters)), pseudo)


def _joined(graded: Sequence[Graded]) -> Sequence[Graded]:
    """Samples of one unit depend on each other as those that share media do: they are one cluster too."""
    first: dict[str, str] = {}
    if all(first.setdefault(g.sample.unit, g.cluster) == g.cluster for g in graded if g.sample.unit):
        return graded
    members = [(("cluster", g.cluster), ("unit", g.sample.unit or f"alone {i}")) for i, g in enumerate(graded)]
    return [replace(g, cluster=str(own)) for g, own in zip(graded, stats.components(members), strict=True)]


def _as_if(graded: Graded, value: float) -> Graded:
    """The same sample with a grade of `value` where it has none."""
    return replace(graded, score=replace(graded.score, value=value)) if graded.score.value is None else graded
