"""What is said in a talk, in order: turns as texts and media, and talks that began elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sailbench.errors import MediaError
from sailbench.models.pieces import Listener
from sailbench.types import MEDIA_MARK, Media, Request

Part = str | Media


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun(Request):
    """A talk that began elsewhere: `answers` were given to its first turns, and the response holds those that follow.

    `system` takes the place of the model's own system text; None leaves it. `more` says that turns will follow that
    are not here yet: SAIL-VL2 is shown pictures otherwise in a talk than in a single question. `listener` is no part of
    what is asked.
    """

    system: str | None = None
    more: bool = False
    answers: tuple[str, ...] = ()
    listener: Listener | None = field(default=None, compare=False, repr=False)


def given(request: Request) -> tuple[str, ...]:
    """The answers that the talk has already."""
    return request.answers if isinstance(request, Begun) else ()


def system(request: Request) -> str | None:
    """The talk's own system text."""
    return request.system if isinstance(request, Begun) else None


def more(request: Request) -> bool:
    """Whether turns will follow that are not in the request."""
    return isinstance(request, Begun) and request.more


def live(request: Request) -> bool:
    """Whether somebody listens while the answer is being written."""
    return isinstance(request, Begun) and request.listener is not None and request.listener.live


def gone(request: Request) -> bool:
    """Whether nobody waits for the answer any more."""
    return isinstance(request, Begun) and request.listener is not None and request.listener.gone


def listeners(requests: Iterable[Request]) -> Iterator[Listener]:
    """Who waits for these, where that is known."""
    for request in requests:
        if isinstance(request, Begun) and request.listener is not None:
            yield request.listener


def parts(request: Request) -> Iterator[list[Part]]:
    """Each turn as texts and media: media where they are marked, unmarked ones before the first text."""
    marks = sum(turn.count(MEDIA_MARK) for turn in request.turns)
    if marks > len(request.media):
        raise MediaError(f"the text marks {marks} media, but the request has {len(request.media)}")
    front, placed = request.media[marks:], iter(request.media)
    for number, turn in enumerate(request.turns):
        pieces: list[Part] = list(front) if number == 0 else []
        for i, text in enumerate(turn.split(MEDIA_MARK)):
            pieces += [next(placed)] if i else []
            pieces += [text] if text else []
        yield pieces
