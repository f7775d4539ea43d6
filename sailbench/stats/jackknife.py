"""Error bars of what is no plain mean, by leaving clusters out of it, one block of them at a time.

Sources: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 11, for the jackknife and its
pseudo-values; Wolter 2007, "Introduction to Variance Estimation", chapter 4, for leaving out random blocks of clusters.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from sailbench.stats.errors import clustered_stderr

T = TypeVar("T")
BLOCKS = 200


def blocks(clusters: Sequence[Hashable], most: int = BLOCKS) -> dict[Hashable, int]:
    """Each cluster's block: its own, or above `most` clusters a random one (seeded, so it is reproducible)."""
    names = list(dict.fromkeys(clusters))
    random.Random(0).shuffle(names)
    number = min(most, len(names))
    return {name: i % number for i, name in enumerate(names)}


def pseudo_values(
    items: Sequence[T],
    clusters: Sequence[Hashable],
    estimate: Callable[[Sequence[T]], float | None],
    most: int = BLOCKS,
) -> list[float] | None:
    """The jackknife's pseudo-values of any `estimate` of `items`: what each block adds to it, by leaving it out.

    They behave like independent observations whose mean is the estimate. None when fewer than two clusters, or an
    estimate that cannot be had without one of them.
    """
    block_of = blocks(clusters, most)
    block = [block_of[cluster] for cluster in clusters]
    number = len(set(block))
    if number < 2:
        return None
    left = (estimate([item for item, own in zip(items, block, strict=True) if own != b]) for b in range(number))
    return _pseudo(estimate(items), left, number)


def pseudo_values_of_sums(
    terms: Iterable[tuple[Hashable, Hashable, float]],
    clusters: Sequence[Hashable],
    estimate: Callable[[Mapping[Hashable, float]], float | None],
    most: int = BLOCKS,
) -> list[float] | None:
    """The same of an `estimate` from named sums, of which a term adds (cluster, name, amount): added up only once."""
    block_of = blocks(clusters, most)
    number = len(set(block_of.values()))
    if number < 2:
        return None
    whole: dict[Hashable, float] = defaultdict(float)
    own: list[dict[Hashable, float]] = [defaultdict(float) for _ in range(number)]
    for cluster, name, amount in terms:
        whole[name] += amount
        own[block_of[cluster]][name] += amount
    left = (estimate({name: held - out.get(name, 0.0) for name, held in whole.items()}) for out in own)
    return _pseudo(estimate(whole), left, number)


def _pseudo(whole: float | None, left: Iterable[float | None], number: int) -> list[float] | None:
    found: list[float] = []
    for value in left:
        if value is None or whole is None:
            return None
        found.append(number * whole - (number - 1) * value)
    return found


def jackknife_stderr(
    items: Sequence[T],
    clusters: Sequence[Hashable],
    estimate: Callable[[Sequence[T]], float | None],
    most: int = BLOCKS,
) -> float | None:
    """Standard error of any `estimate` of `items`: that of the mean of its pseudo-values."""
    pseudo = pseudo_values(items, clusters, estimate, most)
    return None if pseudo is None else clustered_stderr(pseudo, range(len(pseudo)))
