"""Verdicts beside labels: agreement, kappa, sensitivity and specificity, and how often a judge changes its mind.

Sources: Cohen 1960, "A coefficient of agreement for nominal scales" (Educational and Psychological Measurement
20:37-46) and 1968, "Weighted kappa" (Psychological Bulletin 70:213-220); Wilson 1927, "Probable inference, the law of
succession, and statistical inference" (Journal of the American Statistical Association 22:209-212); Korn & Graubard
1998, "Confidence intervals for proportions with small expected number of positive counts estimated from survey data"
(Survey Methodology 24:193-201), for counting samples that depend on each other as fewer.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from sailbench import stats
from sailbench.audit.verdicts import Verdict, Verdicts, Word
from sailbench.errors import DataError
from sailbench.stats.quantiles import normal_quantile, t_quantile


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval over `n` samples; None for one that has no spread to tell it from."""

    value: float
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What the judge and the label say of one sample."""

    said: Word
    label: Word
    cluster: str


def pairs(verdicts: Mapping[str, Verdict], labels: Mapping[str, Verdict]) -> list[Pair]:
    """Every labelled sample whose verdict could be read."""
    found = ((verdicts[own], label.value) for own, label in labels.items())
    return [Pair(v.value, label, v.cluster) for v, label in found if v.value is not None and label is not None]


def share(hits: Sequence[bool], clusters: Sequence[Hashable]) -> Estimate:
    """A share with Wilson's interval; samples that depend on each other count as fewer, by their design effect."""
    n, value = len(hits), sum(hits) / len(hits)
    stderr = stats.clustered_stderr([float(hit) for hit in hits], clusters)
    spread = value * (1 - value) / (n - 1) if n > 1 else 0.0
    effective = n * min(1.0, spread / stderr**2) if stderr else len(set(clusters))
    return Estimate(value, wilson(value, effective), n)


def wilson(value: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `n`."""
    z2 = normal_quantile(0.975) ** 2
    middle = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (value * (1 - value) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def kappa(both: Sequence[Pair]) -> Estimate | None:
    """Cohen's kappa; None where chance alone always agrees, with one category on both sides."""
    return _jackknifed(both, _kappa)


def quadratic_kappa(both: Sequence[Pair]) -> Estimate | None:
    """Cohen's kappa with disagreements weighted by their square, over grades as they are."""
    return _jackknifed(both, _quadratic_kappa)


def _kappa(both: Sequence[Pair]) -> float | None:
    n = len(both)
    said, labels = Counter(p.said for p in both), Counter(p.label for p in both)
    chance = sum(said[word] * labels[word] for word in said)
    agreed = n * sum(p.said == p.label for p in both)
    return None if chance == n * n else (agreed - chance) / (n * n - chance)


def _quadratic_kappa(both: Sequence[Pair]) -> float | None:
    said, labels = [float(p.said) for p in both], [float(p.label) for p in both]
    n, mean_said, mean_label = len(both), math.fsum(said) / len(both), math.fsum(labels) / len(both)
    off = math.fsum((a - b) ** 2 for a, b in zip(said, labels, strict=True)) / n
    # By chance: the mean square over all pairs of a verdict and a label, whichever samples they are of.
    chance = math.fsum((a - mean_said) ** 2 for a in said) / n + math.fsum((b - mean_label) ** 2 for b in labels) / n
    chance += (mean_said - mean_label) ** 2
    return None if chance == 0 else 1 - off / chance


def _jackknifed(both: Sequence[Pair], estimate: Callable[[Sequence[Pair]], float | None]) -> Estimate | None:
    value, clusters = estimate(both), [p.cluster for p in both]
    if value is None:
        return None
    stderr = stats.jackknife_stderr(both, clusters, estimate)
    if not stderr:
        return Estimate(value, None, len(both))
    half = t_quantile(0.975, len(set(clusters)) - 1) * stderr
    return Estimate(value, (max(-1.0, value - half), min(1.0, value + half)), len(both))


def recall(both: Sequence[Pair], right: float, where: bool) -> dict[str, Estimate]:
    """By category, how often the judge sees it where it is; not `where`: how often it sees none where it is not.

    Of grades the one category is "right", from `right` on.
    """
    labels = Counter(p.label if isinstance(p.label, str) else "right" for p in both)
    found = {}
    for category, _ in labels.most_common():
        own = [p for p in both if _is(p.label, category, right) is where]
        if own:
            found[category] = share([_is(p.said, category, right) is where for p in own], [p.cluster for p in own])
    return found


def _is(word: Word, category: str, right: float) -> bool:
    return word == category if isinstance(word, str) else word >= right


def flip_rate(first: Verdicts, second: Verdicts) -> Estimate:
    """The share of verdicts that differ when a judge is asked again, among those that could be read both times."""
    known = first.matching(second)
    both = pairs(known, {own: verdict for own, verdict in second.by_id.items() if known[own].judged})
    if not both:
        raise DataError(f"no sample has a verdict that can be read in both {first.name} and {second.name}")
    return share([p.said != p.label for p in both], [p.cluster for p in both])
