"""How good a judge is: its verdicts beside labels of people or of a stronger judge, and the score that it distorts.

Sources: Cohen 1960, "A coefficient of agreement for nominal scales" (Educational and Psychological Measurement
20:37-46) and 1968, "Weighted kappa" (Psychological Bulletin 70:213-220); Wilson 1927, "Probable inference, the law of
succession, and statistical inference" (Journal of the American Statistical Association 22:209-212) for intervals of
shares; Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023, "Prediction-powered inference" (Science 382:669-674) and
Angelopoulos, Duchi & Zrnic 2023, "PPI++: Efficient prediction-powered inference" (arXiv 2311.01453) for the corrected
score; Agresti & Min 2005, "Simple improved confidence intervals for comparing matched proportions" (Statistics in
Medicine 24:729-740), for what keeps it honest where a good judge errs on few labelled samples or on none.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from sailbench import stats
from sailbench.errors import DataError
from sailbench.stats.quantiles import normal_quantile, t_quantile
from sailbench.verdicts import Verdict, Verdicts, Word

# Beyond so many standard errors between the judge's means, the labelled samples are no random part of the judged.
APART = 3.0
# Agresti and Min: one half of each pair of outcomes, so that what was not seen in few labels is not taken for certain.
UNSEEN = ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval over `n` samples; no interval where there is no spread to tell it from."""

    value: float
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The mean over all graded samples, on the benchmark's scale, by what is believed. `power` is PPI++'s lambda.

    `apart` is how many standard errors the judge's mean on the labelled samples is from its mean on the others.
    """

    judge_alone: Estimate
    labels_alone: Estimate
    ppi: Estimate
    ppi_tuned: Estimate
    power: float
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A judge beside labels. Sensitivity and specificity are by category, "right" for grades.

    `by_rules` and `unread` count labels of samples that rules graded without the judge, or whose verdict nobody could
    read: they say nothing of the judge. `flips` is the share of verdicts that differed when it was asked again.
    """

    judge: str
    judged: int
    labelled: int
    by_rules: int
    unread: int
    agreement: Estimate
    kappa: Estimate | None
    quadratic_kappa: Estimate | None
    sensitivity: dict[str, Estimate] = field(default_factory=dict)
    specificity: dict[str, Estimate] = field(default_factory=dict)
    flips: Estimate | None = None
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What the judge and the label say of one sample."""

    said: Word
    label: Word
    cluster: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What an audit is asked besides: from which grade on an answer is right, and the score's scale."""

    right: float = 0.5
    scale: float = 1.0


def audit(verdicts: Verdicts, labels: Verdicts, against: Verdicts | None, questions: Questions) -> Audit:
    """Everything there is to say of the judge; DataError where labels and verdicts do not fit together."""
    known = verdicts.matching(labels)
    by_rules = sum(not known[own].judged for own in labels.by_id)
    judged = [own for own in labels.by_id if known[own].judged]
    pairs = [pair for own in judged if (pair := _pair(known[own], labels.by_id[own])) is not None]
    if not pairs:
        raise DataError(f"of {len(labels.by_id)} labelled samples none has a verdict of {verdicts.name} to compare")
    _same_words(verdicts.name, pairs)
    graded = labels.kind == "grades"
    many = graded and len({word for pair in pairs for word in (pair.said, pair.label)}) > 2
    return Audit(
        judge=verdicts.name,
        judged=sum(v.judged and v.value is not None for v in verdicts.by_id.values()),
        labelled=len(pairs),
        by_rules=by_rules,
        unread=len(judged) - len(pairs),
        agreement=share([p.said == p.label for p in pairs], [p.cluster for p in pairs]),
        kappa=_kappa_of(pairs, quadratic=False),
        quadratic_kappa=_kappa_of(pairs, quadratic=True) if many else None,
        sensitivity=_hits(pairs, questions.right, among=True),
        specificity=_hits(pairs, questions.right, among=False),
        flips=flip_rate(verdicts, against) if against is not None else None,
        scores=corrected(verdicts, labels, questions.scale) if graded else None,
    )


def _pair(verdict: Verdict, label: Verdict) -> Pair | None:
    if verdict.value is None or label.value is None:
        return None
    return Pair(verdict.value, label.value, verdict.cluster)


def _same_words(judge: str, pairs: Sequence[Pair]) -> None:
    said, labels = {p.said for p in pairs}, {p.label for p in pairs}
    if isinstance(next(iter(labels)), str) and not said & labels:
        raise DataError(
            f"no label is a word that {judge} ever says: labels are like {sorted(labels, key=str)[0]!r}, "
            f"verdicts like {sorted(said, key=str)[0]!r}"
        )


