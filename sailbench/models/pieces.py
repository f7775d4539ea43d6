"""An answer while it is being written: who listens to it, what they are given, and how much of a text is certain."""

from collections.abc import Sequence
from dataclasses import dataclass

from sailbench.types import Response


@dataclass(slots=True, eq=False)
class Listener:
    """Who waits for an answer. `live` has it in pieces; once `gone`, nobody waits, and it need not be finished."""

    live: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Response):
    """What has been written since the last piece, in `texts`; the response itself follows, with the whole text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Response):
    """An error that is not the request's: the engine that had it is gone."""


def certain(text: str, words: Sequence[str]) -> int:
    """How many first characters stand whatever follows: those after them may be the beginning of one of `words`.

    >>> certain("so </thi", ["</think>"]), certain("so", ["</think>"])
    (3, 2)
    """
    longest = max(map(len, words), default=1) - 1
    for start in range(max(0, len(text) - longest), len(text)):
        if any(len(text) - start < len(word) and word.startswith(text[start:]) for word in words):
            return start
    return len(text)
