"""Open answers as MMMU compares them: every number and phrase of a reply against every gold answer."""

import re
from collections.abc import Iterable, Sequence

# The authors' three patterns; that none starts within a row of digits only spares time on endless ones.
_GROUPED = re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b")
_SCIENTIFIC = re.compile(r"(?:-|(?<!\d))\d+(?:\.\d+)?[eE][+-]?\d+")
_DECIMAL = re.compile(r"(?:-?\.\d+|(?:-|(?<!\d))(?:\d+\.\d+|\d+\b))(?![eE][+-]?\d+)(?![,\d])")


def open_answer_score(phrases: Sequence[str], truths: Iterable[str]) -> float:
    """1 when a truth is contained in one of the phrases, or equals one of their numbers to two decimals.

    A truth of one letter must have a space beside it in the phrase. MMMU-Benchmark/MMMU@bb0b95a
    mmmu/utils/eval_utils.py eval_open

    >>> open_answer_score(["about 1,234 kn"], ["1234"]), open_answer_score(["3.146"], ["3.14"])
    (1.0, 0.0)
    """
    golds = [norm for truth in truths for norm in _normalized(truth)]
    numbers = {gold for gold in golds if isinstance(gold, float)}
    texts = [gold for gold in golds if isinstance(gold, str)]
    said = [norm for part in (*phrases, *_numbers(phrases)) for norm in _normalized(part)]
    return float(any(_holds(one, numbers, texts) for one in said))


def _numbers(phrases: Iterable[str]) -> list[str]:
    patterns = (_GROUPED, _SCIENTIFIC, _DECIMAL)
    return [number for phrase in phrases for pattern in patterns for number in pattern.findall(phrase)]


def _normalized(text: str) -> list[str | float]:
    """A number, rounded; or the text in lower case, a single letter with a space on either side."""
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        text = text.lower()
    return [f" {text}", f"{text} "] if len(text) == 1 else [text]


def _holds(said: str | float, numbers: set[float], texts: list[str]) -> bool:
    if isinstance(said, float):
        return said in numbers
    return any(text in said for text in texts)
