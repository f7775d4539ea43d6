"""How well masked stretches of a text were restored: the nearest stretch of a reply against the masked one."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class Restored(NamedTuple):
    """Whether the nearest stretch is the masked one, and how many of the words of both are shared."""

    exact: float
    jaccard: float


def nearest_stretch(words: Sequence[str], masked: Sequence[str], spelled: str) -> Restored:
    """The masked words against as many neighbouring words of a reply; `spelled` is the masked text as it stands.

    Only stretches that share a word count; the first of the most similar ones by difflib's ratio is taken. Case counts.
    tianyu-z/VCR@b3be5a9 src/evaluation/evaluation_metrics.py find_best_match

    >>> nearest_stretch("it says the red car".split(), ["the", "red", "cat"], "the red cat")
    Restored(exact=0.0, jaccard=0.5)
    """
    size, wanted = len(masked), set(masked)
    matcher = SequenceMatcher(None, "", spelled)
    best, nearest = 0.0, None
    for start in range(len(words) - size + 1):
        stretch = words[start : start + size]
        if wanted.isdisjoint(stretch):
            continue
        matcher.set_seq1(" ".join(stretch))
        # Both are quick and never less than the ratio itself.
        if matcher.real_quick_ratio() <= best or matcher.quick_ratio() <= best:
            continue
        ratio = matcher.ratio()
        if ratio > best:
            best, nearest = ratio, stretch
    if nearest is None:
        return Restored(0.0, 0.0)
    shared, all_words = wanted & set(nearest), wanted | set(nearest)
    return Restored(float(list(nearest) == list(masked)), len(shared) / len(all_words))
