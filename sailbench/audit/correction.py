"""The score without the judge's errors: prediction-powered inference, from many verdicts and a few labels.

Sources: Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023, "Prediction-powered inference" (Science 382:669-674);
Angelopoulos, Duchi & Zrnic 2023, "PPI++: Efficient prediction-powered inference" (arXiv 2311.01453), for the power
tuning, section 6. Agresti & Min 2005, "Simple improved confidence intervals for comparing matched proportions"
(Statistics in Medicine 24:729-740): two labels are made up for the error bars, half a one of each outcome, because a
good judge errs on few labelled samples or on none, which the papers' normal approximation takes for never.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from sailbench import stats
from sailbench.audit.agreement import Estimate
from sailbench.audit.verdicts import Verdicts

# Label and verdict of each outcome.
MADE_UP = ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The mean over graded samples, on the benchmark's scale, by what is believed. `power` is PPI++'s lambda.

    `apart` is by how many standard errors the judge's mean on labelled samples is off its mean on the others: far
    from 0, the labelled samples are no random part of the judged, and nothing here holds but the judge's own mean.
    """

    judge_alone: Estimate
    labels_alone: Estimate
    ppi: Estimate
    ppi_tuned: Estimate
    power: float
    apart: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A graded sample. `label` is None where nobody looked; `judged` is false where rules graded it."""

    said: float
    label: float | None
    cluster: str
    judged: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """Graded samples by what is known of them: what rules graded stands, verdicts are with a label or without."""

    ruled: Sequence[Seen]
    labelled: Sequence[Seen]
    others: Sequence[Seen]

    @classmethod
    def of(cls, verdicts: Verdicts, labels: Verdicts) -> "Parts":
        seen = []
        for own, verdict in verdicts.by_id.items():
            if verdict.value is not None:
                label = labels.by_id[own].value if own in labels.by_id else None
                known = None if label is None else float(label)
                seen.append(Seen(float(verdict.value), known, verdict.cluster, verdict.judged))
        return cls(
            ruled=[s for s in seen if not s.judged],
            labelled=[s for s in seen if s.judged and s.label is not None],
            others=[s for s in seen if s.judged and s.label is None],
        )

    @property
    def everything(self) -> list[Seen]:
        return [*self.ruled, *self.labelled, *self.others]

    @property
    def judged(self) -> float:
        """The share that the judge graded."""
        return 1 - len(self.ruled) / len(self.everything)

    def mean(self, power: float) -> float:
        """PPI++'s estimate: `power` of the judge's mean where nobody looked, and what labels add to that."""
        seen = _mean([_label(s) - power * s.said for s in self.labelled])
        unseen = power * _mean([s.said for s in self.others])
        return self.judged * (seen + unseen) + (1 - self.judged) * _mean([s.said for s in self.ruled])


def corrected(verdicts: Verdicts, labels: Verdicts, scale: float) -> Scores | None:
    """The score as labels correct it; None with fewer than two clusters of labels."""
    parts = Parts.of(verdicts, labels)
    clusters = len({s.cluster for s in parts.labelled})
    if clusters < 2:
        return None
    pulls = Pulls.of(parts)

    def estimate(power: float, n: int) -> Estimate:
        value = min(1.0, max(0.0, parts.mean(power))) * scale
        return Estimate(value, stats.interval(value, pulls.stderr(power) * scale, clusters, scale), n)

    n = len(parts.everything)
    return Scores(
        judge_alone=_judge_alone(parts.everything, scale),
        labels_alone=estimate(0.0, n - len(parts.others)),
        ppi=estimate(pulls.classic, n),
        ppi_tuned=estimate(pulls.power, n),
        power=pulls.power,
        apart=pulls.apart(parts),
    )


def _judge_alone(seen: Sequence[Seen], scale: float) -> Estimate:
    values, clusters = [s.said * scale for s in seen], [s.cluster for s in seen]
    value, stderr = _mean(values), stats.clustered_stderr(values, clusters)
    own = None if stderr is None else stats.interval(value, stderr, len(set(clusters)), scale)
    return Estimate(value, own, len(seen))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _label(seen: Seen) -> float:
    assert seen.label is not None, seen
    return seen.label


@dataclass(slots=True)
class Pulls:
    """How far each cluster pulls the estimate: `label` less lambda times `said`; their square sum is its variance.

    Where every sample is alone, this is the papers' variance: that of labelled and of unlabelled samples, added.
    Without unlabelled samples `said` is empty, and labels alone decide.
    """

    label: dict[Hashable, float] = field(default_factory=dict)
    said: dict[Hashable, float] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Parts) -> "Pulls":
        own = cls()
        own._add_labelled(parts)
        if len({s.cluster for s in parts.others}) < 2:
            own.said.clear()
        own._add_others(parts)
        own._add_ruled(parts)
        return own

    @property
    def classic(self) -> float:
        """The lambda without tuning."""
        return 1.0 if self.said else 0.0

    @property
    def power(self) -> float:
        """The lambda in [0, 1] of least variance. Labels alone are lambda 0, so it is never more than theirs."""
        square = math.fsum(d * d for d in self.said.values())
        product = math.fsum(self.label.get(cluster, 0.0) * d for cluster, d in self.said.items())
        return min(1.0, max(0.0, product / square)) if square else 0.0

    def stderr(self, power: float) -> float:
        pulls = (self.label.get(c, 0.0) - power * self.said.get(c, 0.0) for c in self.label.keys() | self.said.keys())
        return math.sqrt(math.fsum(pull * pull for pull in pulls))

    def apart(self, parts: Parts) -> float:
        spread = math.sqrt(math.fsum(d * d for d in self.said.values()))
        distance = _mean([s.said for s in parts.labelled]) - _mean([s.said for s in parts.others])
        return parts.judged * distance / spread if spread else 0.0

    def _add_labelled(self, parts: Parts) -> None:
        seen: list[tuple[float, float, Hashable, float]] = [(_label(s), s.said, s.cluster, 1.0) for s in parts.labelled]
        seen += [(label, said, ("made up", label, said), 0.5) for label, said in MADE_UP]
        n = math.fsum(weight for *_, weight in seen)
        unit = parts.judged / n * _few(len({s.cluster for s in parts.labelled}) + 2)
        mean_label = math.fsum(weight * label for label, _, _, weight in seen) / n
        mean_said = math.fsum(weight * said for _, said, _, weight in seen) / n
        for label, said, cluster, weight in seen:
            _add(self.label, cluster, unit * math.sqrt(weight) * (label - mean_label))
            _add(self.said, cluster, unit * math.sqrt(weight) * (said - mean_said))

    def _add_others(self, parts: Parts) -> None:
        clusters = len({s.cluster for s in parts.others})
        if clusters < 2:
            return
        mean = _mean([s.said for s in parts.others])
        unit = parts.judged / len(parts.others) * _few(clusters)
        for s in parts.others:
            _add(self.said, s.cluster, -unit * (s.said - mean))

    def _add_ruled(self, parts: Parts) -> None:
        """What rules graded varies too, and how many samples fall to them."""
        if not parts.ruled:
            return
        n, judged = len(parts.everything), _mean([_label(s) for s in parts.labelled])
        whole = parts.judged * judged + (1 - parts.judged) * _mean([s.said for s in parts.ruled])
        for s in parts.everything:
            _add(self.label, s.cluster, ((judged if s.judged else s.said) - whole) / n)


def _few(clusters: int) -> float:
    """The usual correction of a standard error from few clusters."""
    return math.sqrt(clusters / (clusters - 1))


def _add(pulls: dict[Hashable, float], cluster: Hashable, amount: float) -> None:
    pulls[cluster] = pulls.get(cluster, 0.0) + amount
