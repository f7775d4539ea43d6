"""AdaLRS (arXiv 2506.13274): the learning rate is searched for within the run, by how fast the loss falls.

When the fall slows, a higher rate is tried for a window of steps: kept if the loss then falls faster, undone together
with its steps, for a lower rate, if it falls slower. The changes shrink from trial to trial until the search is over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

# "try": copy weights and optimizer, the rate is a higher one now. "back": put that copy back, the rate is a lower one.
Advice = Literal["go on", "try", "back"]


class Fall(NamedTuple):
    """How much the loss falls in a step, by least squares, and the standard error of that."""

    speed: float
    error: float


def fall(losses: Sequence[float]) -> Fall:
    """The slope over the losses of successive steps, of which there are three or more."""
    n, middle = len(losses), (len(losses) - 1) / 2
    mean, spread = sum(losses) / n, n * (n * n - 1) / 12
    slope = sum((i - middle) * loss for i, loss in enumerate(losses)) / spread
    rests = [loss - mean - slope * (i - middle) for i, loss in enumerate(losses)]
    return Fall(-slope, math.sqrt(sum(rest * rest for rest in rests) / (n - 2) / spread))


@dataclass(slots=True, kw_only=True)
class AdaLRS:
    """Takes every step's loss (on all workers the same, averaged one), advises, and holds the rate of the next step.

    `higher` and `lower` have no common factor, so that going up and down leads to ever new rates; `shrink` draws both
    towards 1. All fields are plain values: `asdict` and the constructor carry a search over an interruption; during a
    trial the copy has to be kept with it.
    """

    rate: float
    window: int = 100
    higher: int = 3
    lower: int = 2
    shrink: float = 0.9
    trials: int = 0
    losses: list[float] = field(default_factory=list)
    before: tuple[float, float] | None = None  # the Fall of the window before, at the settled rate
    settled: float | None = None  # during a trial: the rate that is kept if the trial shows nothing

    def __post_init__(self) -> None:
        assert math.gcd(self.higher, self.lower) == 1 < min(self.higher, self.lower), (self.higher, self.lower)
        assert 0 < self.shrink < 1 and self.window > 2, (self.shrink, self.window)

    @property
    def is_over(self) -> bool:
        """Whether the changes have shrunk to none."""
        return self._factor(self.higher) == 1.0 and self.settled is None

    def take(self, loss: float) -> Advice:
        """What to do after a step that had this loss."""
        if self.settled is not None and not math.isfinite(loss):
            return self._lowered()
        self.losses.append(loss)
        if len(self.losses) < self.window:
            return "go on"
        now, self.losses = fall(self.losses), []
        return self._watched(now) if self.settled is None else self._judged(now)

    def _watched(self, now: Fall) -> Advice:
        slows = self.before is not None and now.speed < self.before[0]
        self.before = now
        if not slows or self.is_over:
            return "go on"
        self.settled, self.rate = self.rate, self.rate * self._factor(self.higher)
        return "try"

    def _judged(self, now: Fall) -> Advice:
        assert self.before is not None and self.settled is not None, "no trial is under way"
        # By the error of the window before: a loss that bursts is no straight line, its own error would hide it.
        gain, doubt = now.speed - self.before[0], 2 * self.before[1]
        if not gain >= -doubt:  # or no number at all
            return self._lowered()
        is_better = gain > doubt
        self._settle(self.rate if is_better else self.settled, now if is_better else None)
        return "go on"

    def _lowered(self) -> Advice:
        assert self.settled is not None, "no trial is under way"
        self._settle(self.settled / self._factor(self.lower), None)
        return "back"

    def _settle(self, rate: float, before: Fall | None) -> None:
        self.rate, self.before, self.settled, self.losses = rate, before, None, []
        self.trials += 1

    def _factor(self, whole: int) -> float:
        return max(self.shrink**self.trials * whole, 1.0)
