"""A clerk does one thing after another in a thread of its own, so that nobody waits for a disk or a grader."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from sailbench.models.interruption import Interruption

ROOM = 64  # things that are handed in and not done at most, and that a killed process loses; who hands in more waits


class Clerk:
    """Whoever leaves its block finds everything done, also after Ctrl-C, and gets what went wrong.

    After a failure nothing more is done: what is still handed in is dropped.
    """

    def __init__(self, do: Callable[..., None], name: str) -> None:
        self._do = do
        self._tray: queue.Queue[tuple[Any, ...] | None] = queue.Queue(ROOM - 1)  # and one in hand
        self._failure: BaseException | None = None
        # A second Ctrl-C ends at once, and the process does not stay for the thread.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def hand(self, *papers: Any) -> None:
        self._tray.put(papers)

    def check(self) -> None:
        """Raise what has gone wrong so far."""
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with Interruption() as pressed:
            self._tray.put(None)
            self._thread.join()
        if self._failure is not error:
            self.check()
        if pressed:
            raise KeyboardInterrupt

    def _work(self) -> None:
        while (papers := self._tray.get()) is not None:
            if self._failure is None:
                self._failure = self._failed(papers)

    def _failed(self, papers: tuple[Any, ...]) -> BaseException | None:
        try:
            self._do(*papers)
        except BaseException as error:  # handed over to the thread that asks
            return error
        return None
