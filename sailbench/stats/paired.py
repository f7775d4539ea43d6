"""Two runs on the same samples: the clustered mean of their differences, its limits, and tests against a margin.

Sources: Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640), section 4, for paired differences with
clustered errors; Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach for
assessing the equivalence of average bioavailability" (Journal of Pharmacokinetics and Biopharmaceutics 15:657-680),
for one-sided tests against a margin. Changes are rare, so their mean is skewed and its standard error uncertain: Hall
1992, "On the removal of skewness by transformation" (Journal of the Royal Statistical Society B 54:221-228), mends
the first, and Satterthwaite 1946, "An approximate distribution of estimates of variance components" (Biometrics
Bulletin 2:110-114), gives the t distribution as many degrees of freedom as the estimated variance is worth.

Where fewer than 25 clusters differ the test is exact (`exact`) if every difference is one pair gained or lost. Else
the limits allow for one more changed cluster than was seen, and are as wide without any change as the exact ones.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from sailbench.stats.exact import mcnemar, p_net_above
from sailbench.stats.quantiles import normal_quantile, t_above, t_quantile
from sailbench.stats.sequential import Change

FEW = 25
LEAST_DEGREES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The candidate's values minus the baseline's over shared samples, on [-1, 1]; better is positive.

    `gained` and `lost` count the clusters that are better or worse on the whole, `skewness` is that of the clusters'
    changes around the mean (rare losses make it negative), `degrees` those of freedom. `noise` is by how much whole
    runs of one model differ beyond what their samples' changes explain. `same` says that every answer was the same,
    word for word: then nothing changed, and there is nothing to estimate.

    Of a difference that is no plain mean (`estimated`), `changes` are what blocks of the `counted` clusters add to it,
    and `weight` is by how much more a changed cluster moves it than it would a plain mean.
    """

    changes: tuple[Change, ...]
    mean: float
    stderr: float | None
    gained: int
    lost: int
    skewness: float
    degrees: float
    noise: float = 0.0
    same: bool = False
    estimated: bool = False
    counted: int = 0
    weight: float = 1.0

    @classmethod
    def of(cls, changes: Sequence[Change], same: bool = False) -> "Difference":
        """What clusters' changes amount to: Miller's clustered standard error, as `errors.clustered_stderr`."""
        clusters, n = len(changes), sum(c.size for c in changes)
        mean = math.fsum(c.total for c in changes) / n
        residuals = [c.total - mean * c.size for c in changes]
        square, cube, fourth = (math.fsum(r**k for r in residuals) / clusters for k in (2, 3, 4))
        # An estimated variance has the relative variance (kurtosis - 1) / clusters, a chi-square's mean 2 / degrees.
        worth = 2 * clusters / (fourth / square**2 - 1) if fourth > square**2 else clusters
        return cls(
            changes=tuple(changes),
            mean=mean,
            stderr=math.sqrt(clusters**2 / (clusters - 1) * square) / n if clusters > 1 else None,
            gained=sum(c.total > 0 for c in changes),
            lost=sum(c.total < 0 for c in changes),
            skewness=cube / square**1.5 if square else 0.0,
            degrees=max(1, min(clusters - 1, max(worth, LEAST_DEGREES))),
            same=same,
        )

    @property
    def n(self) -> int:
        return sum(change.size for change in self.changes)

    @property
    def clusters(self) -> int:
        return self.counted or len(self.changes)

    @property
    def few(self) -> bool:
        """Whether too few clusters differ for a normal approximation."""
        return self.gained + self.lost < FEW

    @property
    def method(self) -> str:
        """How limits and p-values are had."""
        if self.same:
            return "same answers"
        if self.stderr is None:
            return "none: one cluster"
        if self.estimated:
            return "t, jackknife, one more change" if self.few else "t, jackknife"
        if not self.few:
            return "t, clustered"
        return "exact" if all(c.size == 1 and c.total in (-1, 0, 1) for c in self.changes) else "t, one more change"

    @property
    def p_changed(self) -> float:
        """Two-sided p-value of "no difference": McNemar's on clusters when few differ, else Student's t."""
        if self.stderr is None or self.few:
            return mcnemar(self.gained, self.lost)
        return min(1.0, 2 * min(self._p_without_noise(0.0, 1), self._p_without_noise(0.0, -1)))

    @property
    def planning_stderr(self) -> float:
        """The standard error to plan with: never less than one more changed sample would give."""
        changed, clusters = self.gained + self.lost, self.clusters
        least = self.weight * math.sqrt((changed + 1) / (clusters + 1) / clusters) * clusters / self.n
        return math.hypot(max(self.stderr or 0.0, least), self.noise)

    def p_above(self, threshold: float) -> float:
        """The p-value of "the mean is at most `threshold`": small when it is proven to be above."""
        return self._p(threshold, 1)

    def p_below(self, threshold: float) -> float:
        """The p-value of "the mean is at least `threshold`"."""
        return self._p(-threshold, -1)

    def lower(self, alpha: float) -> float:
        """The one-sided lower limit of the mean at the level 1 - alpha."""
        return self._limit(alpha, 1)

    def upper(self, alpha: float) -> float:
        return -self._limit(alpha, -1)

    def _p(self, threshold: float, sign: int) -> float:
        """The p-value of "the mean, times `sign`, is at most `threshold`"."""
        if self.noise == 0 or sign * self.mean <= threshold:
            return self._p_without_noise(threshold, sign)
        return _crossing(lambda alpha: self._limit(alpha, sign) > threshold, 1e-9, 0.49)

    def _limit(self, alpha: float, sign: int) -> float:
        """The lower limit of the mean times `sign`; independent errors of samples and of runs add up in squares."""
        if self.same:
            return 0.0
        below = sign * self.mean - self._limit_without_noise(alpha, sign)
        return max(-1.0, sign * self.mean - math.hypot(below, normal_quantile(1 - alpha) * self.noise))

    def _limit_without_noise(self, alpha: float, sign: int) -> float:
        if self.stderr is None:
            return -1.0
        if self.method == "exact":
            return _crossing(lambda t: self._p_without_noise(t, sign) > alpha, -1 + 1e-9, sign * self.mean)
        if self.few:
            return self._limit_of_few(alpha, sign, self.stderr)
        steps = _unskewed(t_quantile(1 - alpha, self.degrees), sign * self.skewness, len(self.changes))
        return sign * self.mean - steps * self.stderr

    def _limit_of_few(self, alpha: float, sign: int, stderr: float) -> float:
        """As if one more cluster had changed, by as much as those that did, or the root of its size if that is more.

        The variance is enlarged so that without any change the limit is -log(alpha) such clusters, which is the
        binomial's (for 0.05 the rule of three).
        """
        clusters, changed = self.clusters, self.gained + self.lost
        square = math.fsum(c.total**2 for c in self.changes) / max(changed, 1)
        one = max(math.sqrt(square), self.weight * math.sqrt(self.n / clusters)) / self.n
        more = max(0.0, -math.log(alpha) - 1) / normal_quantile(1 - alpha)
        return sign * self.mean - one - t_quantile(1 - alpha, clusters - 1) * math.hypot(stderr, more * one)

    def _p_without_noise(self, threshold: float, sign: int) -> float:
        if self.same:
            return 0.0 if threshold < 0 else 1.0
        if self.stderr is None:
            return 1.0
        if self.method == "exact":
            gained, lost = (self.gained, self.lost) if sign > 0 else (self.lost, self.gained)
            return p_net_above(gained, lost, len(self.changes), threshold)
        if self.few:
            return _crossing(lambda alpha: self._limit_without_noise(alpha, sign) > threshold, 1e-9, 0.49)
        if self.stderr == 0:
            return float(sign * self.mean <= threshold)
        steps = (sign * self.mean - threshold) / self.stderr
        return t_above(_skewed(steps, sign * self.skewness, len(self.changes)), self.degrees)


