"""Several engines in one machine, a process each: one queue, no barrier, and the requests of a process that dies go on.

A worker that has nothing to do takes over what another has not begun. On a CPU the workers are forks of a loaded model,
which share its weights; a GPU each is loaded by a worker of its own.
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
from multiprocessing.util import Finalize
from typing import Any

from sailbench.models.interruption import Interruption
from sailbench.models.pieces import Lost, Piece
from sailbench.models.talks import gone, listeners
from sailbench.types import Request, Response

log = logging.getLogger(__name__)
HELD = 96  # requests a worker has unless told otherwise: what it answers at once and some to go on with
WAITING = "waiting for media"  # the stage in which a worker has nothing to compute
BUNDLE = 32  # requests about the same media that stay together
BACK = (0, "back")  # asks a worker for what it has not begun
PAUSE = 0.01  # seconds between looks for new requests
ALL_DIED = "every worker process has died"


@dataclass(slots=True, eq=False)
class Worker:
    """A process and what it was given and has not answered; `left` of these are told to be waited for no more.

    `bare` once it was asked to give back what it has not begun, until it is given more.
    """

    process: Any
    pipe: Connection
    held: dict[int, Request] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    bare: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


class Fleet:
    """A model whose requests are answered by several processes; what it is, its `lead` says."""

    def __init__(self, lead: Any, loaders: Sequence[Callable[[], Any]], forked: bool, held: int = HELD) -> None:
        self.lead, self._most = lead, held
        self._workers: list[Worker] = []
        for loader in loaders:
            self._workers.append(_launched(loader, forked, [worker.pipe for worker in self._workers]))
        self._lost: dict[int, int] = {}  # how many workers have died with a request
        self._end = Finalize(self, _ended, (self._workers,), exitpriority=1)  # before the exit waits for them

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

    @property
    def failure(self) -> str:
        """Why nothing can be answered any more; empty while a worker lives."""
        dead = wait([worker.process.sentinel for worker in self._workers], timeout=0)
        return ALL_DIED if len(dead) == len(self._workers) else ""

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
                if not more or paused:
                    self._ask_back()
                busy = [worker for worker in self._workers if worker.held]
                if not busy and not ((returned or paused) and self._alive()):
                    break
                self._let_go(busy)
                yield from self._arrived(busy, returned, PAUSE if paused else 1.0)
                more = more or bool(returned)
        # One by one: who still draws requests waits for these first.
        yield from ((one, _died(ALL_DIED)) for bundle in chain(returned, bundles) for one in bundle)

    def close(self) -> None:
        self._end()

    def _alive(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.pipe.closed]

    def _roomiest(self) -> Worker | None:
        free = [worker for worker in self._alive() if len(worker.held) < self._most]
        return min(free, key=lambda worker: len(worker.held)) if free else None

    def _ask_back(self) -> None:
        """When a worker is idle and the queue has nothing for it, the fullest gives back what it has not begun."""
        alive = self._alive()
        fullest = max(alive, key=lambda worker: 0 if worker.bare else len(worker.held), default=None)
        if fullest and len(fullest.held) > 1 and not fullest.bare and not all(worker.held for worker in alive):
            fullest.bare = True
            with suppress(OSError):  # it has died; reading its pipe tells
                fullest.pipe.send(BACK)

    def _give(self, worker: Worker, bundle: list[Request]) -> None:
        worker.bare = worker.bare and not bundle
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
                if response is None:
                    returned += self._given_back(worker, number)
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

    def _given_back(self, worker: Worker, numbers: Sequence[int]) -> list[list[Request]]:
        """What a worker had not begun, as one bundle."""
        worker.left.difference_update(numbers)
        requests = [worker.held.pop(number) for number in numbers]
        return [requests] if requests else []

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
                    number, response, spent = worker.pipe.recv()
                except (EOFError, OSError):
                    break
                if response is not None:
                    yield self._landed(worker, number, response, spent)


def _ended(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.process.kill()
        worker.process.join()


def _died(why: str) -> Response:
    return Lost(finish="error", error=why)


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
    """A worker's life: answer what comes until told to stop. Signals that go to the whole group are the parent's."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's Ctrl-C; what systemd and Slurm send to end a service
        signal.signal(number, signal.SIG_IGN)
    for connection in inherited:
        connection.close()
    held: dict[int, tuple[int, Request]] = {}
    model, interruption = loader(), Interruption()
    for request, response in model.answer(_incoming(pipe, held, interruption), interruption):
        told: tuple[int, Response, dict[str, float] | None]
        if isinstance(response, Piece):
            told = held[id(request)][0], response, None
        else:
            told = held.pop(id(request))[0], response, dict(model.clock.seconds)
        try:
            pipe.send(told)
        except ConnectionError:  # the parent was killed
            return


def _incoming(
    pipe: Connection, held: dict[int, tuple[int, Request]], interruption: Interruption
) -> Iterator[Request | None]:
    """Requests as they come; None while there are none and others are being answered.

    What the model has no room for yet waits here, and goes back when another worker has nothing to do.
    """
    ahead: deque[tuple[int, Request]] = deque()
    while True:
        try:
            while pipe.poll() or not (held or ahead):
                message = pipe.recv()
                if message is None:
                    interruption.note()
                    return
                _note(message, ahead, held, pipe)
        except (EOFError, ConnectionError):  # the parent is gone
            return
        if not ahead:
            yield None
            continue
        number, request = ahead.popleft()
        held[id(request)] = (number, request)
        yield request


def _note(
    message: tuple[int, Any], ahead: deque[tuple[int, Request]], held: dict[int, tuple[int, Request]], pipe: Connection
) -> None:
    """A request, one that nobody waits for any more, or the wish to have back half of what was not begun."""
    number, what = message
    if message == BACK:
        back = [ahead.pop()[0] for _ in range((len(ahead) + 1) // 2)]
        with suppress(ConnectionError):  # the parent was killed; reading its pipe tells
            pipe.send((back[::-1], None, None))
    elif what is not None:
        ahead.append(message)
    else:
        for listener in listeners(given for asked, given in (*held.values(), *ahead) if asked == number):
            listener.gone = True
