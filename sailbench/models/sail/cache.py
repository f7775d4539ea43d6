"""Where keys and values lie: lanes of rows of similar length, and stems, the beginnings that prompts share.

A lane is one tensor whose rows stand without gaps, so that attention reads it in place. A stem is computed once and
copied in front of every row that begins with it.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

BLOCK = 16  # beginnings are looked up by whole blocks of positions, then compared one by one
FIRST_ROWS, FIRST_POSITIONS = 64, 1 << 14  # of a new lane: as many rows, but no more positions than this
SHORTEST = 256  # positions of the smallest lane; each further one is twice as long


@dataclass(frozen=True, slots=True)
class Shape:
    """What the cache of a model is made of."""

    layers: int
    kv_heads: int
    width: int
    dtype: torch.dtype
    device: torch.device

    def zeros(self, rows: int, positions: int) -> Tensor:
        """[layers, rows, 2*kv_heads, positions, D], keys before values; zeros, since masks cannot hide a NaN."""
        shape = (self.layers, rows, 2 * self.kv_heads, positions, self.width)
        if not rows or self.device.type != "cpu":
            return torch.zeros(shape, dtype=self.dtype, device=self.device)
        # numpy's zeros take no memory until they are written to: a lane's rows are mostly longer than what they hold.
        held = torch.from_numpy(np.zeros(math.prod(shape) * self.dtype.itemsize, dtype=np.uint8))
        return held.view(self.dtype).view(shape)

    @property
    def position_bytes(self) -> int:
        return 2 * self.layers * self.kv_heads * self.width * self.dtype.itemsize


@dataclass(slots=True, eq=False)
class Place:
    """A row's place: its lane, the slot in it, and how many of its positions hold keys and values."""

    lane: "Lane"
    slot: int
    length: int = 0

    def kept(self, positions: int) -> Tensor:
        """[layers, 2*kv_heads, positions, D]: a view of the row's first positions."""
        return self.lane.tensor[:, self.slot, :, :positions]


class Lane:
    """Rows of at most `capacity` positions, in slots 0, 1, 2, … without a gap."""

    def __init__(self, shape: Shape, capacity: int) -> None:
        self.capacity = capacity
        self.places: list[Place] = []
        self._shape = shape
        self.tensor = shape.zeros(0, capacity)

    def enter(self) -> Place:
        """A place after the last row; the lane doubles when it is full."""
        if len(self.places) == self.tensor.shape[1]:
            larger = self._shape.zeros(max(self._first_rows, 2 * len(self.places)), self.capacity)
            larger[:, : len(self.places)] = self.tensor
            self.tensor = larger
        self.places.append(Place(self, len(self.places)))
        return self.places[-1]

    @property
    def _first_rows(self) -> int:
        return min(FIRST_ROWS, max(1, FIRST_POSITIONS // self.capacity))

    def leave(self, gone: Sequence[Place]) -> None:
        """Close the gaps of the rows that leave with the last rows of the lane."""
        left = {place.slot for place in gone}
        rest = len(self.places) - len(left)
        gaps = [slot for slot in sorted(left) if slot < rest]
        movers = [place for place in self.places[rest:] if place.slot not in left]
        for slot, place in zip(gaps, movers, strict=True):
            # Row by row: an indexed copy of a slice would first copy the whole lane.
            self.tensor[:, slot, :, : place.length] = place.kept(place.length)
            place.slot, self.places[slot] = slot, place
        del self.places[rest:]

    def release(self) -> None:
        """Give the memory of an empty lane back."""
        if not self.places:
            self.tensor = self._shape.zeros(0, self.capacity)


class Lanes:
    """Lanes of doubling length; a row that outgrows its lane moves on."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._lanes: dict[int, Lane] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter([lane for lane in self._lanes.values() if lane.places])

    def enter(self, positions: int) -> Place:
        capacity = max(SHORTEST, 1 << (positions - 1).bit_length())
        if capacity not in self._lanes:
            self._lanes[capacity] = Lane(self._shape, capacity)
        return self._lanes[capacity].enter()

    def grown(self, place: Place, positions: int) -> Place:
        """A place in a longer lane, with what this one holds; this one is left to be freed."""
        larger = self.enter(positions)
        larger.kept(place.length).copy_(place.kept(place.length))
        larger.length = place.length
        return larger

    def leave(self, places: Sequence[Place]) -> None:
        for lane in list(self):
            lane.leave([place for place in places if place.lane is lane])

    def release(self) -> None:
        for lane in self._lanes.values():
            lane.release()


@dataclass(frozen=True, slots=True)
class Marks:
    """What a prompt's positions hold, for comparing: token ids, and numbers that stand for pictures' parts."""

    values: tuple[int, ...]
    chain: tuple[int, ...]  # of each whole block, a hash of everything up to its end

    @classmethod
    def of(cls, values: Sequence[int]) -> "Marks":
        chain: list[int] = []
        for start in range(0, len(values) - BLOCK + 1, BLOCK):
            chain.append(hash((chain[-1] if chain else 0, *values[start : start + BLOCK])))
        return cls(tuple(values), tuple(chain))

    def shared(self, other: "Marks", blocks: int) -> int:
        """How many first positions are the same, given that `blocks` blocks seem to be."""
        start = blocks * BLOCK
        if self.values[:start] != other.values[:start]:
            return 0
        longest = min(len(self.values), len(other.values))
        while start < longest and self.values[start] == other.values[start]:
            start += 1
        return start


class Marked(Protocol):
    """Whatever has a prompt's marks."""

    marks: Marks


Begun = TypeVar("Begun", bound=Marked)


@dataclass(slots=True, eq=False)
class Beginning:
    """A beginning with its keys and values [layers, 2*kv_heads, T, D]."""

    marks: Marks
    tensor: Tensor


@dataclass(slots=True)
class Stems:
    """Beginnings of prompts, at most `limit` positions of them; those used longest ago go first."""

    limit: int
    size: int = 0
    _kept: "OrderedDict[tuple[int, ...], Beginning]" = field(default_factory=OrderedDict)
    _by_hash: dict[int, Beginning] = field(default_factory=dict)

    def find(self, marks: Marks) -> tuple[Beginning | None, int]:
        """The stem that a prompt begins with and for how many positions; never all of it, the last is to be run."""
        found, shared = longest(self._by_hash, marks)
        if found is not None:
            self._kept.move_to_end(found.marks.values)
        return found, shared

    def keep(self, values: Sequence[int], tensor: Tensor) -> None:
        """A copy of a row's first positions."""
        if len(values) > self.limit:
            return
        stem = self._kept.get(tuple(values))
        if stem is None:
            stem = Beginning(Marks.of(values), tensor.clone())
            self._kept[stem.marks.values] = stem
            self.size += len(values)
        self._by_hash.update(dict.fromkeys(stem.marks.chain, stem))
        while self.size > self.limit:
            self._drop(self._kept.popitem(last=False)[1])

    def clear(self) -> None:
        self._kept.clear()
        self._by_hash.clear()
        self.size = 0

    def _drop(self, stem: Beginning) -> None:
        self.size -= len(stem.marks.values)
        for link in stem.marks.chain:
            if self._by_hash.get(link) is stem:
                del self._by_hash[link]


def longest(by_hash: Mapping[int, Begun], marks: Marks) -> tuple[Begun | None, int]:
    """The known prompt that `marks` begins with for the most positions, and how many; never all of them."""
    for blocks in range(len(marks.chain), 0, -1):
        found = by_hash.get(marks.chain[blocks - 1])
        if found is not None:
            return found, min(marks.shared(found.marks, blocks), len(marks.values) - 1)
    return None, 0
