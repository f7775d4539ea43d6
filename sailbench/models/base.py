"""What a model is to the house: something with a name and an identity that answers requests, in any order."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from sailbench.types import Request, Response


class Model(Protocol):
    """One method: `answer`. Requests are drawn as the model has room; each comes back once, with its response.

    A request that is listened to (`talks.Begun.listener`) may come back before with pieces of its answer.
    """

    @property
    def name(self) -> str:
        """The name of the results folder."""
        ...

    @property
    def identity(self) -> str:
        """What its answers depend on besides the request: weights fingerprint, processor settings, protocol version."""
        ...

    @property
    def engine(self) -> str:
        """What runs it, with its version."""
        ...

    @property
    def hardware(self) -> str:
        """The device it runs on; empty for the machine itself."""
        ...

    def answer(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]: ...
