"""Decide while samples come in: tests that may be looked at as often as one likes and stopped when they have decided.

A gambler bets against a hypothesis. If it holds, no way of betting makes money in expectation, so a fortune of
1 / alpha times the stake turns up with a probability of at most alpha, at whatever time one looks (Ville 1939).

Why a regression is declared falsely with a probability of at most alpha. The hypothesis is that of T tasks none is
worse by more than the margin. (1) A cluster's payoff has a mean of at most 0 under it, so each share's fortune is a
supermartingale that starts at 1, and so is F, their mean, of each task. (2) So is 1 - q + q F for any fixed q, which
puts a part q of the stake on this task and keeps the rest. (3) Which clusters are asked next is chosen by what was
seen before them alone, and tasks are taken not to depend on each other, as the pooled fixed-size test does; so given
the past the mean of the product over tasks is the product of their means, and it too is a supermartingale; so is the
product of all tasks' fortunes of one share. (4) The mean of these, over three q, good where one task, some, or all
are worse, and over shares, good where all are worse alike, is one again and starts at 1, which is all that Ville's
inequality asks for. As a task may be chosen by its own past, more can be asked where the loss shows.

A pass needs no product: it is declared when the gambler on every task's soundness has won, and if some task is worse
by the margin or more, that task's has done so with a probability of at most alpha.

Sources: Waudby-Smith & Ramdas 2023, "Estimating means of bounded random variables by betting" (Journal of the Royal
Statistical Society B 86:1-27, arXiv 2010.09686), section 4, for capital processes of bounded means, here with a
fixed mixture of bets; Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic
confidence sequences" (Annals of Statistics 49:1055-1080), for why looking at every round costs nothing; Vovk & Wang
2021, "E-values: Calibration, combination and applications" (Annals of Statistics 49:1736-1754), for products of
independent e-values and averages of any; Cho, Gan & Kallus 2024, "Peeking with PEAK" (ICML, arXiv 2402.06122), for
several streams of which what was seen says which is drawn from next.
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
# Fortunes are told up to e to this power.
LARGEST_LOG = 600.0


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
    def log_evidence(self) -> float:
        """The logarithm of the mean fortune per stake."""
        return _log_mean(self.log)


def _log_mean(logs: "Array | Sequence[float]") -> float:
    """The logarithm of the mean of what has these logarithms, however large."""
    import numpy as np

    top = float(np.max(logs))
    return top + math.log(float(np.exp(np.asarray(logs) - top).mean()))


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
    samples: int = 0

    def see(self, changes: Sequence[Change], margin: float, largest: int) -> None:
        import numpy as np

        seen = np.asarray(changes, dtype=np.float64).reshape(-1, 2)
        totals, sizes = seen[:, 0], seen[:, 1]
        self.worse.bet(payoffs(-totals, sizes, margin, largest))
        self.sound.bet(payoffs(totals, sizes, -margin, largest))
        self.samples += sum(change.size for change in changes)


class Ledger:
    """What the gamblers of all tasks have won so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.rounds = plan, 0
        self._bets = {name: _Bets() for name in plan.largest}

    def see(self, changes: Mapping[str, Sequence[Change]]) -> None:
        """Settle the bets on a round of clusters."""
        self.rounds += 1
        for name, own in changes.items():
            self._bets[name].see(own, self.plan.margin, self.plan.largest[name])

    def leader(self, among: Iterable[str]) -> str | None:
        """The one of these tasks whose loss has paid most a sample; None where none has paid."""
        paid = {name: self._bets[name].worse.log_evidence for name in among}
        rates = {name: paid[name] / self._bets[name].samples for name in paid if paid[name] > 0}
        return max(rates, key=rates.__getitem__, default=None)

    @property
    def outcome(self) -> Outcome:
        worse, sound = self._worse(), min(own.sound.log_evidence for own in self._bets.values())
        verdict: Literal["regression", "pass"] = "regression" if worse >= sound else "pass"
        return Outcome(
            verdict=verdict if max(worse, sound) >= -math.log(self.plan.alpha) else None,
            rounds=self.rounds,
            samples=sum(own.samples for own in self._bets.values()),
            worse=math.exp(min(worse, LARGEST_LOG)),
            sound=math.exp(min(sound, LARGEST_LOG)),
        )

    def _worse(self) -> float:
        """The logarithm of the evidence against "no task is worse": the mean of products over tasks."""
        import numpy as np

        own = [bets.worse for bets in self._bets.values()]
        each, least = [fortune.log_evidence for fortune in own], 1 / len(own)
        apart = [sum(_partly(q, log) for log in each) for q in (least, (1 + least) / 2, 1.0)]
        alike: Array = np.sum([fortune.log for fortune in own], axis=0)
        return _log_mean([*apart, _log_mean(alike)])


def _partly(q: float, log: float) -> float:
    """The logarithm of 1 - q + q F, from that of F."""
    import numpy as np

    return log if q == 1 else float(np.logaddexp(math.log1p(-q), math.log(q) + log))


def watch(rounds: Iterable[Mapping[str, Sequence[Change]]], ledger: Ledger) -> Outcome:
    """Take rounds of clusters in random order until the evidence decides; what is not taken need not be made.

    A regression is declared falsely with a probability of at most alpha, and so is a pass: "regression" when no task
    is worse by more than the margin, "pass" when any task is worse by the margin or more. Whoever makes the rounds
    may look into the ledger, and choose by it of which task the next clusters are.
    """
    for changes in rounds:
        ledger.see(changes)
        if ledger.outcome.verdict is not None:
            break
    return ledger.outcome
