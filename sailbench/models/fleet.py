"""Several engines in one machine, a process each: one queue, no barrier, and the requests of a process that dies go on.

On a CPU the workers are forks of a loaded model, which share its weights; a GPU each is loaded by a worker of its own.
"""

import logging
import multiprocessing
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from multiprocessing.connection import Connection, wait
from typing import Any

from sailbench.models.interruption import Interruption
from sailbench.models.pieces import Piece
from sailbench.models.talks import gone, listeners
from sailbench.types import Request, Response

log = logging.getLogger(__name__)
HELD = 96  # requests a worker has: what it answers at once and some to go on with
WAITING = "waiting for media"  # the stage in which a worker has nothing to compute
BUNDLE = 32  # requests about the same media that stay together
PAUSE = 0.01  # seconds between looks for new requests


@dataclass(slots=True, eq=False)
class Worker:
    """A process and what it was given and has not answered; `left` of these are told to be waited for no more."""

    process: Any
    pipe: Connection
    held: dict[int, Request] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)


class Fleet:
    """A model whose requests are answered by several processes; what it is, its `lead` says."""

    def __init__(self, lead: Any, loaders: Sequence[Callable[[], Any]], forked: bool) -> None:
        self.lead = lead
        self._workers: list[Worker] = []
        for loader in loaders:
            self._workers.append(_launched(loader, forked, [worker.pipe for worker in self._workers]))
        self._lost: dict[int, int] = {}  # how many workers have died with a request

    @property
    def name(self) -> str:
        return str(self.lead.name)

    @property
    def identity(self) -> str:
        return str(self.lead.identity)

    @property
    def engine(self) -> str:
        return str(self.lead.engine)

    @property
    def hardware(self) -> str:
        return str(self.lead.hardware)

    @property
    def seconds(self) -> dict[str, float]:
        """Where the time went, by stage, over all workers; what is lost waiting for media, for each of them."""
        total: dict[str, float] = {}
        for number, worker in enumerate(self._workers, 1):
            for stage, spent in worker.seconds.items():
                name = f"{stage}, worker {number}" if stage == WAITING else stage
                total[name] = total.get(name, 0.0) + spent
        return dict(sorted(total.items()))

    def count_tokens(self, requests: Sequence[Request]) -> int:
        return int(self.lead.count_tokens(requests))

    def answer(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
        """Each request once, in any order. Ctrl-C drains: what is being written is answered before the interrupt.

        A None among the requests says that there is none for the moment.
        """
        bundles: Iterator[list[Request]] = _bundled(requests)
        returned: deque[list[Request]] = deque()
        more = True
        with Interruption() as interruption:
            while True:
                if interruption:
                    yield from self._drained()
                    raise KeyboardInterrupt
                paused = False
                while more and not paused and (free := self._roomiest()):
                    bundle = returned.popleft() if returned else next(bundles, None)
                    more, paused = bundle is not None, bundle == []
                    self._give(free, bundle or [])
                busy = [worker for worker in self._workers if worker.held]
                if not busy and not ((returned or paused) and self._alive()):
                    break
                self._let_go(busy)
                yield from self._arrived(busy, returned, PAUSE if paused else 1.0)
                more = more or bool(returned)
        # One by one: who still draws requests waits for these first.
        yield from ((one, _died("every worker has died")) for bundle in chain(returned, bundles) for one in bundle)

    def close(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
            worker.process.join()

    def _alive(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.pipe.closed]

    def _roomiest(self) -> Worker | None:
        free = [worker for worker in self._alive() if len(worker.held) < HELD]
        return min(free, key=lambda worker: len(worker.held)) if free else None

    def _give(self, worker: Worker, bundle: list[Request]) -> None:
        for request in bundle:
            worker.held[id(request)] = request
            try:
                worker.pipe.send((id(request), request))
            except OSError:  # it has died; what it held is found when its pipe is read
                continue

    def _let_go(self, busy: Sequence[Worker]) -> None:
        """Tell workers which of their requests nobody waits for any more."""
        for worker in busy:
            left = {number for number, request in worker.held.items() if gone(request)} - worker.left
            worker.left |= left
            with suppress(OSError):  # it has died; reading its pipe tells
                for number in left:
                    worker.pipe.send((number, None))

    def _arrived(
        self, busy: list[Worker], returned: deque[list[Request]], seconds: float
    ) -> Iterator[tuple[Request, Response]]:
        """What workers have answered by now; of one that died, what it held goes back to the queue, once."""
        by_pipe = {worker.pipe: worker for worker in busy}
        for pipe in wait(list(by_pipe), timeout=seconds):
            worker = by_pipe[pipe]  # type: ignore[index]
            try:
                number, response, spent = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._buried(worker, returned)
            else:
                yield self._landed(worker, number, response, spent)

    def _landed(
        self, worker: Worker, number: int, response: Response, spent: dict[str, float] | None
    ) -> tuple[Request, Response]:
        """The request that a worker answered; one of which there is only a piece stays with it."""
        if isinstance(response, Piece):
            return worker.held[number], response
        worker.seconds = spent or worker.seconds
        worker.left.discard(number)
        self._lost.pop(number, None)
        return worker.held.pop(number), response

    def _buried(self, worker: Worker, returned: deque[list[Request]]) -> Iterator[tuple[Request, Response]]:
        worker.process.join()
        worker.pipe.close()
        log.warning("a worker died with exit code %s; others take on its requests", worker.process.exitcode)
        lost, worker.held = list(worker.held.values()), {}
        for listener in listeners(lost):
            listener.live = False  # another worker begins anew: its pieces would be heard twice
        for request in lost:
            self._lost[id(request)] = self._lost.get(id(request), 0) + 1
            if self._lost[id(request)] > 1:
                yield request, _died("two workers died while they had this request")
        again = [request for request in lost if self._lost[id(request)] == 1]
        returned.extend([request] for request in again)

    def _drained(self) -> Iterator[tuple[Request, Response]]:
        """Tell the workers to start nothing more, and hand on what they still answer."""
        for worker in self._alive():
            with suppress(OSError):  # it has died; reading its pipe tells
                worker.pipe.send(None)
        for worker in self._alive():
            while True:
                try:
                    yield self._landed(worker, *worker.pipe.recv())
                except (EOFError, OSError):
                    break


def _died(why: str) -> Response:
    return Response(finish="error", error=why)


def _bundled(requests: Iterable[Request | None]) -> Iterator[list[Request]]:
    """Neighbours that share media stay together, so that one worker computes what they share; none for a pause."""
    for key, group in groupby(requests, key=lambda request: request and (request.media or id(request))):
        while bundle := list(islice(group, 1 if key is None else BUNDLE)):
            yield [request for request in bundle if request is not None]


def _launched(loader: Callable[[], Any], forked: bool, others: Sequence[Connection]) -> Worker:
    context: Any = multiprocessing.get_context("fork" if forked else "spawn")
    ours, theirs = context.Pipe()
    # A fork has copies of the parent's ends: closed, so that each worker sees when the parent is gone.
    process = context.Process(target=_serve, args=(loader, theirs, [ours, *others] if forked else []), daemon=True)
    with warnings.catch_warnings():
        # Python warns of forks beside threads; those of number libraries wait for work, and the fork uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()
    return Worker(process, ours)


def _serve(loader: Callable[[], Any], pipe: Connection, inherited: Sequence[Connection]) -> None:
    """A worker's life: answer what comes until told to stop; Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for connection in inherited:
        connection.close()
    held: dict[int, tuple[int, Request]] = {}
    model, interruption = loader(), Interruption()
    for request, response in model.answer(_incoming(pipe, held, interruption), interruption):
        if isinstance(response, Piece):
            pipe.send((held[id(request)][0], response, None))
        else:
            pipe.send((held.pop(id(request))[0], response, dict(model.clock.seconds)))


def _incoming(
    pipe: Connection, held: dict[int, tuple[int, Request]], interruption: Interruption
) -> Iterator[Request | None]:
    """Requests as they come; None while there are none and others are being answered."""
    while True:
        if held and not pipe.poll():
            yield None
            continue
        try:
            message = pipe.recv()
        except EOFError:  # the parent is gone
            return
        if message is None:
            interruption.note()
            return
        number, request = message
        if request is None:
            for listener in listeners(given for asked, given in held.values() if asked == number):
                listener.gone = True
            continue
        held[id(request)] = (number, request)
        yield request
