"""How much is done at once, sized from the memory that is free, and where the time goes."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from sailbench.models.sail.cache import Shape
from sailbench.models.sail.device import finish, free_bytes

log = logging.getLogger(__name__)
ON_CPU, ON_GPU = (64, 1024), (256, 8192)  # rows, tokens a step
LEAST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is done at once; None is told from the device.

    `window` requests are held at once, opened or answered, `positions` reserved in the cache, `rows` written, `tokens`
    computed in a step, `tiles` encoded. `fixed` makes what is computed together depend on the requests alone; `shared`
    holds few more requests than are written at once, so that other engines can take over the rest.
    """

    window: int | None = None
    positions: int | None = None
    rows: int | None = None
    tokens: int | None = None
    tiles: int = 16
    fixed: bool = False
    shared: bool = False

    def sized(self, shape: Shape) -> "Limits":
        rows, tokens = ON_CPU if shape.device.type == "cpu" else ON_GPU
        rows = self.rows or rows
        positions = self.positions or (
            1 << 20 if self.fixed else free_bytes(shape.device) // (4 * shape.position_bytes)
        )
        window = self.window or (rows + rows // 4 if self.shared else 3 * rows)
        return Limits(window, max(1, positions), rows, self.tokens or tokens, self.tiles)


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget in numbers."""

    window: int
    positions: int
    rows: int
    tokens: int
    tiles: int

    @property
    def least(self) -> bool:
        """Whether nothing is left to be halved."""
        return self.rows == self.tiles == 1 and self.tokens <= LEAST_TOKENS

    def halved(self) -> "Limits":
        """After the device ran out of memory."""
        tokens, tiles = max(LEAST_TOKENS, self.tokens // 2), max(1, self.tiles // 2)
        smaller = replace(self, rows=max(1, self.rows // 2), tokens=min(self.tokens, tokens), tiles=tiles)
        log.warning(
            "out of memory: going on with %d rows and %d tokens a step, not %d and %d",
            *(smaller.rows, smaller.tokens, self.rows, self.tokens),
        )
        return smaller


class Clock:
    """Seconds by stage. `exact` waits for the GPU at the end of each, which costs a little speed."""

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            if self.exact:
                finish()
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        with self._lock:
            self.seconds[name] += seconds
