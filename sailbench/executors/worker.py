"""What runs on a machine of the cluster: one engine, loaded as in any process, answering what it is sent."""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

from sailbench import __version__
from sailbench.errors import MediaError, SailbenchError
from sailbench.executors.parcels import unpacked
from sailbench.models import engines
from sailbench.models.engines import Choice
from sailbench.models.interruption import Interruption
from sailbench.types import Request, Response

Sent = Sequence[tuple[int, Request]]
Answered = list[tuple[int, Response]]
LINGER = 0.1  # seconds that an answer waits for others to travel with


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a worker says of itself. `failure` says why it has no model; all else is then empty."""

    name: str = ""
    identity: str = ""
    engine: str = ""
    hardware: str = ""
    sailbench: str = __version__
    failure: str = ""


class Worker:
    """An engine and its letter boxes; its methods run in threads of their own, so that it can be fed while it answers.

    Calls may overtake each other: each run of the engine has a number and a box of its own.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = replace(choice, workers=1)
        self._model: Any = None
        self._boxes: dict[int, queue.SimpleQueue[Sent | None]] = {}
        self._interruption = Interruption()

    def card(self) -> Card:
        """Load the model and say what it is."""
        try:
            engines.check(self._choice)
            model = self._model = engines.load(self._choice)
        except SailbenchError as error:
            return Card(failure=str(error))
        return Card(name=model.name, identity=model.identity, engine=model.engine, hardware=model.hardware)

    def pid(self) -> int:
        return os.getpid()

    def take(self, run: int, requests: Sent | None) -> None:
        """More to answer; None when nothing will follow."""
        self._box(run).put(requests)

    def stop(self, run: int) -> None:
        """Begin nothing more; what is being written is still answered."""
        self._interruption.note()
        self._box(run).put(None)

    def _box(self, run: int) -> "queue.SimpleQueue[Sent | None]":
        return self._boxes.setdefault(run, queue.SimpleQueue())

    def answers(self, run: int) -> Iterator[Answered]:
        """The answers by their requests' numbers, those of a moment together. What the engine raises is raised."""
        given: queue.SimpleQueue[tuple[int, Response] | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(run, given.put), name="engine", daemon=True).start()
        more = True
        while more:
            waiting = [given.get()]
            time.sleep(LINGER)
            waiting += [given.get() for _ in range(given.qsize())]
            yield [one for one in waiting if isinstance(one, tuple)]
            failure = next((one for one in waiting if isinstance(one, BaseException)), None)
            if failure is not None:
                raise failure
            more = None not in waiting

    def _run(self, run: int, give: Callable[[tuple[int, Response] | BaseException | None], None]) -> None:
        held: dict[int, tuple[int, Request]] = {}
        stoppable = "interruption" in signature(self._model.answer).parameters
        told = {"interruption": self._interruption} if stoppable else {}
        try:
            for request, response in self._model.answer(self._incoming(self._box(run), held), **told):
                give((held.pop(id(request))[0], response))
        except BaseException as error:  # handed over to the thread that waits
            give(error)
        else:
            give(None)

    def _incoming(
        self, box: "queue.SimpleQueue[Sent | None]", held: dict[int, tuple[int, Request]]
    ) -> Iterator[Request | None]:
        """Requests as they come; None while there are none and others are being answered."""
        while True:
            try:
                sent = box.get(block=not held)
            except queue.Empty:
                yield None
                continue
            if sent is None:
                return
            for number, packed in sent:
                if self._interruption:
                    return
                try:
                    request = unpacked(packed)
                except (OSError, MediaError):
                    request = packed  # opening its media says what is wrong, as this request's error
                held[id(request)] = (number, request)
                yield request
