"""What one step computes: spans of tokens packed one after another, and attention from each to its row's cache.

Spans that stand side by side in a lane and are of about one length attend together, in place. Query heads that share
a key head are taken as further queries, so that no key is copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from sailbench.models.sail.cache import Lane, Place
from sailbench.models.sail.device import sent
from sailbench.models.sail.language import Layers


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The next `tokens` tokens of a row, which come after the positions that its place holds."""

    row: Any
    place: Place
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Spans in neighbouring slots of a lane: first slot, rows R, queries a row T (padded), positions looked at L."""

    lane: Lane
    first: int
    rows: int
    queries: int
    reach: int
    tokens: slice  # which of the packed tokens they are
    mask: Tensor | None  # [R, 1, T*G, L], added to the scores; None where every query sees everything
    cells: Tensor | None  # [tokens] where each stands in R*T; None when no row is padded

    def attend(self, number: int, queries: Tensor) -> Tensor:
        """[n, heads, D] to [n, heads*D], of layer `number`."""
        heads, width = queries.shape[1:]
        kv = self.lane.tensor[number, self.first : self.first + self.rows, :, : self.reach]  # [R, 2*kv_heads, L, D]
        kv_heads = kv.shape[1] // 2
        if self.cells is not None:
            padded = queries.new_zeros(self.rows * self.queries, heads, width)
            queries = padded.index_copy_(0, self.cells, queries)
        shaped = queries.view(self.rows, self.queries, kv_heads, -1, width).transpose(1, 2)  # [R, K, T, G, D]
        flat = shaped.reshape(self.rows, kv_heads, -1, width)  # [R, K, T*G, D]
        seen = F.scaled_dot_product_attention(flat, kv[:, :kv_heads], kv[:, kv_heads:], attn_mask=self.mask)
        back = seen.view(self.rows, kv_heads, self.queries, -1, width).transpose(1, 2)
        packed = back.reshape(self.rows * self.queries, heads * width)
        return packed if self.cells is None else packed[self.cells]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """A step's spans in the order in which they are packed: by lane, then by slot."""

    spans: Sequence[Span]
    ends: Sequence[int]  # where each span ends among the packed tokens
    positions: Tensor  # [N]
    runs: Sequence[Run]
    writes: Sequence[tuple[Lane, slice, Tensor]]  # of each lane: its tokens, and the rows of its flat cache they fill
    heads: int

    @classmethod
    def of(cls, spans: Sequence[Span], layers: Layers) -> "Batch":
        lanes = {id(span.place.lane): i for i, span in enumerate(spans)}
        ordered = sorted(spans, key=lambda span: (lanes[id(span.place.lane)], span.place.slot))
        ends = list(accumulate(span.tokens for span in ordered))
        counts = torch.tensor([span.tokens for span in ordered])
        firsts = torch.tensor([span.place.length - end + span.tokens for span, end in zip(ordered, ends, strict=True)])
        positions = torch.repeat_interleave(firsts, counts) + torch.arange(ends[-1])
        layers.reach(max(span.place.length + span.tokens for span in ordered))
        slots = torch.repeat_interleave(torch.tensor([span.place.slot for span in ordered]), counts)
        runs, writes, start = [], [], 0
        for lane, group in groupby(ordered, key=lambda span: span.place.lane):
            own = list(group)
            tokens = slice(start, start + sum(span.tokens for span in own))
            writes.append((lane, tokens, _cells(lane, slots[tokens], positions[tokens], layers)))
            for together in _together(own):
                runs.append(_run(together, start, positions, layers))
                start = runs[-1].tokens.stop
        return cls(ordered, ends, sent(positions, layers.device), runs, writes, layers.heads)

    def attend(self, number: int, qkv: Tensor) -> Tensor:
        """[N, heads + 2*kv_heads, D], rotated, to [N, heads*D]: keys and values are put into the cache first."""
        for lane, tokens, cells in self.writes:
            flat = lane.tensor[number].view(-1, qkv.shape[-1])
            flat.index_copy_(0, cells, qkv[tokens, self.heads :].reshape(-1, qkv.shape[-1]))
        seen = [run.attend(number, qkv[run.tokens, : self.heads]) for run in self.runs]
        return seen[0] if len(seen) == 1 else torch.cat(seen)


def _together(spans: Sequence[Span]) -> list[list[Span]]:
    """Runs of spans in neighbouring slots, of one token or of a length within a factor of two."""
    runs: list[list[Span]] = []
    for span in spans:
        before = runs[-1][-1] if runs else None
        near = before and before.place.slot + 1 == span.place.slot
        if before and near and before.tokens.bit_length() == span.tokens.bit_length():
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def _cells(lane: Lane, slots: Tensor, positions: Tensor, layers: Layers) -> Tensor:
    """[n*2*kv_heads]: where keys and values of tokens lie in the lane seen as [slots*2*kv_heads*capacity, D]."""
    slots, positions = sent(torch.stack([slots, positions]), layers.device)
    heads = slots[:, None] * (2 * layers.kv_heads) + torch.arange(2 * layers.kv_heads, device=layers.device)
    return (heads * lane.capacity + positions[:, None]).flatten()


def _run(spans: Sequence[Span], start: int, positions: Tensor, layers: Layers) -> Run:
    counts = [span.tokens for span in spans]
    tokens = slice(start, start + sum(counts))
    queries, place = max(counts), spans[0].place
    lengths = torch.tensor([span.place.length for span in spans])
    reach = max(span.place.length + span.tokens for span in spans)
    cells = None
    if min(counts) < queries:
        rows = [torch.arange(count) + i * queries for i, count in enumerate(counts)]
        cells = sent(torch.cat(rows), layers.device)
    mask = None
    if queries > 1 or int(lengths.min()) + 1 < reach:
        last = lengths[:, None] + torch.arange(queries)  # [R, T]; padding looks beyond its row's end, and is dropped
        hidden = torch.arange(reach, device=layers.device) > sent(last, layers.device)[..., None]  # [R, T, L]
        group = layers.heads // layers.kv_heads
        mask = torch.zeros_like(hidden, dtype=layers.dtype).masked_fill_(hidden, float("-inf"))
        mask = mask.repeat_interleave(group, dim=1)[:, None]
    return Run(place.lane, place.slot, len(spans), queries, reach, tokens, mask, cells)
