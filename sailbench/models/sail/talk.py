"""A request on its way through the engine: its turns, what has been answered, and the prompt of the next turn."""

import time
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from sailbench.errors import SailbenchError
from sailbench.models import talks
from sailbench.models.sail import chat
from sailbench.models.sail.cache import Marks
from sailbench.models.sail.chat import Picture, Turn
from sailbench.models.sail.decode import Row
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.spelling import Spelling
from sailbench.types import Request, Response

if TYPE_CHECKING:
    from sailbench.models.sail.sight import Glance

NO_MARKS = Marks((), ())


@dataclass(slots=True, eq=False)
class Talk:
    """`wanted` is how much of the row that is being read others begin with; `alone` keeps company away."""

    request: Request
    turns: list[Turn]
    seen: "list[Glance]"
    seconds: float = 0.0
    answers: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    pictures: "list[Glance]" = field(default_factory=list)
    marks: Marks = NO_MARKS
    row: Row | None = None
    wanted: int = 0
    alone: bool = False
    started: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cut: bool = False
    error: str | None = None
    spelling: Spelling | None = None

    @property
    def several(self) -> bool:
        return len(self.turns) > 1 or talks.more(self.request)

    @property
    def pictures_end(self) -> int:
        """How many positions there are up to the end of the last picture."""
        values = self.marks.values
        return next((i + 1 for i in range(len(values) - 1, -1, -1) if values[i] < 0), 0) if self.pictures else 0

    @property
    def done(self) -> bool:
        return self.error is not None or len(self.answers) == len(self.turns)

    def ask(self, processor: Processor) -> None:
        """Lay out the next turn after the talk so far; the model is given its own answers as the history."""
        answers = [chat.hyphenated(chat.unhyphenated(text)) for text in self.answers]
        parts = chat.conversation(self.turns[: len(answers) + 1], answers, talks.system(self.request))
        self.pictures = [self.seen[part.index] for part in parts if isinstance(part, Picture)]
        self.ids = processor.ids(parts, [glance.slots for glance in self.seen])
        self.marks, self.wanted, self.started = Marks.of(self._values(processor.tokenizer.slot)), 0, time.perf_counter()
        self.spelling = Spelling(processor.tokenizer, self.several) if talks.live(self.request) else None

    def _values(self, slot: int) -> list[int]:
        """The ids, with a negative number for each part of a picture in place of the slots' one id."""
        firsts = [(hash(glance.key) | 1 << 62) - (1 << 63) for glance in self.pictures]
        parts = chain.from_iterable(range(f, f + g.slots) for f, g in zip(firsts, self.pictures, strict=True))
        return [next(parts) if i == slot else i for i in self.ids] if self.pictures else self.ids

    def take(self, tokens: list[int], processor: Processor) -> None:
        """The answer to the turn."""
        self.answers.append(processor.tokenizer.decode(tokens))
        self.tokens_in += len(self.ids)
        self.tokens_out += len(tokens)
        self.seconds += time.perf_counter() - self.started
        self.cut = self.cut or tokens[-1] != processor.tokenizer.end

    def piece(self) -> str:
        """What is new of the answer that is being written, for those who listen; empty for others."""
        return "" if self.spelling is None or self.row is None else self.spelling.more(self.row.tokens)

    def response(self) -> Response:
        own = self.answers[len(talks.given(self.request)) :]
        texts = [chat.unhyphenated(text) for text in own] if self.several else own
        return Response(
            texts=tuple(texts),
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            seconds=self.seconds,
            finish="error" if self.error is not None else "length" if self.cut else "stop",
            error=self.error,
        )


def told(error: Exception) -> str:
    """An error in a line: our own are sentences; others need their kind to be understood."""
    said = str(error) if isinstance(error, SailbenchError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())
