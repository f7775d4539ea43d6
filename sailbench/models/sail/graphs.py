"""A decode step in buffers that stay where they are: made once for a size, and on a GPU recorded and replayed.

Launching a step's kernels one by one takes a GPU's host longer than the GPU computes; a CUDA graph is launched whole.
It has a fixed number of rows and a fixed reach, so rows are padded to the next of a few sizes, and what they look at
to the next quarter of their lane; what padding computes nobody reads. A CPU pads no rows, and is spared the planning.
"""

import logging
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from sailbench.models.sail.attention import Batch, Run
from sailbench.models.sail.cache import Lane
from sailbench.models.sail.device import out_of_memory, sent
from sailbench.models.sail.language import Layers

log = logging.getLogger(__name__)
# Each at most half as large again as the one before: at most a third of a step is padding.
SIZES = (1, *sorted(n << k for n in (2, 3) for k in range(24)))
WORTH = 8  # times that a size is met before it is recorded, which takes as long as some steps


class Still:
    """The next token of a lane's first `rows` rows, which look at no more than `reach` positions."""

    def __init__(self, layers: Layers, lane: Lane, rows: int, reach: int) -> None:
        self.layers, self.lane, self.rows, self.reach = layers, lane, rows, reach
        layers.reach(lane.capacity)
        # What is recorded reads these where they lie now: neither may be freed or replaced while it is in use.
        self.held = (lane.tensor, layers.angles)
        device, kv = layers.device, 2 * layers.kv_heads
        self.given = torch.zeros(2, rows, dtype=torch.long, device=device)  # tokens, and the positions they come to
        self._firsts = torch.arange(rows * kv, device=device).view(rows, kv) * lane.capacity
        self._places = torch.arange(reach, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self.times = 0
        self._hidden = torch.empty(0)

    @property
    def valid(self) -> bool:
        return self.held[0] is self.lane.tensor

    def compute(self) -> Tensor:
        """[rows, H], from what is in `given` alone. Padding writes into slots that no row has."""
        tokens, positions = self.given
        hidden = self._places > positions[:, None]  # [R, L]
        mask = torch.zeros_like(hidden, dtype=self.layers.dtype).masked_fill_(hidden, float("-inf"))[:, None, None]
        whole = slice(0, self.rows)
        run = Run(self.lane, 0, self.rows, 1, self.reach, whole, mask, None)
        cells = (self._firsts + positions[:, None]).flatten()
        batch = Batch((), (), positions, [run], [(self.lane, whole, cells)], self.layers.heads)
        return self.layers.run(self.layers.embed(tokens), positions, batch.attend)

    @property
    def pool(self) -> Any:
        """The memory of what is recorded; None while nothing is."""
        return None if self._graph is None else self._graph.pool()

    def record(self, pool: Any) -> None:
        """Capture `compute`, which has been computed before: libraries set themselves up then."""
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.device(self.given.device),
            # A capture that fails leaves its own stream the current one.
            torch.cuda.stream(torch.cuda.current_stream(self.given.device)),
            # Threads that open images go on with their own calls meanwhile.
            torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"),
        ):
            hidden = self.compute()
        self._graph, self._hidden = graph, hidden

    def step(self, tokens: Sequence[int], positions: Sequence[int]) -> Tensor:
        """[n, H] for n rows, which are the lane's first n slots."""
        padding = [0] * (self.rows - len(tokens))
        self.given.copy_(sent([[*tokens, *padding], [*positions, *padding]], self.given.device))
        self.times += 1
        if self._graph is None:
            return self.compute()[: len(tokens)]
        self._graph.replay()
        # Recorded steps share their memory, and another one may write over this.
        return self._hidden[: len(tokens)].clone()


class Stills:
    """The still steps of a decoder by lane and size; `recording` only where there is CUDA, and then `padded`."""

    def __init__(self, layers: Layers, padded: bool, recording: bool = False) -> None:
        self._layers, self._padded, self._recording = layers, padded, recording
        self._known: dict[tuple[int, int, int], Still] = {}

    @classmethod
    def of(cls, layers: Layers) -> "Stills":
        cuda = layers.device.type == "cuda"
        return cls(layers, padded=cuda, recording=cuda and recordable(layers))

    def step(self, lane: Lane, tokens: Sequence[int], positions: Sequence[int]) -> Tensor:
        """[n, H] of the lane's n rows in the order of their slots."""
        rows = min(_size(len(tokens)), lane.tensor.shape[1]) if self._padded else len(tokens)
        quarter = lane.capacity // 4
        reach = -(-(max(positions) + 1) // quarter) * quarter
        still = self._known.get((lane.capacity, rows, reach))
        if still is None or not still.valid:
            self.clear_outdated()
            still = self._known[lane.capacity, rows, reach] = Still(self._layers, lane, rows, reach)
        if self._recording and still.pool is None and still.times >= WORTH:
            self._record(still)
        return still.step(tokens, positions)

    def clear_outdated(self) -> None:
        """Let go of what was recorded for tensors that their lanes have replaced."""
        self._known = {key: still for key, still in self._known.items() if still.valid}

    def clear(self) -> None:
        self._known.clear()

    def _record(self, still: Still) -> None:
        # Of a recording that is still there: memory whose recordings are all gone is never to be recorded into again.
        pools = [known.pool for known in self._known.values() if known.pool is not None]
        try:
            still.record(pools[0] if pools else None)
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            reason = str(error).strip().partition("\n")[0]
            log.warning("decoding goes on without CUDA graphs, more slowly: %s", reason)
            self._recording = False


def recordable(layers: Layers) -> bool:
    """Whether a step never waits for the device: elsewhere than here torch asks it how large each expert's group is."""
    if not layers.experts:
        return True
    return layers.dtype == torch.bfloat16 and torch.cuda.get_device_capability(layers.device)[0] in (9, 10)


def _size(needed: int) -> int:
    """The smallest of the sizes that is large enough."""
    return SIZES[bisect_left(SIZES, needed)]
