"""The queue of a run over several engines: what is asked goes out on leases, and comes back answered or as it was.

Nothing is on lease to two workers at a time. What a lost worker held is leased again; what was lost twice is leased
alone, so that a request that kills its engine takes no others with it, and the third loss is its end.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Generic, TypeVar

T = TypeVar("T")
HELD = 96  # items a worker has: what it answers at once and some to go on with
BUNDLE = 32  # neighbours that share media stay together, so that one worker computes what they share
LIVES = 3


@dataclass(slots=True, eq=False)
class Item(Generic[T]):
    """One thing to be asked, and how many workers were lost with it."""

    number: int
    content: T
    losses: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How much a worker is given: at most `held` items at once, neighbours of one kind in bundles."""

    held: int = HELD
    bundle: int = BUNDLE
    lives: int = LIVES


class Ledger(Generic[T]):
    """Who holds what. `count` is how many items there will be, where that is known."""

    def __init__(
        self,
        items: Iterable[T],
        kind: Callable[[T], Hashable] = id,
        terms: Terms | None = None,
        count: int | None = None,
    ) -> None:
        self.terms = terms or Terms()
        self._coming = _bundled(items, kind, self.terms.bundle)
        self._left = count
        self._ready: deque[list[Item[T]]] = deque()
        self._again: deque[Item[T]] = deque()
        self._suspects: deque[Item[T]] = deque()
        self._held: dict[Hashable, dict[int, Item[T]]] = {}
        self._out = 0

    def join(self, worker: Hashable) -> None:
        self._held.setdefault(worker, {})

    @property
    def workers(self) -> list[Hashable]:
        return list(self._held)

    def held(self, worker: Hashable) -> int:
        """How many items are on lease to the worker."""
        return len(self._held.get(worker, ()))

    @property
    def open(self) -> bool:
        """Whether anything is unanswered."""
        return self._out > 0 or self._waits()

    def lease(self, worker: Hashable) -> list[Item[T]]:
        """The next items for a worker; none if it holds enough, or nothing waits."""
        mine = self._held[worker]
        if len(mine) == 1 and next(iter(mine.values())).losses > 1:
            return []
        if self._suspects and not mine:
            given = [self._suspects.popleft()]
        elif len(mine) >= self._share():
            return []
        elif self._again:
            given = [self._again.popleft()]
        else:
            given = self._drawn()
        mine.update((item.number, item) for item in given)
        self._out += len(given)
        return given

    def settle(self, worker: Hashable, number: int) -> T | None:
        """What the answer with this number is to; None if the worker does not hold it (any more)."""
        item = self._held.get(worker, {}).pop(number, None)
        if item is None:
            return None
        self._out -= 1
        return item.content

    def lose(self, worker: Hashable) -> list[T]:
        """Take back what a worker held. Returns what is not to be asked again: too many workers were lost with it."""
        ended, mine = [], self._held.pop(worker, {})
        self._out -= len(mine)
        for item in mine.values():
            item.losses += 1
            if item.losses >= self.terms.lives:
                ended.append(item.content)
            else:
                (self._suspects if item.losses > 1 else self._again).append(item)
        return ended

    def rest(self) -> Iterator[T]:
        """Everything that waits, when nobody is left to lease it to."""
        yield from (item.content for item in (*self._again, *self._suspects))
        self._again.clear()
        self._suspects.clear()
        while given := self._drawn():
            yield from (item.content for item in given)

    def _share(self) -> int:
        """How much a worker may hold: near the end no more than an even part of what is unanswered."""
        if self._left is None:
            return self.terms.held
        unanswered = max(0, self._left) + len(self._again) + self._out
        return max(1, min(self.terms.held, -(-unanswered // len(self._held))))

    def _waits(self) -> bool:
        if not (self._again or self._suspects or self._ready) and (bundle := next(self._coming, None)):
            self._ready.append(bundle)
        return bool(self._again or self._suspects or self._ready)

    def _drawn(self) -> list[Item[T]]:
        given = self._ready.popleft() if self._ready else next(self._coming, [])
        if self._left is not None:
            self._left -= len(given)
        return given


def _bundled(items: Iterable[T], kind: Callable[[T], Hashable], most: int) -> Iterator[list[Item[T]]]:
    numbered = (Item(number, content) for number, content in enumerate(items))
    for _, group in groupby(numbered, key=lambda item: kind(item.content)):
        while bundle := list(islice(group, most)):
            yield bundle
