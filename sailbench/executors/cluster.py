"""One run over the machines of a Ray cluster: engines in actors, one queue here, answers as they come.

Workers may join, die or be killed at any time. A dead one's requests are leased again and another worker is asked for
in its place; whoever reads the answers sees each request answered once.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sailbench.errors import ModelError, UsageError
from sailbench.executors import Spread
from sailbench.executors.leases import Item, Ledger, Terms
from sailbench.executors.parcels import Post
from sailbench.executors.worker import Card, Worker
from sailbench.models.engines import Choice
from sailbench.models.interruption import Interruption
from sailbench.types import Request, Response

Answered = tuple[Request, Response]
log = logging.getLogger(__name__)
# Requests a worker has: a GPU's batch and some to go on with, or a CPU's.
HELD_ON_GPU, HELD_ON_CPU = 384, 96
SHOW_WAITING = 60.0  # seconds between words about workers that have no machine yet
# A worker that fails before it has answered anything is asked for again, but not without end.
FAILURES_A_WORKER = 3


@dataclass(slots=True, eq=False)
class Seat:
    """A worker: its actor, its card once it has come, the stream of its answers, and when it was last heard."""

    number: int
    actor: Any
    coming: Any
    card: Card | None = None
    answers: Any = None
    heard: float = field(default_factory=time.monotonic)


class Cluster:
    """A model whose engines are spread over a cluster; what it is, its first worker says."""

    def __init__(self, choice: Choice, spread: Spread) -> None:
        alone = _connect(spread.workers)
        self._choice, self._spread = choice, spread
        self._gpus = _gpus(choice, spread)
        if alone:
            _refuse_missing_gpus(self._gpus)
        self._wanted = spread.workers or _as_many_as_fit(self._gpus)
        self._numbers, self._run = count(), 0
        self._seats: list[Seat] = []
        self._failures, self._why, self._reminded = 0, "", time.monotonic()
        self._post = Post()
        self._hire()
        self.lead = self._first()

    @property
    def name(self) -> str:
        return self.lead.name

    @property
    def identity(self) -> str:
        return self.lead.identity

    @property
    def engine(self) -> str:
        import ray

        return f"{self.lead.engine}, ray {ray.__version__}"

    @property
    def hardware(self) -> str:
        return self.lead.hardware

    def answer(self, requests: Iterable[Request]) -> Iterator[Answered]:
        """Each request once, in any order. Ctrl-C drains: what is being written is answered before the interrupt."""
        terms = Terms(held=HELD_ON_GPU if self.hardware else HELD_ON_CPU)
        ledger = Ledger(requests, _kind, terms, len(requests) if isinstance(requests, Sized) else None)
        self._run += 1
        with Interruption() as pressed:
            self._open(ledger)
            while ledger.open and not pressed and not self._given_up:
                self._hire()
                self._remind()
                yield from self._fed(ledger)
                yield from self._arrived(ledger)
            if pressed:
                yield from self._drained(ledger)
                raise KeyboardInterrupt
        self._close_streams()
        yield from ((request, _failed(f"every worker has died: {self._why}")) for request in ledger.rest())

    @property
    def workers(self) -> int:
        """How many are there by now."""
        return sum(seat.card is not None for seat in self._seats)

    def pids(self) -> list[int]:
        """The processes of the workers that are there."""
        import ray

        return [ray.get(seat.actor.pid.remote()) for seat in self._seats if seat.card is not None]

    def close(self) -> None:
        """Give the machines back."""
        for seat in self._seats:
            _kill(seat)
        self._seats.clear()

    @property
    def _given_up(self) -> bool:
        return self._failures >= FAILURES_A_WORKER * self._wanted and not any(seat.card for seat in self._seats)

    def _hire(self) -> None:
        """Ask for as many workers as are missing; the cluster starts them as soon as it has room."""
        if len(self._seats) >= self._wanted or self._failures >= FAILURES_A_WORKER * self._wanted:
            return
        actor = _actor(self._gpus)
        while len(self._seats) < self._wanted:
            made = actor.remote(self._choice)
            self._seats.append(Seat(next(self._numbers), made, made.card.remote()))

    def _first(self) -> Card:
        """The first worker's card. Raises ModelError if no engine can be loaded, or none can be placed."""
        while self._seats:
            for seat in self._ready(self._seats):
                self._seated(seat)
                if seat.card is not None:
                    return seat.card
            self._remind()
            self._hire()
        raise ModelError(f"no worker could load the model: {self._why}")

    def _remind(self) -> None:
        """Say now and then that no worker is there, and what one needs."""
        if not self.workers and time.monotonic() - self._reminded > SHOW_WAITING:
            log.warning("no worker is ready: %s", _room(self._gpus))
            self._reminded = time.monotonic()

    def _seated(self, seat: Seat) -> None:
        """Take a worker's card; one that failed, or that is another model than the first, is let go."""
        import ray

        try:
            card: Card = ray.get(seat.coming)
        except ray.exceptions.RayError as error:
            return self._dismiss(seat, _reason(error))
        known = next((other.card for other in self._seats if other.card is not None), None)
        if card.failure:
            if known is None and not hasattr(self, "lead"):
                self.close()
                raise ModelError(card.failure)
            return self._dismiss(seat, card.failure)
        lead = getattr(self, "lead", known)
        if lead is not None and (card.identity, card.sailbench) != (lead.identity, lead.sailbench):
            return self._dismiss(seat, "it has other weights or another version of sailbench than the first worker")
        seat.card, seat.heard = card, time.monotonic()
        return None

    def _dismiss(self, seat: Seat, why: str) -> None:
        """Let a worker go that never answered anything."""
        self._failures, self._why = self._failures + 1, why
        log.warning("a worker is not used: %s", why)
        _kill(seat)
        self._seats.remove(seat)

    def _ready(self, seats: list[Seat]) -> list[Seat]:
        """The workers whose card or next answer is here; waits a second for the first."""
        import ray

        by_wait = {id(wait): seat for seat in seats if (wait := seat.answers if seat.card else seat.coming) is not None}
        waits = [seat.answers if seat.card else seat.coming for seat in by_wait.values()]
        if not waits:
            return []
        ready, _ = ray.wait(waits, num_returns=1, timeout=1.0, fetch_local=False)
        if ready and len(waits) > 1:
            ready, _ = ray.wait(waits, num_returns=len(waits), timeout=0, fetch_local=False)
        return [by_wait[id(wait)] for wait in ready]

    def _open(self, ledger: Ledger[Request]) -> None:
        for seat in self._seats:
            if seat.card is not None:
                self._enter(seat, ledger)

    def _enter(self, seat: Seat, ledger: Ledger[Request]) -> None:
        seat.answers = seat.actor.answers.remote(self._run)
        ledger.join(seat.number)

    def _fed(self, ledger: Ledger[Request]) -> Iterator[Answered]:
        """Lease in rounds, so that no worker fills up while another is idle."""
        hungry = [seat for seat in self._seats if seat.answers is not None]
        given: dict[int, list[Item[Request]]] = {seat.number: [] for seat in hungry}
        for seat in hungry:
            if not ledger.held(seat.number):
                seat.heard = time.monotonic()
        fed = hungry
        while fed:
            leased = [(seat, ledger.lease(seat.number)) for seat in fed]
            for seat, items in leased:
                given[seat.number] += items
            fed = [seat for seat, items in leased if items]
        for seat in hungry:
            if given[seat.number]:
                yield from self._sent(seat, given[seat.number], ledger)

    def _sent(self, seat: Seat, given: list[Item[Request]], ledger: Ledger[Request]) -> Iterator[Answered]:
        """Send a worker what it was leased; what cannot be read is answered here."""
        parcel = []
        for item in given:
            try:
                parcel.append((item.number, self._post.packed(item.content)))
            except Exception as error:  # the per-request boundary: media of all kinds of files are read here
                ledger.settle(seat.number, item.number)
                yield item.content, _failed(f"its media cannot be read: {error}")
        seat.actor.take.remote(self._run, parcel)

    def _arrived(self, ledger: Ledger[Request]) -> Iterator[Answered]:
        for seat in self._ready(self._seats):
            if seat.card is None:
                self._seated(seat)
                if seat.card is not None:
                    self._enter(seat, ledger)
            else:
                yield from self._answered(seat, ledger)
        now = time.monotonic()
        for seat in [one for one in self._seats if ledger.held(one.number)]:
            if now - seat.heard > self._spread.patience:
                yield from self._lost(seat, ledger, f"it has answered nothing for {self._spread.patience:g} s")

    def _answered(self, seat: Seat, ledger: Ledger[Request]) -> Iterator[Answered]:
        import ray

        try:
            answers = ray.get(next(seat.answers))
        except StopIteration:
            yield from self._lost(seat, ledger, "its engine ended")
        except ray.exceptions.RayError as error:
            yield from self._lost(seat, ledger, _reason(error))
        else:
            self._failures, seat.heard = 0, time.monotonic()
            yield from _settled(seat, ledger, answers)

    def _lost(self, seat: Seat, ledger: Ledger[Request], why: str) -> Iterator[Answered]:
        """Bury a worker: killed for good, so that it cannot answer what others now hold."""
        log.warning("a worker is lost: %s; others take on its %d requests", why, ledger.held(seat.number))
        self._failures, self._why = self._failures + 1, why
        _kill(seat)
        self._seats.remove(seat)
        for request in ledger.lose(seat.number):
            yield request, _failed(f"{ledger.terms.lives} workers were lost while they had this request")

    def _drained(self, ledger: Ledger[Request]) -> Iterator[Answered]:
        """Tell the workers to begin nothing more, and hand on what they still answer."""
        import ray

        writing = [seat for seat in self._seats if seat.answers is not None]
        for seat in writing:
            seat.actor.stop.remote(self._run)
        while writing:
            for seat in self._ready(writing):
                try:
                    yield from _settled(seat, ledger, ray.get(next(seat.answers)))
                except (StopIteration, ray.exceptions.RayError):
                    writing.remove(seat)

    def _close_streams(self) -> None:
        for seat in self._seats:
            if seat.answers is not None:
                seat.actor.take.remote(self._run, None)
                seat.answers = None


