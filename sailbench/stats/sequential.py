"""Decide while samples come in: tests that may be looked at as often as one likes and stopped when they have decided.

A gambler bets against a hypothesis. If it holds, no way of betting makes money in expectation, so a fortune of
1 / alpha times the stake turns up with a probability of at most alpha, at whatever time one looks (Ville 1939).

Sources: Waudby-Smith & Ramdas 2023, "Estimating means of bounded random variables by betting" (Journal of the Royal
Statistical Society B 86:1-27, arXiv 2010.09686), section 4, for capital processes of bounded means, here with a
fixed mixture of bets; Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic
confidence sequences" (Annals of Statistics 49:1055-1080), for why looking at every round costs nothing; Vovk & Wang
2021, "E-values: Calibration, combination and applications" (Annals of Statistics 49:1736-1754), for averages of
e-values over tasks that may depend on each other.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# The shares of the most that can be staked which the gambler bets at once, with a part of the capital each.
SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.99)


class Change(NamedTuple):
    """What changed in one cluster: the candidate's values minus the baseline's, summed over `size` samples."""

    total: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is tested: no task worse by more than `margin`. `largest` is each task's largest cluster in samples."""

    margin: float
    alpha: float
    largest: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where a sequential test stood when it stopped; `verdict` is None when the rounds ended before it decided.

    Evidence is the gambler's fortune per stake: `worse` against "no task is worse by more than the margin", and
    `sound`, of the task where it is weakest, against "worse by the margin or more".
    """

    verdict: Literal["regression", "pass"] | None
    rounds: int
    samples: int
    worse: float
    sound: float


@dataclass(slots=True)
class Fortune:
    """The logarithm of the gambler's fortune, one for each share."""

    log: "Array" = field(default_factory=lambda: _zeros())

    def bet(self, payoffs: "Array") -> None:
        """Payoffs are at least -1; the hypothesis says that their mean is at most 0."""
        import numpy as np

        self.log += np.log1p(np.multiply.outer(np.asarray(SHARES), payoffs)).sum(axis=1)

    @property
    def evidence(self) -> float:
        """The mean fortune per stake."""
        import numpy as np

        top = float(self.log.max())
        return math.exp(min(top, 600.0)) * float(np.exp(self.log - top).mean())


def _zeros() -> "Array":
    import numpy as np

    return np.zeros(len(SHARES))


def payoffs(totals: "Array", sizes: "Array", threshold: float, largest: float) -> "Array":
    """What clusters pay a gambler who bets that the mean change a sample is above `threshold`."""
    paid: Array = (totals - threshold * sizes) / ((1 + threshold) * largest)
    return paid


@dataclass(slots=True)
class _Bets:
    """One task's two gamblers: one bets that it is worse by more than the margin, one that it is not."""

    worse: Fortune = field(default_factory=Fortune)
    sound: Fortune = field(default_factory=Fortune)

    def see(self, changes: Sequence[Change], margin: float, largest: int) -> None:
        import numpy as np

        seen = np.asarray(changes, dtype=np.float64).reshape(-1, 2)
        totals, sizes = seen[:, 0], seen[:, 1]
        self.worse.bet(payoffs(-totals, sizes, margin, largest))
        self.sound.bet(payoffs(totals, sizes, -margin, largest))


def watch(rounds: Iterable[Mapping[str, Sequence[Change]]], plan: Plan) -> Outcome:
    """Take rounds of clusters in random order until the evidence decides; what is not taken need not be made.

    A regression is declared falsely with a probability of at most alpha, and so is a pass: "regression" when no task
    is worse by more than the margin, "pass" when any task is worse by the margin or more.
    """
    bets = {name: _Bets() for name in plan.largest}
    number = samples = 0
    worse = sound = 1.0
    for changes in rounds:
        number += 1
        for name, own in changes.items():
            bets[name].see(own, plan.margin, plan.largest[name])
            samples += sum(change.size for change in own)
        worse, sound = _worse(bets), min(own.sound.evidence for own in bets.values())
        if max(worse, sound) >= 1 / plan.alpha:
            break
    decided = max(worse, sound) >= 1 / plan.alpha
    verdict: Literal["regression", "pass"] = "regression" if worse >= sound else "pass"
    return Outcome(verdict=verdict if decided else None, rounds=number, samples=samples, worse=worse, sound=sound)


def _worse(bets: Mapping[str, _Bets]) -> float:
    """The evidence against "no task is worse": half bet on all tasks as one, half spread over them one by one.

    As one they multiply, so tasks are taken not to depend on each other; the pooled fixed-size test does the same.
    """
    joint = Fortune()
    for own in bets.values():
        joint.log += own.worse.log
    apart = sum(own.worse.evidence for own in bets.values()) / len(bets)
    return (joint.evidence + apart) / 2
