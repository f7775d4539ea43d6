"""A model that answers at once with a fixed text: for tests, and to measure what the harness itself costs."""

from collections.abc import Iterable, Iterator

from sailbench.models.talks import given
from sailbench.types import Request, Response


class Fake:
    """Answers every turn with `reply`; counts what it was asked."""

    def __init__(self, reply: str = "A", name: str = "fake") -> None:
        self.name, self.reply = name, reply
        self.identity = f"fake:{reply}"
        self.engine, self.hardware = "fake", ""
        self.asked = 0

    def answer(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        for request in requests:
            self.asked += 1
            turns = len(request.turns) - len(given(request))
            yield request, Response(texts=(self.reply,) * turns, tokens_in=1, tokens_out=1)
