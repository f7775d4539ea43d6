"""Whether intervals cover and gates keep their level, by simulation; and what a sequential gate saves.

    python benchmarks/error_rates.py [--times 2000] [--seed 0]

Every row is a way in which two runs can differ. A false pass or a false alarm is counted at a true loss of exactly
the margin (one point), the hardest case of both, at alpha 0.05; coverage is that of nominal 95 % intervals. The tests
hold smaller versions of all of these.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from sailbench import stats
from sailbench.gate import rounds
from sailbench.stats import Change, Difference

MARGIN, ALPHA = 0.01, 0.05
SEQUENTIAL = ALPHA * rounds.SEQUENTIAL_SHARE
Draw = Callable[[np.random.Generator], Difference]


class World(NamedTuple):
    """So many clusters of samples, of which shares are gained and lost; `alike` is the correlation in a cluster."""

    clusters: int
    size: int
    gain: float
    loss: float
    alike: float

    def totals(self, rng):
        weight = (1 - self.alike) / self.alike if self.alike else None
        shares = [
            rng.beta(p * weight, (1 - p) * weight, self.clusters) if weight and p else np.full(self.clusters, p)
            for p in (self.gain, self.loss)
        ]
        gained = rng.binomial(self.size, shares[0])
        return gained - rng.binomial(self.size - gained, np.minimum(1, shares[1] / (1 - self.gain)))

    def draw(self, rng) -> Difference:
        return Difference.of([Change(int(total), self.size) for total in self.totals(rng)])

    @property
    def name(self) -> str:
        alike = f", correlation {self.alike:g}" if self.alike else ""
        return f"{self.clusters} x {self.size} samples, {100 * self.gain:g} % gained{alike}"


BORDER = [
    World(300, 1, 0.0, 0.01, 0),
    World(900, 1, 0.01, 0.02, 0),
    World(5000, 1, 0.0, 0.01, 0),
    World(5000, 1, 0.05, 0.06, 0),
    World(500, 2, 0.05, 0.06, 0.2),
    World(400, 10, 0.03, 0.04, 0.1),
    World(500, 18, 0.02, 0.03, 0.2),
    World(60, 4, 0.1, 0.11, 0.1),
    World(60, 15, 0.0, 0.01, 0.3),
    World(200, 4, 0.0, 0.01, 0.3),
]


def fixed(times: int, seed: int) -> Iterator[tuple[str, str]]:
    for world in BORDER:
        rng = np.random.default_rng(seed)
        false_pass = alarm = covered = 0
        truth = world.gain * 1.0 - world.loss
        for _ in range(times):
            d = world.draw(rng)
            false_pass += d.p_above(-MARGIN) <= ALPHA
            alarm += d.p_below(-MARGIN) <= ALPHA
            covered += d.lower(0.025) <= truth <= d.upper(0.025)
        rates = (100 * n / times for n in (false_pass, alarm, covered))
        yield world.name, "false pass {:.1f} %, false alarm {:.1f} %, 95 % interval covers {:.1f} %".format(*rates)


def several(times: int, seed: int) -> Iterator[tuple[str, str]]:
    """Eight tasks, all at the border: any alarm of the pooled test or of Holm's, and a pooled pass."""
    rng, alarms, passes = np.random.default_rng(seed), 0, 0
    worlds = [World(400, 1, 0.04, 0.05, 0), World(150, 3, 0.04, 0.05, 0.1)] * 4
    for _ in range(times):
        tasks = [world.draw(rng) for world in worlds]
        adjusted = stats.holm([d.p_below(-MARGIN) for d in tasks])
        alarms += min(adjusted) <= ALPHA / 2 or stats.pooled(tasks, ALPHA / 2).upper < -MARGIN
        passes += stats.pooled(tasks, ALPHA).lower > -MARGIN
    yield (
        "eight tasks together",
        f"false pass {100 * passes / times:.1f} %, any false alarm {100 * alarms / times:.1f} %",
    )


