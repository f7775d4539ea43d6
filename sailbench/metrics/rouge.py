"""ROUGE as the package `rouge` 1.0.1 counts it: sentences end at full stops, repeated n-grams count once.

Its authors' other choices are kept too: a sentence of blanks is one empty word, and F1 is damped by 1e-8, so that a
perfect text scores a little less than 1. github.com/pltrdy/rouge, release 1.0.1, rouge/rouge_score.py
"""

from collections.abc import Sequence
from itertools import pairwise

from rapidfuzz.distance import LCSseq

MOST_PAIRS = 4_000_000  # of words, for which a table is filled: a second, and 100 MB


def rouge_n_score(prediction: str, truth: str, n: int) -> float:
    """F1 of the distinct n-grams of words; 0 where one text has no words.

    >>> round(rouge_n_score("the cat sat", "the cat ran", 1), 6)
    0.666667
    """
    said, wanted = _sentences(prediction), _sentences(truth)
    if not said or not wanted:
        return 0.0
    grams, gold = _grams(said, n), _grams(wanted, n)
    return _f1(len(grams & gold), len(grams), len(gold))


def rouge_l_score(prediction: str, truth: str) -> float:
    """F1 of the words in longest common subsequences, joined over all pairs of sentences.

    >>> round(rouge_l_score("the cat sat", "cat the ran"), 6)
    0.333333
    """
    said, wanted = _sentences(prediction), _sentences(truth)
    if not said or not wanted:
        return 0.0
    shared: set[str] = set()
    for gold in wanted:
        for sentence in said:
            shared |= _common_words(gold.split(" "), sentence.split(" "))
    return _f1(len(shared), len(_grams(said, 1)), len(_grams(wanted, 1)))


def _sentences(text: str) -> list[str]:
    return [" ".join(sentence.split()) for sentence in text.split(".") if sentence]


def _grams(sentences: Sequence[str], n: int) -> set[tuple[str, ...]]:
    words = [word for sentence in sentences for word in sentence.split(" ")]
    return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}


def _f1(shared: int, said: int, wanted: int) -> float:
    precision = shared / said if said else 0.0
    recall = shared / wanted if wanted else 0.0
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))


def _common_words(one: Sequence[str], other: Sequence[str]) -> set[str]:
    """The words of one longest common subsequence: of several, the one that the original walks back to.

    Of two sentences of thousands of words it may be another, found without the table that the original fills.
    """
    if len(one) * len(other) > MOST_PAIRS:
        return _words_in_common(one, other)
    rows = [[0] * (len(other) + 1)]
    for word in one:
        row = [0]
        for (diagonal, above), own in zip(pairwise(rows[-1]), other, strict=True):
            row.append(diagonal + 1 if word == own else max(above, row[-1]))
        rows.append(row)
    i, j, found = len(one), len(other), set()
    while i and j:
        if one[i - 1] == other[j - 1]:
            found.add(one[i - 1])
            i, j = i - 1, j - 1
        elif rows[i - 1][j] > rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found


def _words_in_common(one: Sequence[str], other: Sequence[str]) -> set[str]:
    numbers: dict[str, int] = {}
    coded = [[numbers.setdefault(word, len(numbers)) for word in words] for words in (one, other)]
    blocks = LCSseq.opcodes(*coded)
    return {word for own in blocks if own.tag == "equal" for word in one[own.src_start : own.src_end]}
