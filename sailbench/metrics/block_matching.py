"""Which blocks of a page are which: true blocks and those of a reply paired by their edit distances.

opendatalab/OmniDocBench (quick_match) as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py has it,
slips included: of more blocks in the reply than there are true ones left, some are dropped; a true block that nothing
is left for counts twice. The original gives up after half a minute and pairs blocks one by one; here that is done where
there are very many.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from sailbench.metrics.edit_distance import edit_distance

MOST = 100_000  # pairs of blocks
MOST_WORK = 5 * 10**11  # pairs of signs in all comparisons; about twenty seconds

Columns = list[int | list[int]]  # blocks of the reply; several that stand for one true block are a list


class Pair(NamedTuple):
    """True blocks and the reply's blocks that belong together, by their numbers; either may be none."""

    wanted: tuple[int, ...]
    said: tuple[int, ...]


def paired_one_by_one(said: Sequence[str], wanted: Sequence[str]) -> list[Pair]:
    """Each true block with at most one of the reply, at the least sum of distances; the reply's other ones together.

    >>> paired_one_by_one(["b", "x", "a"], ["a", "b"])
    [Pair(wanted=(0,), said=(2,)), Pair(wanted=(1,), said=(0,)), Pair(wanted=(), said=(1,))]
    """
    if not wanted or not said:
        return [Pair((own,), ()) for own in range(len(wanted))] + ([Pair((), tuple(range(len(said))))] if said else [])
    chosen = dict(_assigned(_distances(said, wanted)))
    pairs = [Pair((own,), (chosen[own],) if own in chosen else ()) for own in range(len(wanted))]
    rest = tuple(own for own in range(len(said)) if own not in chosen.values())
    return [*pairs, Pair((), rest)] if rest else pairs


def paired_blocks(said: Sequence[str], wanted: Sequence[str]) -> list[Pair]:
    """True blocks with the reply's, of which several may make up one, or one may hold several."""
    if not wanted or not said or len(said) == len(wanted) == 1:
        return [Pair((own,), (own,) if said else ()) for own in range(len(wanted))] or [
            Pair((), (own,)) for own in range(len(said))
        ]
    if len(said) * len(wanted) > MOST or _work(said, wanted) > MOST_WORK:
        return paired_one_by_one(said, wanted)
    columns, distances = _with_joined(said, wanted)
    near, left = _near_pairs(columns, distances, len(wanted))
    found = _with_contained(near, left, said, wanted)
    return _collected([*_listed(found), *_rest(found, said, wanted)], len(wanted))


