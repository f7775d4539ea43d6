"""How much is done at once, sized from the memory that is free, and where the time goes."""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

import torch

from sailbench.models.sail.cache import Shape

log = logging.getLogger(__name__)
ON_CPU, ON_GPU = (64, 1024), (256, 8192)  # rows, tokens a step


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is done at once; None is told from the device.

    `window` requests are held at once, opened or answered, `positions` reserved in the cache, `rows` written, `tokens`
    computed in a step, `tiles` encoded. `fixed` makes what is computed together depend on the requests alone.
    """

    window: int | None = None
    positions: int | None = None
    rows: int | None = None
    tokens: int | None = None
    tiles: int = 16
    fixed: bool = False

    def sized(self, shape: Shape) -> "Limits":
        rows, tokens = ON_CPU if shape.device.type == "cpu" else ON_GPU
        rows = self.rows or rows
        positions = self.positions or (
            1 << 20 if self.fixed else free_bytes(shape.device) // (4 * shape.position_bytes)
        )
        return Limits(self.window or 3 * rows, max(1, positions), rows, self.tokens or tokens)


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget in numbers."""

    window: int
    positions: int
    rows: int
    tokens: int

    def halved(self) -> "Limits":
        """After the device ran out of memory."""
        smaller = replace(self, rows=max(1, self.rows // 2), tokens=max(16, self.tokens // 2))
        log.warning(
            "out of memory: going on with %d rows and %d tokens a step, not %d and %d",
            *(smaller.rows, smaller.tokens, self.rows, self.tokens),
        )
        return smaller


def free_bytes(device: torch.device) -> int:
    """Memory that nobody uses: the GPU's, or the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


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
            if self.exact and torch.cuda.is_available():
                torch.cuda.synchronize()
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        with self._lock:
            self.seconds[name] += seconds
