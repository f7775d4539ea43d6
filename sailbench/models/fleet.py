"""Several engines in one machine, a process each: one queue, no barrier, and the requests of a process that dies go on.

On a CPU the workers are forks of a loaded model, which share its weights; a GPU each is loaded by a worker of its own.
"""

import logging
import multiprocessing
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from multiprocessing.connection import Connection, wait
from typing import Any

from sailbench import decoder
from sailbench.models.interruption import Interruption
from sailbench.types import Request, Response

log = logging.getLogger(__name__)
HELD = 96  # requests a worker has: what it answers at once and some to go on with
BUNDLE = 32  # requests about the same media that stay together


@dataclass(slots=True, eq=False)
class Worker:
    """A process and what it was given and has not answered."""

    process: Any
    pipe: Connection
    held: dict[int, Request] = field(default_factory=dict)
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
        """Where the time went, by stage, over all workers."""
        stages = {stage for worker in self._workers for stage in worker.seconds}
        return {stage: sum(worker.seconds.get(stage, 0.0) for worker in self._workers) for stage in sorted(stages)}

    def count_tokens(self, requests: Sequence[Request]) -> int:
        return int(self.lead.count_tokens(requests))

    def answer(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        """Each request once, in any order. Ctrl-C drains: what is being written is answered before the interrupt."""
        bundles: Iterator[list[Request]] = _bundled(requests)
        returned: deque[list[Request]] = deque()
        more = True
        with Interruption() as interruption:
            while True:
                if interruption:
                    yield from self._drained()
                    raise KeyboardInterrupt
                while more and (free := self._roomiest()):
                    bundle = returned.popleft() if returned else next(bundles, None)
                    more = bundle is not None
                    self._give(free, bundle or [])
                busy = [worker for worker in self._workers if worker.held]
                if not busy and not (returned and self._alive()):
                    break
                yield from self._arrived(busy, returned)
                more = more or bool(returned)
        stranded = [request for bundle in returned for request in bundle] + [r for b in bundles for r in b]
        yield from ((request, _died("every worker has died")) for request in stranded)

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

    def _arrived(self, busy: list[Worker], returned: deque[list[Request]]) -> Iterator[tuple[Request, Response]]:
        """What workers have answered by now; of one that died, what it held goes back to the queue, once."""
        by_pipe = {worker.pipe: worker for worker in busy}
        for pipe in wait(list(by_pipe), timeout=1.0):
            worker = by_pipe[pipe]  # type: ignore[index]
            try:
                number, response, worker.seconds = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._buried(worker, returned)
            else:
                self._lost.pop(number, None)
                yield worker.held.pop(number), response

    def _buried(self, worker: Worker, returned: deque[list[Request]]) -> Iterator[tuple[Request, Response]]:
        worker.process.join()
        worker.pipe.close()
        log.warning("a worker died with exit code %s; others take on its requests", worker.process.exitcode)
        lost, worker.held = list(worker.held.values()), {}
        for request in lost:
            self._lost[id(request)] = self._lost.get(id(request), 0) + 1
            if self._lost[id(request)] > 1:
                yield request, _died("two workers died while they had this request")
        again = [request for request in lost if self._lost[id(request)] == 1]
        returned.extend([request] for request in again)

    def _drained(self) -> Iterator[tuple[Request, Response]]:
        """Tell the workers to start nothing more, and hand on what they still answer."""
        for worker in self._alive():
            worker.pipe.send(None)
        for worker in self._alive():
            while True:
                try:
                    number, response, worker.seconds = worker.pipe.recv()
                    yield worker.held.pop(number), response
                except (EOFError, OSError):
                    break


def _died(why: str) -> Response:
    return Response(finish="error", error=why)


def _bundled(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Neighbours that share media stay together, so that one worker computes what they share."""
    for _, group in groupby(requests, key=lambda request: request.media or id(request)):
        while bundle := list(islice(group, BUNDLE)):
            yield bundle


def _launched(loader: Callable[[], Any], forked: bool, others: Sequence[Connection]) -> Worker:
    context: Any = multiprocessing.get_context("fork" if forked else "spawn")
    ours, theirs = context.Pipe()
    # A fork has copies of the parent's ends: closed, so that each worker sees when the parent is gone.
    # A fork drops its copy of the video decoders, which must not end them: they are the parent's, and so this stays.
    kept = decoder._pool() if forked else None
    process = context.Process(target=_serve, args=(loader, theirs, [ours, *others] if forked else []), daemon=True)
    with warnings.catch_warnings():
        # Python warns of forks beside threads; those of number libraries wait for work, and the fork uses none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    del kept
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
        held[id(request)] = (number, request)
        yield request
