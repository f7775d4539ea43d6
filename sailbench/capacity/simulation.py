"""A run on many workers, event by event: the queue is the one that a run on a cluster uses, time is simulated.

A worker answers up to `rows` requests at once, each `rows` times as long as its share of the worker. Workers die at
random, what they held is asked again, and others take their place; some are slow. Everything follows from the seed.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from sailbench.executors.leases import Ledger, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """What a run has: how many workers, what each does at once, how they start, fail and dawdle.

    `hours_between_failures` is a worker's mean life (None: it never dies), `replaced_after` the seconds until another
    one begins to start in its place, `slow` the share of workers that need `slowness` times as long.
    """

    count: int
    rows: int = 1
    start: float = 0.0
    hours_between_failures: float | None = None
    replaced_after: float = 60.0
    slow: float = 0.0
    slowness: float = 2.0
    held: int | None = None

    @property
    def terms(self) -> Terms:
        """Leases as a cluster gives them: a batch and half as much to go on with."""
        return Terms(held=self.held or max(1, self.rows * 3 // 2), bundle=1, lives=1 << 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """When the last answer came, in seconds; how many workers died, what was asked again, and workers' seconds spent
    on answers that came and on those that were lost.
    """

    makespan: float
    deaths: int
    redone: int
    useful: float
    wasted: float

    def efficiency(self, workers: Workers) -> float:
        """The share of all workers' time that went into answers."""
        return self.useful / (workers.count * self.makespan) if self.makespan else 1.0


@dataclass(slots=True, eq=False)
class Worker:
    """`running` holds when each request was begun, by its lease's number; `waiting` what was leased and not begun."""

    number: int
    pace: float
    running: dict[int, tuple[int, float]] = field(default_factory=dict)
    waiting: deque[tuple[int, int]] = field(default_factory=deque)


def simulate(costs: Sequence[float], workers: Workers, seed: int = 0) -> Outcome:
    """Run requests that take so many seconds of a worker each, in this order."""
    return _Run(costs, workers, Random(seed)).outcome()


class _Run:
    def __init__(self, costs: Sequence[float], workers: Workers, chance: Random) -> None:
        self.costs, self.workers, self.chance = costs, workers, chance
        self.ledger = Ledger(range(len(costs)), kind=lambda item: item, terms=workers.terms, count=len(costs))
        self.alive: dict[int, Worker] = {}
        self.events: list[tuple[float, int, str, int, int]] = []
        self.made = self.deaths = self.redone = self.order = 0
        self.now = self.useful = self.wasted = self.last = 0.0
        for _ in range(workers.count):
            self._plan(workers.start, "joins")

    def outcome(self) -> Outcome:
        while self.events and self.ledger.open:
            self.now = self.events[0][0]
            touched: dict[int, Worker] = {}
            while self.events and self.events[0][0] == self.now:
                _, _, what, number, lease = heapq.heappop(self.events)
                if what == "joins":
                    touched |= self._joined()
                elif what == "answers":
                    touched |= self._answered(number, lease)
                else:
                    touched |= self._died(number)
            self._feed(list(touched.values()))
        return Outcome(
            makespan=self.last, deaths=self.deaths, redone=self.redone, useful=self.useful, wasted=self.wasted
        )

    def _plan(self, at: float, what: str, number: int = 0, lease: int = 0) -> None:
        self.order += 1
        heapq.heappush(self.events, (at, self.order, what, number, lease))

    def _joined(self) -> dict[int, Worker]:
        workers = self.workers
        pace = workers.slowness if self.chance.random() < workers.slow else 1.0
        worker = Worker(self.made, pace * workers.rows)
        self.made += 1
        self.alive[worker.number] = worker
        self.ledger.join(worker.number)
        if workers.hours_between_failures is not None:
            life = self.chance.expovariate(1 / (3600 * workers.hours_between_failures))
            self._plan(self.now + life, "dies", worker.number)
        return {worker.number: worker}

    def _answered(self, number: int, lease: int) -> dict[int, Worker]:
        worker = self.alive.get(number)
        if worker is None:
            return {}
        item, _ = worker.running.pop(lease)
        self.ledger.settle(number, lease)
        self.useful += self.costs[item] * worker.pace / self.workers.rows
        self.last = self.now
        self._begin(worker)
        return {number: worker}

    def _died(self, number: int) -> dict[int, Worker]:
        """Everyone may be given what it held."""
        worker = self.alive.pop(number)
        self.deaths += 1
        self.redone += len(worker.running) + len(worker.waiting)
        self.wasted += sum(self.now - begun for _, begun in worker.running.values()) / self.workers.rows
        self.ledger.lose(number)
        self._plan(self.now + self.workers.replaced_after + self.workers.start, "joins")
        return dict(self.alive)

    def _feed(self, hungry: list[Worker]) -> None:
        """In rounds, as the cluster does it."""
        while hungry:
            fed = []
            for worker in hungry:
                given = self.ledger.lease(worker.number)
                worker.waiting.extend((item.number, item.content) for item in given)
                if given:
                    self._begin(worker)
                    fed.append(worker)
            hungry = fed

    def _begin(self, worker: Worker) -> None:
        while worker.waiting and len(worker.running) < self.workers.rows:
            lease, item = worker.waiting.popleft()
            worker.running[lease] = (item, self.now)
            self._plan(self.now + self.costs[item] * worker.pace, "answers", worker.number, lease)
