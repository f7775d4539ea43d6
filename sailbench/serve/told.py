"""What is sent back: a response as a chat completion, whole or in the chunks of a stream."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sailbench.models.pieces import certain
from sailbench.types import Response

OPEN, CLOSE = "<think>", "</think>"
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every part of one answer says of itself."""

    model: str
    id: str
    created: int

    def whole(self, response: Response, stops: tuple[str, ...]) -> dict[str, Any]:
        """Reasoning apart, cut where the client said to stop."""
        reasoning, content = _parted(response.text)
        content, stopped = _stopped(content, stops)
        message: dict[str, Any] = {"role": "assistant", "content": content}
        if reasoning is not None:
            message["reasoning_content"] = reasoning
        choice = {"index": 0, "message": message, "finish_reason": _finish(response, stopped), "logprobs": None}
        return {**self._record("chat.completion"), "choices": [choice], "usage": _usage(response)}

    def opening(self) -> bytes:
        return self.chunk({"role": "assistant", "content": ""})

    def ending(self, response: Response, stopped: bool, usage: bool) -> Iterator[bytes]:
        """Why the answer ends, what it took if that was asked for, and the stream's end."""
        yield self.chunk({}, _finish(response, stopped))
        if usage:
            yield event({**self._record("chat.completion.chunk"), "choices": [], "usage": _usage(response)})
        yield DONE

    def chunk(self, delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**self._record("chat.completion.chunk"), "choices": [choice]})

    def _record(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def event(record: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _usage(response: Response) -> dict[str, int]:
    both = response.tokens_in + response.tokens_out
    return {"prompt_tokens": response.tokens_in, "completion_tokens": response.tokens_out, "total_tokens": both}


def _finish(response: Response, stopped: bool) -> str:
    return "length" if response.finish == "length" and not stopped else "stop"


def _parted(text: str) -> tuple[str | None, str]:
    """Reasoning and the rest, so that "<think>" + reasoning + "</think>" + content is the answer to the letter."""
    if not text.startswith(OPEN) or CLOSE not in text:
        return None, text
    reasoning, _, content = text.removeprefix(OPEN).partition(CLOSE)
    return reasoning, content


def _stopped(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)


class Part(Enum):
    """Where in an answer its next letter stands."""

    START = ""
    REASONING = "reasoning_content"
    CONTENT = "content"


@dataclass(slots=True, eq=False)
class Telling:
    """An answer as it comes in: what of it can be sent by now. `stopped` once the client's words to stop at came.

    Reasoning that never ends is sent as reasoning; a whole answer leaves it in the content, where nothing is lost.
    """

    stops: tuple[str, ...] = ()
    stopped: bool = False
    _part: Part = Part.START
    _held: str = ""
    _heard: int = 0

    def more(self, text: str) -> Iterator[tuple[str, str]]:
        """The part and the text of each chunk that a piece makes certain."""
        self._held += text
        self._heard += len(text)
        return self._sent(last=False)

    def rest(self, text: str) -> Iterator[tuple[str, str]]:
        """What of the whole answer has not been sent."""
        self._held += text[self._heard :]
        return self._sent(last=True)

    def _sent(self, last: bool) -> Iterator[tuple[str, str]]:
        if self._part is Part.START:
            if self._held.startswith(OPEN):
                self._part, self._held = Part.REASONING, self._held.removeprefix(OPEN)
            elif last or not OPEN.startswith(self._held):
                self._part = Part.CONTENT
        if self._part is Part.REASONING:
            before, close, after = self._held.partition(CLOSE)
            yield from self._certain(before, () if close or last else (CLOSE,))
            if close:
                self._part, self._held = Part.CONTENT, after
        if self._part is Part.CONTENT and not self.stopped:
            before, found = _stopped(self._held, self.stops)
            # Another word to stop at may have begun before the one that is there.
            self.stopped = found and (last or certain(self._held, self.stops) >= len(before))
            yield from self._certain(before if self.stopped else self._held, () if self.stopped or last else self.stops)

    def _certain(self, text: str, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        length = certain(text, words)
        self._held = self._held[length:]
        if length:
            yield self._part.value, text[:length]
