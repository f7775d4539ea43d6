"""One stream of requests into the engine, fed by many clients: whoever comes joins the batch that is being answered."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from sailbench.models.base import Model
from sailbench.models.pieces import Listener, Lost, Piece
from sailbench.models.talks import Begun
from sailbench.serve.refusal import Refusal, refused
from sailbench.types import Request, Response

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Ticket:
    """A place in the queue, and what has come of it: pieces while somebody listens, then the response or a failure."""

    request: Begun
    listener: Listener
    arrived: "queue.SimpleQueue[Response | Refusal]" = field(default_factory=queue.SimpleQueue)

    def next(self, seconds: float) -> Response:
        """The next piece, or the response. Raises queue.Empty after a while, Refusal where the engine failed."""
        found = self.arrived.get(timeout=seconds)
        if isinstance(found, Refusal):
            raise found
        return found

    def leave(self) -> None:
        """Nobody waits any more: the engine need not go on with it."""
        self.listener.gone = True


class Feed:
    """Runs the engine in a thread; when it fails, those it held are told, and it is started again for the others."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._queue: deque[Ticket] = deque()
        self._flying: dict[int, Ticket] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def ask(self, request: Begun, live: bool = False) -> Ticket:
        """Queue a request; its pieces are handed on where `live`. Raises Refusal once none is taken any more."""
        if failure := self.failure:
            refused(failure, status=HTTPStatus.SERVICE_UNAVAILABLE)
        listener = Listener(live)
        ticket = Ticket(replace(request, listener=listener), listener)
        with self._changed:
            if self._closed:
                refused("the server is stopping", status=HTTPStatus.SERVICE_UNAVAILABLE)
            self._queue.append(ticket)
            self._changed.notify()
        return ticket

    @property
    def failure(self) -> str:
        """Why the model can answer nothing any more; empty while it can, or for one that does not tell."""
        return getattr(self._model, "failure", "")

    @property
    def waiting(self) -> int:
        """How many requests are queued or being answered that somebody waits for."""
        with self._changed:
            return sum(not ticket.listener.gone for ticket in (*self._queue, *self._flying.values()))

    @property
    def busy(self) -> int:
        """How many requests the engine has, whether somebody waits for them or not."""
        with self._changed:
            return len(self._flying)

    def close(self) -> None:
        """Take nothing more, and return when everything that was taken is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            why = "the engine ended without an answer"
            try:
                for request, response in self._model.answer(self._arrivals()):  # type: ignore[arg-type]
                    self._land(request, response)
            except Exception as error:  # the per-request boundary: whatever an engine raises, the server goes on
                log.exception("the engine failed")
                why = f"the engine failed: {type(error).__name__}"
            for ticket in self._stranded():
                ticket.arrived.put(Refusal(why, status=HTTPStatus.INTERNAL_SERVER_ERROR))

    def _wait(self) -> bool:
        """Return when there is a request; False when there will be none."""
        with self._changed:
            while not self._waits():
                if self._closed:
                    return False
                self._changed.wait()
            return True

    def _arrivals(self) -> Iterator[Request | None]:
        """Requests as they come, None while there are none and others are being answered."""
        while True:
            with self._changed:
                while not self._waits() and not self._flying and not self._closed:
                    self._changed.wait()
                if not self._waits() and not self._flying:
                    return
                ticket = self._queue.popleft() if self._queue else None
                if ticket is not None:
                    self._flying[id(ticket.request)] = ticket
            yield None if ticket is None else ticket.request

    def _waits(self) -> bool:
        while self._queue and self._queue[0].listener.gone:
            self._queue.popleft()
        return bool(self._queue)

    def _land(self, request: Request, response: Response) -> None:
        with self._changed:
            ticket = self._flying[id(request)] if isinstance(response, Piece) else self._flying.pop(id(request))
        # Not the request's fault: asked of another server, or of this one started anew, it may be answered.
        lost = response.error and (isinstance(response, Lost) or self.failure)
        why = self.failure or response.error
        ticket.arrived.put(Refusal(f"{why}", status=HTTPStatus.SERVICE_UNAVAILABLE) if lost else response)

    def _stranded(self) -> list[Ticket]:
        with self._changed:
            stranded, self._flying = list(self._flying.values()), {}
            return stranded
