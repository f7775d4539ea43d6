"""One answer on its way to its client: whole at the end, or in chunks while it is being written."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from sailbench.models.pieces import Piece
from sailbench.serve import told
from sailbench.serve.asked import Asked
from sailbench.serve.feed import Ticket
from sailbench.serve.refusal import Refusal, refused
from sailbench.serve.told import Head, Telling
from sailbench.types import Response


class Line(Protocol):
    """The client's connection."""

    def await_next(self, ticket: Ticket) -> Response | None:
        """A piece or the response; None after a while."""
        ...

    def send_record(self, status: HTTPStatus, record: dict[str, Any]) -> None: ...

    def open_stream(self) -> None: ...

    def send_chunk(self, chunk: bytes) -> None: ...


@dataclass(slots=True, eq=False)
class Answer:
    """Nothing is sent before there is something to say, so that what cannot be answered is refused with a status."""

    line: Line
    head: Head
    asked: Asked
    begun: bool = False

    def follow(self, ticket: Ticket) -> None:
        """Send what the ticket brings, to its end. Raises Refusal."""
        telling = Telling(self.asked.stops)
        while True:
            found = self.line.await_next(ticket)
            if found is None:
                self._send(b": still answering\n\n")
                continue
            if found.error is not None and not telling.stopped:
                refused(found.error)
            self._tell(telling.more(found.text) if isinstance(found, Piece) else telling.rest(found.text))
            if not isinstance(found, Piece):
                self._end(found, telling.stopped)
                return
            if telling.stopped:
                ticket.leave()

    def break_off(self, refusal: Refusal) -> None:
        """End an answer that has begun."""
        for chunk in (told.event(refusal.record()), told.DONE, b""):
            self.line.send_chunk(chunk)

    def _tell(self, parts: Iterator[tuple[str, str]]) -> None:
        for name, text in parts:
            self._send(self.head.chunk({name: text}))

    def _end(self, response: Response, stopped: bool) -> None:
        if not self.asked.stream:
            self.line.send_record(HTTPStatus.OK, self.head.whole(response, self.asked.stops))
            return
        for chunk in (*self.head.ending(response, stopped, self.asked.usage), b""):
            self._send(chunk)

    def _send(self, chunk: bytes) -> None:
        if not self.asked.stream:
            return
        if not self.begun:
            self.begun = True
            self.line.open_stream()
            self.line.send_chunk(self.head.opening())
        self.line.send_chunk(chunk)
