"""What is sent back: a response as a chat completion, whole or in the chunks of a stream."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sailbench.serve.asked import Asked
from sailbench.types import Response

OPEN, CLOSE = "<think>", "</think>"
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer as the client reads it: reasoning apart, cut where the client said to stop."""

    model: str
    id: str
    created: int
    content: str
    reasoning: str | None
    finish: str
    usage: dict[str, int]

    @classmethod
    def of(cls, asked: Asked, response: Response, head: "Head") -> "Told":
        reasoning, content = _parted(response.text)
        cut, stopped = _stopped(content, asked.stops)
        return cls(
            model=head.model,
            id=head.id,
            created=head.created,
            content=cut,
            reasoning=reasoning,
            finish="length" if response.finish == "length" and not stopped else "stop",
            usage={
                "prompt_tokens": response.tokens_in,
                "completion_tokens": response.tokens_out,
                "total_tokens": response.tokens_in + response.tokens_out,
            },
        )

    def whole(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self.content}
        if self.reasoning is not None:
            message["reasoning_content"] = self.reasoning
        choice = {"index": 0, "message": message, "finish_reason": self.finish, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage}

    def chunks(self, usage: bool) -> Iterator[bytes]:
        """The events after the first, which only opens the answer."""
        if self.reasoning is not None:
            yield self._chunk({"reasoning_content": self.reasoning})
        yield self._chunk({"content": self.content})
        yield self._chunk({}, self.finish)
        if usage:
            yield event({**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage})
        yield DONE

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every part of one answer says of itself."""

    model: str
    id: str
    created: int

    def opening(self) -> bytes:
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        return event({**head, "choices": [choice]})


def event(record: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _parted(text: str) -> tuple[str | None, str]:
    """Reasoning and the rest, so that "<think>" + reasoning + "</think>" + content is the answer to the letter."""
    if not text.startswith(OPEN) or CLOSE not in text:
        return None, text
    reasoning, _, content = text.removeprefix(OPEN).partition(CLOSE)
    return reasoning, content


def _stopped(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    places = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