def _work(said: Sequence[str], wanted: Sequence[str]) -> int:
    """At most so many pairs of signs are compared to see which blocks hold others, or several of the reply one."""
    ours, theirs = [len(block) for block in said], [len(block) for block in wanted]
    count, total = len(ours), sum(ours)
    joined = count * sum(size**2 * min(count, size * count // total + 1) for size in theirs)
    return joined + _shifts(ours, theirs) + _shifts(theirs, ours)


def _shifts(pieces: Sequence[int], wholes: Sequence[int]) -> int:
    return sum(size**2 * sum(one - size + 1 for one in wholes if one >= size) for size in pieces)


def _distances(said: Sequence[str], wanted: Sequence[str]) -> Any:
    """A row a true block, a column a block of the reply: edits over the longer length."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    edits = cdist(wanted, said, scorer=Levenshtein.distance, dtype=np.int32)
    longer = np.maximum.outer([len(one) for one in wanted], [len(one) for one in said])
    return edits / longer


def _assigned(distances: Any) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(distances)
    return list(zip(map(int, rows), map(int, columns), strict=True))


def _with_joined(said: Sequence[str], wanted: Sequence[str]) -> tuple[Columns, Any]:
    """Columns in which neighbouring blocks of the reply stand together where they make up a true block; distances."""
    distances = _distances(said, wanted)
    sure = distances < 0.25
    open_rows = [row for row in range(len(wanted)) if not sure[row].any()]
    taken = {column for column in range(len(said)) if sure[:, column].any()}
    joins, costs = [], []
    for row in open_rows:
        near = _Nearness(wanted[row])
        spans = [_longest_join(near, said, start, taken) for start in range(len(said)) if start not in taken]
        if spans:
            own = [_share(wanted[row], " ".join(said[one] for one in span)) for span in spans]
            costs.append(min(own))
            joins.append(spans[own.index(costs[-1])])
    chosen = _best_joins(joins, costs)
    columns: Columns = list(range(len(said)))
    if not chosen:
        return columns, distances
    for join in chosen:
        place = columns.index(join[0])
        columns[place : place + len(join)] = [join]
    spelled = [" ".join(said[own[0] : own[-1] + 1]) if isinstance(own, list) else said[own] for own in columns]
    return columns, _distances(spelled, wanted)


class _Nearness:
    """How near pieces come to some stretch of a true block; each is compared once."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.known: dict[str, float] = {}

    def distance(self, piece: str) -> float:
        """The distance from the nearest stretch, or from one that is near enough, below 0.6; 1 if all are farther."""
        if piece not in self.known:
            shares, nearest = _shares(self.whole, piece, 0.6), 1.0
            while nearest >= 0.6 and (share := next(shares, None)) is not None:
                nearest = share
            self.known[piece] = nearest
        return self.known[piece]


def _shares(whole: str, piece: str, most: float) -> Iterator[float]:
    """The distances of a piece from stretches of its length, over that length, as far as they are at most `most`."""
    from rapidfuzz.distance import Levenshtein

    size, cutoff = len(piece), int(most * len(piece)) + 1
    for start in range(len(whole) - size + 1 if size else 0):
        share = Levenshtein.distance(whole[start : start + size], piece, score_cutoff=cutoff) / size
        if share <= most:
            yield share


def _longest_join(near: _Nearness, said: Sequence[str], start: int, taken: set[int]) -> list[int]:
    """The blocks from `start` on that may make up a true block together."""
    end, together = start + 1, said[start]
    share = _share(near.whole, together)
    while end not in taken and end < len(said) and len(together) <= len(near.whole):
        together = f"{together} {said[end]}"
        before, share = share, _share(near.whole, together)
        if share > before or near.distance(said[start]) > 0.6 or near.distance(said[end]) >= 0.6:
            break
        end += 1
    return list(range(start, end))


def _share(one: str, other: str) -> float:
    return edit_distance(one, other) / max(len(one), len(other))


Join = tuple[list[int], float]


def _best_joins(joins: Sequence[list[int]], costs: Sequence[float]) -> list[list[int]]:
    """Of joins that overlap, those that are cheapest on average together."""
    if not joins:
        return []
    ordered = sorted(zip(joins, costs, strict=True), key=lambda join: join[0][0])
    groups = [[ordered[0]]]
    for join in ordered[1:]:
        seen = set(chain.from_iterable(own for own, _ in groups[-1]))
        if seen.isdisjoint(join[0]):
            groups.append([join])
        else:
            groups[-1].append(join)
    return [own for group in groups for own in _cheapest(group)]


def _cheapest(group: Sequence[Join]) -> list[list[int]]:
    paths: list[list[Join]] = [[group[0]]]
    for join in group[1:]:
        new = True
        for path in paths:
            same = _replace_in(path, join)
            if not any(not set(own).isdisjoint(join[0]) for own, _ in path) and not same:
                path.append(join)
                new = False
            new = new and not same
        if new:
            paths.append([join])
    best = min(paths, key=lambda path: sum(cost for _, cost in path) / len(path))
    return [own for own, _ in best]


def _replace_in(path: list[Join], join: Join) -> bool:
    """Whether the path has this very join; a cheaper one takes its place, at the end."""
    for place, own in enumerate(path):
        if own[0] == join[0]:
            if own[1] > join[1]:
                path.append(join)
                del path[place]
            return True
    return False


Found = dict[tuple[int, ...], list[int]]  # the reply's blocks -> true blocks


def _near_pairs(columns: Columns, distances: Any, rows: int) -> tuple[Found, list[int]]:
    """Pairs that differ by at most 70 %, and the true blocks without one."""
    found: Found = {}
    left = set(range(rows))
    for row, column in _assigned(distances):
        own = columns[column]
        if distances[row][column] <= 0.7:
            blocks = tuple(range(own[0], own[-1] + 1)) if isinstance(own, list) else (own,)
            found.setdefault(blocks, []).append(row)
            left.discard(row)
    return found, sorted(left)


def _with_contained(near: Found, left: Sequence[int], said: Sequence[str], wanted: Sequence[str]) -> Found:
    """True blocks that are left go to the first block of the reply that holds something like them."""
    found = {blocks: list(rows) for blocks, rows in near.items()}
    done = set(chain.from_iterable(near.values()))
    for column, block in enumerate(said):
        held = [row for row in left if any(share < 0.4 for share in _shares(block, wanted[row], 0.4))]
        if held:
            own = found.setdefault((column,), [])
            own += [row for row in held if row not in done]
            done.update(held)
    return found


Entry = tuple[int | None, tuple[int, ...]]


def _listed(found: Found) -> list[Entry]:
    return [(row, blocks) for blocks, rows in found.items() for row in sorted(set(rows))]


def _rest(found: Found, said: Sequence[str], wanted: Sequence[str]) -> list[Entry]:
    """What neither side has a partner for: paired at any distance, if both sides have such blocks."""
    rows = list(set(range(len(wanted))) - set(chain.from_iterable(found.values())))
    columns = list(set(range(len(said))) - set(chain.from_iterable(found)))
    if not columns:
        return [(row, ()) for row in rows]
    if not rows:
        return [(None, tuple(columns))]
    distances = [[edit_distance(wanted[row], said[column]) for column in columns] for row in rows]
    return [(rows[i], (columns[j],)) for i, j in _assigned(distances)]


def _collected(entries: Sequence[Entry], rows: int) -> list[Pair]:
    """A pair a block of the reply; then the true blocks without one, those that were listed so a second time."""
    by_blocks: dict[tuple[int, ...], list[int]] = {}
    for row, blocks in entries:
        if blocks:
            by_blocks.setdefault(blocks, []).extend(() if row is None else (row,))
    pairs = [Pair(tuple(own), blocks) for blocks, own in by_blocks.items()]
    done = set(chain.from_iterable(by_blocks.values()))
    pairs += [Pair((row,), ()) for row, blocks in entries if row is not None and not blocks and row not in done]
    return pairs + [Pair((row,), ()) for row in range(rows) if row not in done]
