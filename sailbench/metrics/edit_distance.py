"""How near two texts are by the insertions, deletions and replacements between them."""

from collections.abc import Hashable, Sequence

from rapidfuzz.distance import Levenshtein


def edit_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Levenshtein's distance between texts, or between lists of tokens."""
    return int(Levenshtein.distance(one, other))


def edit_similarity(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """1 less the distance over the longer length; 1 for two empty texts.

    >>> edit_similarity("kitten", "sitting") == 1 - 3 / 7, edit_similarity("", "")
    (True, 1.0)
    """
    longer = max(len(one), len(other))
    return 1.0 - edit_distance(one, other) / longer if longer else 1.0
