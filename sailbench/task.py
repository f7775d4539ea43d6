"""A task: where a benchmark's rows come from, how one is asked, how a reply is scored, how scores are summarized."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sailbench import stats
from sailbench.aggregate import SAMPLES, Aggregate, Mean
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

    def summarize(self, graded: Sequence[Graded]) -> Summary:
        """One leaderboard row from every sample's grade; percent is made here and nowhere else."""
        ungraded = sum(g.score.value is None for g in graded)
        value, stderr = self._estimate(self.headline, graded)
        low, high = (self.headline([_as_if(g, v) for g in graded]) for v in (0.0, 1.0))
        return Summary(
            value=value,
            n=len(graded) - ungraded,
            ungraded=ungraded,
            unparsed=sum(g.score.unparsed for g in graded),
            truncated=sum(g.finish == "length" for g in graded),
            stderr=stderr,
            interval=self._interval(value, stderr, len({g.cluster for g in graded if g.score.value is not None})),
            bounds=None if low is None or high is None else (low * self.scale, high * self.scale),
            groups=self._groups(graded),
            metrics={name: self._scaled(metric(graded)) for name, metric in self.metrics.items()},
        )

    def _interval(self, value: float | None, stderr: float | None, clusters: int) -> tuple[float, float] | None:
        return None if value is None or stderr is None else stats.interval(value, stderr, clusters, self.scale)

    def _scaled(self, value: float | None) -> float | None:
        return None if value is None else value * self.scale

    def _estimate(self, aggregate: Aggregate, graded: Sequence[Graded]) -> tuple[float | None, float | None]:
        """The aggregate and its standard error, scaled: closed form for means, else the jackknife."""
        if isinstance(aggregate, Mean):
            points = [p for p in aggregate.points(graded) if p.value is not None]
            stderr = stats.clustered_stderr(
                [p.value for p in points if p.value is not None], [p.cluster for p in points]
            )
        else:
            stderr = stats.jackknife_stderr(graded, [g.cluster for g in graded], aggregate)
        return self._scaled(aggregate(graded)), self._scaled(stderr)

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
        value, stderr = self._estimate(self.headline, graded)
        return {"value": value, "n": sum(g.score.value is not None for g in graded), "stderr": stderr}


def _as_if(graded: Graded, value: float) -> Graded:
    """The same sample with a grade of `value` where it has none."""
    return replace(graded, score=replace(graded.score, value=value)) if graded.score.value is None else graded


def one_turn(sample: Sample, text: str) -> Request:
    """The usual request: one turn about the sample's media, default sampling."""
    return Request(turns=(text,), media=sample.media)
