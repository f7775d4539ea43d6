"""Error bars: cluster-robust standard errors and intervals. Samples that share an image are not independent.

Sources: Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640), section 2.2, for the clustered standard
error; Efron & Tibshirani 1993, chapter 11, for the jackknife.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


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


def jackknife_stderr(
    items: Sequence[T], clusters: Sequence[Hashable], estimate: Callable[[Sequence[T]], float | None], most: int = 200
) -> float | None:
    """Standard error of any `estimate` of `items`, by leaving out a cluster at a time.

    Above `most` clusters, random blocks of clusters are left out instead (seeded, so it is reproducible).
    None when fewer than two clusters, or an estimate that cannot be had without one of them.
    """
    names = list(dict.fromkeys(clusters))
    if len(names) < 2:
        return None
    random.Random(0).shuffle(names)
    blocks = min(most, len(names))
    block_of = {name: i % blocks for i, name in enumerate(names)}
    block = [block_of[cluster] for cluster in clusters]
    left: list[float] = []
    for b in range(blocks):
        value = estimate([item for item, own in zip(items, block, strict=True) if own != b])
        if value is None:
            return None
        left.append(value)
    mean = math.fsum(left) / blocks
    return math.sqrt((blocks - 1) / blocks * math.fsum((v - mean) ** 2 for v in left))


def interval(value: float, stderr: float, n: int, scale: float) -> tuple[float, float]:
    """The 95 % interval around `value`, kept within [0, scale]: normal, from the standard error.

    At either end of the scale, where `n` equal outcomes have no spread, it is the exact (Clopper-Pearson) one:
    24 wrong of 24 do not prove that the score is 0.
    """
    if stderr == 0 and value in (0.0, scale):
        far = (1 - 0.025 ** (1 / n)) * scale
        return (0.0, far) if value == 0 else (scale - far, scale)
    half = 1.959964 * stderr
    return max(0.0, value - half), min(scale, value + half)