def share(hits: Sequence[bool], clusters: Sequence[Hashable]) -> Estimate:
    """A share with Wilson's interval. Samples that depend on each other count as fewer (their design effect)."""
    n, value = len(hits), sum(hits) / len(hits)
    clustered = stats.clustered_stderr([float(hit) for hit in hits], clusters)
    alone = value * (1 - value) / (n - 1) if n > 1 else 0.0
    if alone and clustered is not None:
        effective = n * min(1.0, alone / max(clustered**2, 1e-300))
    else:
        effective = len(set(clusters))
    return Estimate(value, wilson(value, effective), n)


def wilson(value: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share among `n`."""
    z = normal_quantile(0.975)
    middle = (value + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(value * (1 - value) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa; None where chance alone agrees always, with one category on both sides."""
    n = len(pairs)
    said, labels = Counter(p.said for p in pairs), Counter(p.label for p in pairs)
    chance = sum(said[word] * labels[word] for word in said) / n**2
    return None if chance == 1 else (sum(p.said == p.label for p in pairs) / n - chance) / (1 - chance)


def quadratic_kappa(pairs: Sequence[Pair]) -> float | None:
    """Cohen's kappa with disagreement weighted by its square, over grades as they are (no bins)."""
    n = len(pairs)
    said, labels = [float(p.said) for p in pairs], [float(p.label) for p in pairs]
    off = math.fsum((a - b) ** 2 for a, b in zip(said, labels, strict=True)) / n
    mean_said, mean_label = math.fsum(said) / n, math.fsum(labels) / n
    # The mean squared difference of all pairs of a verdict and a label, whichever samples they are of.
    chance = math.fsum((a - mean_said) ** 2 for a in said) / n + math.fsum((b - mean_label) ** 2 for b in labels) / n
    chance += (mean_said - mean_label) ** 2
    return None if chance == 0 else 1 - off / chance


def _kappa_of(pairs: Sequence[Pair], quadratic: bool) -> Estimate | None:
    estimate = quadratic_kappa if quadratic else kappa
    value = estimate(pairs)
    if value is None:
        return None
    clusters = [p.cluster for p in pairs]
    stderr = stats.jackknife_stderr(pairs, clusters, estimate)
    if not stderr:
        return Estimate(value, None, len(pairs))
    half = t_quantile(0.975, len(set(clusters)) - 1) * stderr
    return Estimate(value, (max(-1.0, value - half), min(1.0, value + half)), len(pairs))


def _hits(pairs: Sequence[Pair], right: float, among: bool) -> dict[str, Estimate]:
    """How often the judge finds a category where it is (`among`), or does not find it where it is not."""

    def holds(word: Word, category: str) -> bool:
        return word == category if isinstance(word, str) else word >= right

    labels = Counter(p.label if isinstance(p.label, str) else "right" for p in pairs)
    found = {}
    for category, _ in labels.most_common():
        own = [p for p in pairs if holds(p.label, category) is among]
        if own:
            found[category] = share([holds(p.said, category) is among for p in own], [p.cluster for p in own])
    return found


def flip_rate(first: Verdicts, second: Verdicts) -> Estimate:
    """The share of verdicts that are others when the judge is asked again, of those that could be read twice."""
    known = first.matching(second)
    pairs = [_pair(known[own], verdict) for own, verdict in second.by_id.items() if known[own].judged]
    both = [pair for pair in pairs if pair is not None]
    if not both:
        raise DataError(f"{first.name} and {second.name} have no sample in common whose verdict could be read twice")
    return share([p.said != p.label for p in both], [p.cluster for p in both])


@dataclass(slots=True)
class Parts:
    """Graded samples by what is known of them: grades of rules, which stand; verdicts with and without a label."""

    rules: list[tuple[float, str]] = field(default_factory=list)
    labelled: list[tuple[float, float, str]] = field(default_factory=list)  # label, verdict, cluster
    others: list[tuple[float, str]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.rules) + len(self.labelled) + len(self.others)

    @property
    def judged(self) -> float:
        """The share of samples that the judge graded."""
        return 1 - len(self.rules) / self.n


def _parts(verdicts: Verdicts, labels: Verdicts) -> Parts:
    parts = Parts()
    for own, verdict in verdicts.by_id.items():
        label = labels.by_id.get(own)
        if verdict.value is None:
            continue
        if not verdict.judged:
            parts.rules.append((float(verdict.value), verdict.cluster))
        elif label is not None and label.value is not None:
            parts.labelled.append((float(label.value), float(verdict.value), verdict.cluster))
        else:
            parts.others.append((float(verdict.value), verdict.cluster))
    return parts


def corrected(verdicts: Verdicts, labels: Verdicts, scale: float) -> Scores | None:
    """The score with the judge's errors taken out, as labels show them; None with fewer than two clusters of labels.

    It holds if the labelled samples are a random part of the judged. Grades that rules gave without the judge stand.
    """
    parts = _parts(verdicts, labels)
    clusters = len({cluster for *_, cluster in parts.labelled})
    if clusters < 2:
        return None
    drift = Drift.of(parts)

    def estimate(power: float, n: int) -> Estimate:
        value = min(1.0, max(0.0, _corrected_mean(parts, power))) * scale
        return Estimate(value, stats.interval(value, drift.stderr(power) * scale, clusters, scale), n)

    alone = [(float(v.value), v.cluster) for v in verdicts.by_id.values() if v.value is not None]
    return Scores(
        judge_alone=_plain_mean(alone, scale),
        labels_alone=estimate(0.0, len(parts.labelled)),
        ppi=estimate(1.0, parts.n),
        ppi_tuned=estimate(drift.power, parts.n),
        power=drift.power,
        apart=drift.apart,
    )


def _plain_mean(points: Sequence[tuple[float, str]], scale: float) -> Estimate:
    value = _mean([value for value, _ in points]) * scale
    clusters = [cluster for _, cluster in points]
    stderr = stats.clustered_stderr([value * scale for value, _ in points], clusters)
    own = None if stderr is None else stats.interval(value, stderr, len(set(clusters)), scale)
    return Estimate(value, own, len(points))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _corrected_mean(parts: Parts, power: float) -> float:
    """PPI++'s estimate of a mean: `power` times the judge's mean where nobody looked, and what it leaves to labels."""
    seen = _mean([label - power * said for label, said, _ in parts.labelled])
    unseen = power * _mean([said for said, _ in parts.others])
    return parts.judged * (seen + unseen) + (1 - parts.judged) * _mean([value for value, _ in parts.rules])


@dataclass(slots=True)
class Drift:
    """How far each cluster pulls the estimate: `label` minus lambda times `said`. Its square sum is the variance.

    Where every sample is alone this is the variance in the papers, labelled and unlabelled parts added. Where samples
    of one cluster are in both, their pulls are added first.
    """

    label: dict[Hashable, float] = field(default_factory=dict)
    said: dict[Hashable, float] = field(default_factory=dict)
    distance: float = 0.0

    @classmethod
    def of(cls, parts: Parts) -> "Drift":
        own = cls()
        own._labelled(parts)
        own._others(parts)
        own._rules(parts)
        return own

    @property
    def power(self) -> float:
        """The lambda in [0, 1] with the least variance: 0, labels alone, is among those it is chosen from."""
        square = math.fsum(d * d for d in self.said.values())
        product = math.fsum(self.label.get(cluster, 0.0) * d for cluster, d in self.said.items())
        return min(1.0, max(0.0, product / square)) if square else 0.0

    @property
    def apart(self) -> float:
        spread = math.sqrt(math.fsum(d * d for d in self.said.values()))
        return self.distance / spread if spread else 0.0

    def stderr(self, power: float) -> float:
        clusters = self.label.keys() | self.said.keys()
        pulls = [self.label.get(c, 0.0) - power * self.said.get(c, 0.0) for c in clusters]
        return math.sqrt(math.fsum(pull * pull for pull in pulls))

    def _labelled(self, parts: Parts) -> None:
        # Half a sample for each outcome that may not have been seen: two more in all, each alone.
        weighed = [(*own, 1.0) for own in parts.labelled]
        weighed += [(label, said, ("unseen", i), 0.5) for i, (label, said) in enumerate(UNSEEN)]
        n = math.fsum(weight for *_, weight in weighed)
        clusters = len({cluster for *_, cluster in parts.labelled}) + 2
        mean_label = math.fsum(weight * label for label, _, _, weight in weighed) / n
        mean_said = math.fsum(weight * said for _, said, _, weight in weighed) / n
        unit = parts.judged / n * math.sqrt(clusters / (clusters - 1))
        for label, said, cluster, weight in weighed:
            self._pull(cluster, unit * math.sqrt(weight) * (label - mean_label))
            self._lean(cluster, unit * math.sqrt(weight) * (said - mean_said))

    def _others(self, parts: Parts) -> None:
        clusters = len({cluster for _, cluster in parts.others})
        if clusters < 2:
            return
        mean = _mean([said for said, _ in parts.others])
        self.distance = parts.judged * (_mean([said for _, said, _ in parts.labelled]) - mean)
        unit = parts.judged / len(parts.others) * math.sqrt(clusters / (clusters - 1))
        for said, cluster in parts.others:
            self._lean(cluster, -unit * (said - mean))

    def _rules(self, parts: Parts) -> None:
        """What rules graded, and that a sample falls to them or to the judge by chance, too."""
        if not parts.rules:
            return
        mean = _mean([value for value, _ in parts.rules])
        judged = _mean([label for label, _, _ in parts.labelled])
        whole = parts.judged * judged + (1 - parts.judged) * mean
        for value, cluster in parts.rules:
            self._pull(cluster, (value - whole) / parts.n)
        for *_, cluster in (*parts.labelled, *parts.others):
            self._pull(cluster, (judged - whole) / parts.n)

    def _pull(self, cluster: Hashable, amount: float) -> None:
        self.label[cluster] = self.label.get(cluster, 0.0) + amount

    def _lean(self, cluster: Hashable, amount: float) -> None:
        self.said[cluster] = self.said.get(cluster, 0.0) + amount
