"""Requests streaming through: opened ahead in threads, answered in shared steps, handed on as each is done."""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from sailbench.errors import MediaError
from sailbench.models import talks
from sailbench.models.interruption import Interruption
from sailbench.models.pieces import Piece
from sailbench.models.sail import chat
from sailbench.models.sail.budget import Budget
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.scheduler import Scheduler
from sailbench.models.sail.sight import Sight
from sailbench.models.sail.talk import Talk, told
from sailbench.types import Request, Response

if TYPE_CHECKING:
    from sailbench.models.sail.model import SailVL2

__all__ = ["Budget", "answer", "prompt_tokens"]
Answered = tuple[Request, Response]


def answer(
    model: "SailVL2", requests: Iterable[Request | None], interruption: Interruption | None = None
) -> Iterator[Answered]:
    """Each request once, with its response; one that fails has an error, and the others go on.

    A None among the requests says that there is none for the moment. Interrupted from the keyboard, it draws no more,
    answers what is being written, and then raises KeyboardInterrupt.
    """
    threads = max(1, min(16, (os.cpu_count() or 2) // 2))
    with ThreadPoolExecutor(threads, "open") as pool, Interruption() as pressed:
        stream = Stream(model, iter(requests), pool)
        yield from stream.answers(pressed if interruption is None else interruption)
        if pressed:
            raise KeyboardInterrupt


class Stream:
    """Requests between being drawn and being answered, at most a window of them."""

    def __init__(self, model: "SailVL2", requests: Iterator[Request | None], pool: ThreadPoolExecutor) -> None:
        self._model, self._requests, self._pool = model, requests, pool
        self._sight = Sight(model.network, model.processor, model.budget.tiles)
        self._scheduler = Scheduler(model, self._sight, model.clock)
        self._opening: deque[tuple[Request, Future[Talk]]] = deque()
        self._more = True

    def answers(self, interruption: Interruption) -> Iterator[Answered]:
        while True:
            if interruption:
                self._stop()
            self._draw()
            yield from self._settled()
            yield from ((talk.request, talk.response()) for talk in self._scheduler.release())
            if len(self._scheduler):
                yield from self._advanced(self._scheduler.step())
                yield from ((talk.request, Piece(texts=(new,))) for talk, new in self._scheduler.pieces())
            elif not self._opening and not self._more:
                return

    def _draw(self) -> None:
        room = self._scheduler.limits.window - len(self._opening) - len(self._scheduler)
        while self._more and room > 0:
            try:
                request = next(self._requests)
            except StopIteration:
                self._more = False
                return
            if request is None:
                return
            self._opening.append((request, self._pool.submit(self._open, request)))
            room -= 1

    def _open(self, request: Request) -> Talk:
        started = time.perf_counter()
        whole = replace(request, turns=(*request.turns, "")) if talks.more(request) else request
        glances = self._sight.look(whole)
        turns = chat.lay_out(whole, [len(seen) for seen in glances])[: len(request.turns)]
        talk = Talk(request, turns, [glance for each in glances for glance in each])
        talk.answers += talks.given(request)
        talk.ask(self._model.processor)
        talk.seconds = time.perf_counter() - started
        self._model.clock.add("opening (threads)", talk.seconds)
        return talk

    def _settled(self) -> Iterator[Answered]:
        """Queue what is open, in the order of the requests; wait for the next one when there is nothing else to do."""
        while self._opening:
            request, opened = self._opening[0]
            if not opened.done() and len(self._scheduler) and not self._model.budget.fixed:
                return
            self._opening.popleft()
            try:
                with self._model.clock.stage("waiting for media"):
                    talk = opened.result()
            except Exception as error:  # the per-request boundary: foreign decoders raise anything
                yield request, Response(finish="error", error=told(error))
            else:
                self._model.neutralised += sum(map(self._model.processor.tokenizer.specials_in, request.turns))
                yield from self._queued(talk)

    def _queued(self, talk: Talk) -> Iterator[Answered]:
        self._scheduler.add(talk)
        if talk.done:
            yield talk.request, talk.response()

    def _advanced(self, talks: list[Talk]) -> Iterator[Answered]:
        for talk in talks:
            if talk.done:
                yield talk.request, talk.response()
            else:
                talk.ask(self._model.processor)
                yield from self._queued(talk)

    def _stop(self) -> None:
        self._more = False
        for _, opened in self._opening:
            opened.cancel()
        self._opening.clear()
        self._scheduler.forget_waiting()


def prompt_tokens(processor: Processor, request: Request) -> int:
    """The length of a request's prompt from the headers of its images; 0 where one cannot be opened."""
    from sailbench import media

    side = processor.config.image_size  # of a video's frames, which are one tile each whatever their size
    try:
        sizes = [(side, side) if m.kind == "video" else media.image_size(m) for m in request.media]
        return processor.prompt_tokens(request, sizes)
    except MediaError:
        return 0