def intervals(times: int, seed: int) -> Iterator[tuple[str, str]]:
    """Coverage of one score's interval, by the number of clusters of five."""
    for clusters in (8, 12, 30, 200):
        rng, hits = np.random.default_rng(seed), 0
        names = [i // 5 for i in range(5 * clusters)]
        for _ in range(times):
            values = (rng.random((clusters, 5)) < rng.beta(4, 4, (clusters, 1))).ravel().astype(float).tolist()
            stderr = stats.clustered_stderr(values, names)
            low, high = stats.interval(statistics.fmean(values), stderr, clusters, 1.0)
            hits += low <= 0.5 <= high
        yield f"one score, {clusters} clusters of 5", f"95 % interval covers {100 * hits / times:.1f} %"


def sequential(times: int, seed: int) -> Iterator[tuple[str, str]]:
    """5,000 samples at most, a look every 50, a fifth of alpha, as the gate has it."""
    plan = stats.Plan(margin=MARGIN, alpha=SEQUENTIAL, largest={"t": 1})
    for drop in (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2):
        changed = max(0.1, drop)
        world = World(5000, 1, (changed - drop) / 2, (changed + drop) / 2, 0)
        rng = np.random.default_rng(seed)
        found = []
        for _ in range(max(100, times // 10)):
            changes = [Change(int(total), 1) for total in world.totals(rng)]
            found.append(stats.watch(({"t": changes[i : i + 50]} for i in range(0, 5000, 50)), stats.Ledger(plan)))
        words = [one.verdict for one in found]
        asked = statistics.fmean(one.samples for one in found)
        early = ", ".join(f"{word} {100 * words.count(word) / len(found):.1f} %" for word in ("regression", "pass"))
        yield f"sequential, loss of {100 * drop:g} points", f"{early}; {asked:,.0f} of 5,000 samples asked on average"


def chased(times: int, seed: int) -> Iterator[tuple[str, str]]:
    """Eight tasks of 240 samples in the gate's own rounds: losses in points, task by task."""
    for losses in ([1] * 8, [1, *[0] * 7], [0] * 8, [3] * 8, [8, 6, 5, 3, 0, 0, 0, 0], [10, *[0] * 7]):
        for level in (ALPHA, SEQUENTIAL):
            rng = np.random.default_rng(seed)
            found = [_chase(rng, [loss / 100 for loss in losses], level) for _ in range(max(100, times // 4))]
            words = [one.verdict for one in found]
            early = ", ".join(f"{word} {100 * words.count(word) / len(found):.1f} %" for word in ("regression", "pass"))
            asked = np.median([one.samples for one in found])
            name = f"eight tasks, losses {'/'.join(map(str, losses))}, alpha {level:.2g}"
            yield name, f"{early}; {asked:,.0f} of 1,920 samples asked in the median"


def _chase(rng: np.random.Generator, losses: list[float], alpha: float) -> stats.Outcome:
    gain = 0.01
    orders = [World(240, 1, gain, gain + loss, 0).totals(rng) for loss in losses]
    left = {str(task): [Change(int(total), 1) for total in own] for task, own in enumerate(orders)}
    ledger = stats.Ledger(stats.Plan(margin=MARGIN, alpha=alpha, largest=dict.fromkeys(left, 1)))

    def made() -> Iterator[dict[str, list[Change]]]:
        while sizes := {name: len(own) for name, own in left.items() if own}:
            wanted = rounds.portions(sizes, 1920 - sum(sizes.values()), ledger.leader(sizes))
            yield {
                name: [left[name].pop() for _ in range(min(len(left[name]), math.ceil(wanted[name])))] for name in sizes
            }

    return stats.watch(made(), ledger)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    for part in (intervals, fixed, several, sequential, chased):
        for name, told in part(arguments.times, arguments.seed):
            print(f"{name:58} {told}", flush=True)
    print(f"{arguments.times} repetitions in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
