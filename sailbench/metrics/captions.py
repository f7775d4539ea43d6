"""Captions against references by their n-grams: BLEU, ROUGE-L and CIDEr-D, of captions that are tokenised already.

salaniz/pycocoevalcap@ad63453, number for number; tokens are parted by spaces.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz.distance import LCSseq

Ngram = tuple[str, ...]
LONGEST = 4
# What keeps BLEU's fractions finite and its products above 0; they show in the scores of very short captions.
_SMALL, _TINY = 1e-9, 1e-15


def ngrams(caption: str) -> Counter[Ngram]:
    """How often each run of one to four words occurs."""
    words = caption.split()
    runs = (tuple(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1))
    return Counter(runs)


def bleu_scores(captions: Sequence[str], references: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """BLEU-1 to BLEU-4 of all captions together; a caption's length is held against its closest reference's.

    >>> [round(score, 4) for score in bleu_scores(["a cat sat"], [["the cat sat down here", "a cat sat down"]])]
    [0.7165, 0.7165, 0.7165, 0.0227]
    """
    length = wanted = 0
    guesses, hits = [0] * LONGEST, [0] * LONGEST
    for caption, own in zip(captions, references, strict=True):
        counts, words = ngrams(caption), len(caption.split())
        length += words
        wanted += min((abs(len(r.split()) - words), len(r.split())) for r in own)[1]
        allowed: Counter[Ngram] = Counter()
        for reference in own:
            allowed |= ngrams(reference)
        for n in range(LONGEST):
            guesses[n] += max(0, words - n)
        for ngram, count in counts.items():
            hits[len(ngram) - 1] += min(allowed[ngram], count)
    return _bleu(hits, guesses, (length + _TINY) / (wanted + _SMALL))


def _bleu(hits: Sequence[int], guesses: Sequence[int], ratio: float) -> tuple[float, ...]:
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    scores, product = [], 1.0
    for n in range(LONGEST):
        product *= (hits[n] + _TINY) / (guesses[n] + _SMALL)
        scores.append(product ** (1 / (n + 1)) * brevity)
    return tuple(scores)


def caption_rouge_score(caption: str, references: Sequence[str]) -> float:
    """The longest common subsequence as an F-score with beta 1.2, of the best recall and the best precision.

    The two may come from different references. Two spaces in a row hold an empty word.

    >>> caption_rouge_score("a cat sat", ["a cat sat", "the dog"]), caption_rouge_score("", ["a cat"])
    (1.0, 0.0)
    """
    words = caption.split(" ")
    common = [(_common(reference.split(" "), words), len(reference.split(" "))) for reference in references]
    precision = max(shared for shared, _ in common) / len(words)
    recall = max(shared / length for shared, length in common)
    if not precision or not recall:
        return 0.0
    return (1 + 1.2**2) * precision * recall / (recall + 1.2**2 * precision)


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence; of numbers for words, which no hash confuses."""
    numbers: dict[str, int] = {}
    one, other = ([numbers.setdefault(word, len(numbers)) for word in words] for words in (first, second))
    return int(LCSseq.similarity(one, other))


def cider_scores(captions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """CIDEr-D of each caption, a tenth of the usual scale so that it lies in [0, 1].

    A word's weight is its rarity among the images whose references are given, so a caption's score depends on all
    of them; of one image alone every weight, and so the score, is 0.

    >>> cider_scores(["a red bus stops", "two cats"], [["a red bus stops"], ["the dogs run fast"]])
    [1.0, 0.0]
    """
    frequency: Counter[Ngram] = Counter()
    counted = [[ngrams(reference) for reference in own] for own in references]
    for own in counted:
        frequency.update(set().union(*own))
    images = math.log(len(references)) if references else 0.0
    rarity = {ngram: images - math.log(times) for ngram, times in frequency.items()}
    scores = []
    for caption, own in zip(captions, counted, strict=True):
        weighed = _weighed(ngrams(caption), rarity, images)
        scores.append(sum(_likeness(weighed, _weighed(one, rarity, images)) for one in own) / len(own))
    return scores


Weighed = tuple[list[dict[Ngram, float]], list[float], int]


def _weighed(counts: Mapping[Ngram, int], rarity: Mapping[Ngram, float], unseen: float) -> Weighed:
    """By length of n-gram: each one's weight, the sum of their squares; and the number of two-word runs.

    That number is what the original takes for the caption's length.
    """
    weights: list[dict[Ngram, float]] = [{} for _ in range(LONGEST)]
    squares = [0.0] * LONGEST
    for ngram, count in counts.items():
        weight = count * rarity.get(ngram, unseen)
        weights[len(ngram) - 1][ngram] = weight
        squares[len(ngram) - 1] += weight * weight
    return weights, squares, sum(count for ngram, count in counts.items() if len(ngram) == 2)


def _likeness(caption: Weighed, reference: Weighed) -> float:
    """The mean over n of the clipped cosine, times a penalty for a difference in length (sigma 6)."""
    penalty = math.exp(-((caption[2] - reference[2]) ** 2) / (2 * 6.0**2))
    cosines = (
        _clipped(own, theirs) / math.sqrt(a * b) if a and b else 0.0
        for own, theirs, a, b in zip(caption[0], reference[0], caption[1], reference[1], strict=True)
    )
    return sum(cosines) / LONGEST * penalty


def _clipped(own: Mapping[Ngram, float], theirs: Mapping[Ngram, float]) -> float:
    shared: Iterable[Ngram] = (ngram for ngram in own if ngram in theirs)
    return sum(min(own[ngram], theirs[ngram]) * theirs[ngram] for ngram in shared)
