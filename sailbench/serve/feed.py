"""One stream of requests into the engine, fed by many clients: whoever comes joins the batch that is being answered."""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus

from sailbench.models.base import Model
from sailbench.models.talks import Begun
from sailbench.serve.refusal import refused
from sailbench.types import Request, Response

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Ticket:
    """A place in the queue. `gone` is set when nobody waits any more; a request that has begun is still answered."""

    request: Request
    response: "Future[Response]" = field(default_factory=Future)
    gone: bool = False


class EngineError(Exception):
    """The engine failed with this request among others; another try may succeed."""


class Feed:
    """Runs the engine in a thread. `plain` answers whole talks, `begun` those that began elsewhere.

    Both may be the same model; two never run at the same time.
    """

    def __init__(self, plain: Model, begun: Model | None = None) -> None:
        self._lanes = (plain, begun or plain)
        self._queue: deque[Ticket] = deque()
        self._flying: dict[int, Ticket] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> Ticket:
        """Queue a request. Raises Refusal once the feed is closed."""
        ticket = Ticket(request)
        with self._changed:
            if self._closed:
                refused("the server is stopping", status=HTTPStatus.SERVICE_UNAVAILABLE)
            self._queue.append(ticket)
            self._changed.notify()
        return ticket

    @property
    def waiting(self) -> int:
        """How many requests are queued or being answered that somebody waits for."""
        with self._changed:
            return sum(not ticket.gone for ticket in (*self._queue, *self._flying.values()))

    def close(self) -> None:
        """Take nothing more, and return when everything that was taken is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (lane := self._lane()) is not None:
            why = "the engine ended without an answer"
            try:
                for request, response in lane.answer(self._arrivals(lane)):  # type: ignore[arg-type]
                    self._land(request).response.set_result(response)
            except Exception as error:  # the per-request boundary: whatever an engine raises, the server goes on
                log.exception("the engine failed")
                why = f"the engine failed: {type(error).__name__}"
            for ticket in self._stranded():
                ticket.response.set_exception(EngineError(why))

    def _lane(self) -> Model | None:
        """Who answers the oldest request; waits for one, and gives None when there will be none."""
        with self._changed:
            while not self._waits():
                if self._closed:
                    return None
                self._changed.wait()
            return self._of(self._queue[0])

    def _arrivals(self, lane: Model) -> Iterator[Request | None]:
        """The lane's requests as they come, None while there are none and others are being answered."""
        while True:
            with self._changed:
                while not self._waits() and not self._flying and not self._closed:
                    self._changed.wait()
                mine = self._waits() and self._of(self._queue[0]) is lane
                if not mine and not self._flying:
                    return
                ticket = self._queue.popleft() if mine else None
                if ticket is not None:
                    self._flying[id(ticket.request)] = ticket
            yield None if ticket is None else ticket.request

    def _waits(self) -> bool:
        while self._queue and self._queue[0].gone:
            self._queue.popleft()
        return bool(self._queue)

    def _of(self, ticket: Ticket) -> Model:
        request = ticket.request
        begun = isinstance(request, Begun) and (request.system is not None or request.answers or request.more)
        return self._lanes[1 if begun else 0]

    def _land(self, request: Request) -> Ticket:
        with self._changed:
            return self._flying.pop(id(request))

    def _stranded(self) -> Sequence[Ticket]:
        with self._changed:
            stranded, self._flying = list(self._flying.values()), {}
            return stranded