def _settled(seat: Seat, ledger: Ledger[Request], answers: list[tuple[int, Response]]) -> Iterator[Answered]:
    for number, response in answers:
        request = ledger.settle(seat.number, number)
        if request is not None:
            yield request, response


def _connect(workers: int | None) -> bool:
    """Join the cluster that this machine belongs to (or $RAY_ADDRESS names), or start one of this machine alone.

    Returns whether it is alone.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    # Without a GPU of its own a worker sees what its machine has, as it will in later versions of Ray anyway.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        return False
    how = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        ray.init(address="auto", **how)
    except ConnectionError:
        cpus = max(workers or 1, len(os.sched_getaffinity(0)))
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **how)
        return True
    return False


def _gpus(choice: Choice, spread: Spread) -> float:
    """GPUs a worker: as told, or as many as its model is spread over where the cluster has any."""
    import ray

    there = ray.cluster_resources().get("GPU", 0)
    gpus = spread.gpus if spread.gpus is not None else float(choice.tensor_parallel if there else 0)
    if gpus > 1 and choice.engine in ("torch", "hf"):
        raise UsageError(f"--engine {choice.engine} uses one GPU a worker; --gpus-per-worker {gpus:g} would idle some")
    return gpus


def _refuse_missing_gpus(gpus: float) -> None:
    import ray

    there = ray.cluster_resources().get("GPU", 0)
    if gpus > there:
        raise UsageError(f"a worker wants {gpus:g} GPUs, this machine has {there:g} and belongs to no Ray cluster")


def _as_many_as_fit(gpus: float) -> int:
    import ray

    if gpus:
        return max(1, int(ray.cluster_resources().get("GPU", 0) // gpus))
    return max(1, sum(bool(node["Alive"]) for node in ray.nodes()))


def _room(gpus: float) -> str:
    import ray

    has = ray.cluster_resources()
    return f"each needs 1 CPU and {gpus:g} GPUs; the cluster has {has.get('CPU', 0):g} and {has.get('GPU', 0):g}"


def _actor(gpus: float) -> Any:
    """The actor class, one CPU and so many GPUs each, spread over the machines, never restarted behind our back."""
    import ray

    how = {"num_cpus": 1, "num_gpus": gpus, "max_concurrency": 4, "max_restarts": 0, "scheduling_strategy": "SPREAD"}
    return ray.remote(**how)(Worker)


def _kill(seat: Seat) -> None:
    import ray

    ray.kill(seat.actor)


def _kind(request: Request) -> Any:
    return request.media or id(request)


def _failed(why: str) -> Response:
    return Response(finish="error", error=" ".join(why.split())[:500])


def _reason(error: Exception) -> str:
    """What went wrong, in a line: of an engine's exception its own, of Ray's paragraphs the first sentence."""
    import ray

    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    own = isinstance(error, ray.exceptions.RayTaskError)
    return (lines[-1] if own else f"{type(error).__name__}: {lines[0].partition('. ')[0]}")[:300]
