"""Several tasks at once: p-values that allow for how many are tested, and one mean over all of them.

Sources: Holm 1979, "A simple sequentially rejective multiple test procedure" (Scandinavian Journal of Statistics
6:65-70); Zou & Donner 2008, "Construction of confidence limits about effect measures: a general approach"
(Statistics in Medicine 27:1693-1702), for limits of a sum from limits of its parts, whatever those come from.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from sailbench.stats.paired import Difference


class Limits(NamedTuple):
    """A value between one-sided limits, each at its own level."""

    value: float
    lower: float
    upper: float


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted so that any false rejection at level alpha among all of them has probability alpha."""
    adjusted = [1.0] * len(p_values)
    so_far = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = so_far
    return adjusted


def pooled(strata: Sequence[Difference], alpha: float) -> Limits:
    """The mean over tasks of their mean differences, every task counted once, as leaderboards average them.

    Tasks are strata: each has its own limits (Student's t, or exact where few samples differ), and the distances
    to them add up as independent errors do.
    """
    value = sum(d.mean for d in strata) / len(strata)
    below = math.sqrt(sum((d.mean - d.lower(alpha)) ** 2 for d in strata)) / len(strata)
    above = math.sqrt(sum((d.upper(alpha) - d.mean) ** 2 for d in strata)) / len(strata)
    return Limits(value, value - below, value + above)
