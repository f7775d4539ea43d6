"""Error bars of one score: cluster-robust standard errors and intervals.

Sources: Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640), section 2.2, for the clustered standard
error; Cameron & Miller 2015, "A Practitioner's Guide to Cluster-Robust Inference" (Journal of Human Resources
50:317-372), for Student's t with one degree of freedom less than there are clusters; Efron & Tibshirani 1993,
"An Introduction to the Bootstrap", chapter 12, for the bootstrap-t interval; Clopper & Pearson 1934, "The use of
confidence or fiducial limits illustrated in the case of the binomial" (Biometrika 26:404-413), for the ends of the
scale.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from sailbench.stats.quantiles import t_quantile


def components(members: Sequence[Iterable[Hashable]]) -> list[int]:
    """The connected component of each item; items that share any member share a component.

    Components are numbered by their first item. An item without members is alone.
    """
    parent = list(range(len(members)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[Hashable, int] = {}
    for i, own in enumerate(members):
        for member in own:
            a, b = sorted((root(first.setdefault(member, i)), root(i)))
            parent[b] = a
    return [root(i) for i in range(len(members))]


def clustered_stderr(values: Sequence[float], clusters: Sequence[Hashable]) -> float | None:
    """Standard error of the mean of `values` when those of one cluster depend on each other.

    Miller's equation 4 (residual sums by cluster) with the usual G / (G - 1) correction for few clusters; with
    every sample alone it is the sample standard deviation over the root of n. None below two clusters.
    """
    mean = math.fsum(values) / len(values) if values else 0.0
    residual: dict[Hashable, float] = defaultdict(float)
    for value, cluster in zip(values, clusters, strict=True):
        residual[cluster] += value - mean
    if len(residual) < 2:
        return None
    correction = len(residual) / (len(residual) - 1)
    return math.sqrt(correction * math.fsum(r * r for r in residual.values())) / len(values)


def interval(value: float, stderr: float, n: int, scale: float) -> tuple[float, float]:
    """The 95 % interval around `value` from its standard error over `n` clusters, kept within [0, scale].

    Student's t with n - 1 degrees of freedom. At either end of the scale, where `n` equal outcomes have no spread,
    it is the exact (Clopper-Pearson) one: 24 wrong of 24 do not prove that the score is 0.
    """
    if stderr == 0 and value in (0.0, scale):
        far = (1 - 0.025 ** (1 / n)) * scale
        return (0.0, far) if value == 0 else (scale - far, scale)
    half = t_quantile(0.975, max(n - 1, 1)) * stderr
    return max(0.0, value - half), min(scale, value + half)


def bootstrap_interval(
    value: float, points: Sequence[float], scale: float, seed: int = 0, draws: int = 2000
) -> tuple[float, float]:
    """The 95 % bootstrap-t interval around `value`, the mean of independent `points`, kept within [0, scale].

    Points are drawn anew with replacement, so they must be whole clusters: their means, or the pseudo-values of an
    estimate. Samples themselves must not be drawn twice: a unit that is right only as a whole would count once.
    Near an end of the scale it is longer on the far side, where the t interval is too short.
    """
    import numpy as np

    own = np.asarray(points, dtype=np.float64)
    n = len(own)
    stderr = float(own.std(ddof=1)) / math.sqrt(n)
    if stderr == 0:
        return interval(value, 0.0, n, scale)
    drawn = own[np.random.default_rng(seed).integers(0, n, size=(draws, n))]
    spread = drawn.std(axis=1, ddof=1) / math.sqrt(n)
    # A draw of equal points has no spread of its own: it lies infinitely far off, and the limit at the scale's end.
    off = (drawn.mean(axis=1) - own.mean()) / np.maximum(spread, stderr * 1e-9)
    low, high = np.quantile(off, [0.025, 0.975])
    return max(0.0, value - float(high) * stderr), min(scale, value - float(low) * stderr)