def _skewed(t: float, skewness: float, n: int) -> float:
    """Hall's transformation of a mean's t statistic, monotone in it, whose distribution is nearly symmetric."""
    part = skewness / math.sqrt(n)
    return t + part * (t * t / 3 + 1 / 6) + part**2 * t**3 / 27


def _unskewed(u: float, skewness: float, n: int) -> float:
    """The t statistic that `_skewed` brings to `u`."""
    part = skewness / math.sqrt(n)
    if abs(part) < 1e-9:
        return u
    return 3 / part * (math.cbrt(1 + part * (u - part / 6)) - 1)


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that fails at `low` and holds at `high` begins to hold, from below, to within 1e-6."""
    while high - low > 1e-6:
        middle = (low + high) / 2
        if holds(middle):
            high = middle
        else:
            low = middle
    return low


def difference(
    baseline: Sequence[float], candidate: Sequence[float], clusters: Sequence[Hashable], same: bool = False
) -> Difference:
    """What changed between two runs' values in [0, 1] on the same samples, by cluster."""
    assert len(baseline) == len(candidate) == len(clusters) > 0, (len(baseline), len(candidate), len(clusters))
    own = [b - a for a, b in zip(baseline, candidate, strict=True)]
    return Difference.of(by_cluster(own, clusters), same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What is behind an estimated difference: samples, clusters, and how many of these are better or worse."""

    n: int
    clusters: int
    gained: int
    lost: int
    weight: float = 1.0


def estimated(value: float, pseudo: Sequence[float] | None, behind: Behind, same: bool = False) -> Difference:
    """The difference of two estimates that are no plain means, from its jackknife's pseudo-values.

    Each is put as the total of so many samples that these totals have the estimate as their mean and the jackknife's
    standard error. Without pseudo-values nothing is known of its error.
    """
    blocks = len(pseudo) if pseudo else 1
    middle = math.fsum(pseudo) / blocks if pseudo else value
    sizes = [behind.n // blocks + (i < behind.n % blocks) for i in range(blocks)]
    apart = [(own - middle) * behind.n / blocks for own in pseudo or [value]]
    changes = [Change(value * size + own, size) for size, own in zip(sizes, apart, strict=True)]
    made = Difference.of(changes, same)
    return replace(
        made,
        mean=value,
        gained=behind.gained,
        lost=behind.lost,
        estimated=True,
        counted=behind.clusters,
        weight=behind.weight,
    )


def by_cluster(changes: Sequence[float], clusters: Sequence[Hashable]) -> tuple[Change, ...]:
    """The changes of samples, summed by cluster."""
    totals: dict[Hashable, list[float]] = {}
    for change, cluster in zip(changes, clusters, strict=True):
        totals.setdefault(cluster, []).append(change)
    return tuple(Change(math.fsum(own), len(own)) for own in totals.values())


def run_noise(repeats: Sequence[Difference]) -> float:
    """By how much whole runs of one model differ, beyond what changes of single samples explain.

    `repeats` are repeated runs minus the first. Moments: their mean square, less their squared standard errors, as
    DerSimonian & Laird 1986, "Meta-analysis in clinical trials" (Controlled Clinical Trials 7:177-188), find the
    variance between studies; 0 where the samples' changes explain it all.
    """
    excess = [d.mean**2 - (d.stderr or 0.0) ** 2 for d in repeats]
    return math.sqrt(max(0.0, sum(excess) / len(excess))) if excess else 0.0
