"""Models that answer many prompts in one call: requests in waves, the turns of a wave's talks in rounds."""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from sailbench.errors import MediaError, SailbenchError
from sailbench.models import talks
from sailbench.models.interruption import Interruption
from sailbench.types import Media, Request, Response, Sampling

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One turn's answer. An error is data."""

    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cut: bool = False
    error: str | None = None


@dataclass(slots=True, eq=False)
class Talk:
    """A request on its way: what has been said as messages, and the turns to come, their media open."""

    request: Request
    messages: list[Message]
    coming: deque[list[Message]]
    said: list[Said] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sampling(self) -> Sampling:
        return self.request.sampling

    @property
    def seed(self) -> int:
        """Told from the request and the turn alone, so that company changes no draw."""
        return int(self.request.key(f"turn {len(self.said)}")[:15], 16)

    @property
    def done(self) -> bool:
        return not self.coming or any(one.error is not None for one in self.said)

    def response(self) -> Response:
        errors = [one.error for one in self.said if one.error is not None]
        cut = any(one.cut for one in self.said)
        return Response(
            texts=tuple(one.text for one in self.said if one.error is None),
            tokens_in=sum(one.tokens_in for one in self.said),
            tokens_out=sum(one.tokens_out for one in self.said),
            seconds=self.seconds,
            finish="error" if errors else "length" if cut else "stop",
            error=errors[0] if errors else None,
        )


class Speaker(Protocol):
    """What a model must know: how a medium stands in a message, and how to answer many messages at once."""

    @property
    def together(self) -> int:
        """How many talks are answered at once."""
        ...

    def shown(self, medium: Media, frames: int) -> list[Message]: ...

    def speak(self, talks: Sequence[Talk]) -> list[Said]: ...


def answer(speaker: Speaker, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
    """Each request once, with its response. Media are opened in threads while the wave before is answered.

    Ctrl-C ends after the wave that is being answered.
    """
    threads = max(1, min(16, (os.cpu_count() or 2) // 2))
    with ThreadPoolExecutor(threads, "open") as pool, Interruption() as interruption:
        opening: deque[tuple[Request, Future[Talk]]] = deque()
        for request in requests:
            if request is not None:
                opening.append((request, pool.submit(_opened, speaker, request)))
            if len(opening) >= 2 * speaker.together or (request is None and opening):
                yield from _wave(speaker, opening)
            if interruption:
                break
        while opening and not interruption:
            yield from _wave(speaker, opening)
        if interruption:
            pool.shutdown(wait=False, cancel_futures=True)
            raise KeyboardInterrupt


def _opened(speaker: Speaker, request: Request) -> Talk:
    """The talk with its system text, and its turns with the answers it was given."""
    system, given = talks.system(request), talks.given(request)
    first = [] if system is None else [{"role": "system", "content": [_text(system)]}]
    messages = []
    for number, turn in enumerate(talks.parts(request)):
        pieces = [[_text(p)] if isinstance(p, str) else speaker.shown(p, request.sampling.frames) for p in turn]
        messages.append({"role": "user", "content": [piece for each in pieces for piece in each]})
        if number < len(given):
            messages.append({"role": "assistant", "content": [_text(given[number])]})
    begun = 2 * len(given)
    return Talk(request, first, deque([messages[: begun + 1], *([own] for own in messages[begun + 1 :])]))


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


def _wave(speaker: Speaker, opening: deque[tuple[Request, Future[Talk]]]) -> Iterator[tuple[Request, Response]]:
    running: list[Talk] = []
    while opening and len(running) < speaker.together:
        request, opened = opening.popleft()
        try:
            running.append(opened.result())
        except MediaError as error:
            yield request, Response(finish="error", error=_told(error))
    while running:
        for talk in running:
            talk.messages += talk.coming.popleft()
        _say(speaker, running)
        yield from ((talk.request, talk.response()) for talk in running if talk.done)
        running = [talk for talk in running if not talk.done]


def _say(speaker: Speaker, running: list[Talk]) -> None:
    started = time.perf_counter()
    said = _spoken(speaker, running)
    seconds = (time.perf_counter() - started) / len(running)
    for talk, own in zip(running, said, strict=True):
        talk.said.append(own)
        talk.seconds += seconds
        talk.messages.append({"role": "assistant", "content": [_text(own.text)]})


def _spoken(speaker: Speaker, running: Sequence[Talk]) -> list[Said]:
    """What fails together is tried in halves, so that memory that runs out costs time and a bad request only itself."""
    try:
        return speaker.speak(running)
    except Exception as error:  # the per-request boundary: foreign engines raise anything
        if len(running) == 1:
            return [Said(error=_told(error))]
    # Outside the handler: the exception holds on to the memory that ran out.
    middle = len(running) // 2
    return _spoken(speaker, running[:middle]) + _spoken(speaker, running[middle:])


def _told(error: Exception) -> str:
    said = str(error) if isinstance(error, SailbenchError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:500]
