"""Short answers read off images, as OCRBench v2 grades them: contained texts, near texts, counts and formulae.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/vqa_metric.py and eval.py
"""

import re
from collections.abc import Callable, Iterable

from sailbench.metrics.edit_distance import edit_similarity

_LONG = 5  # words; a truth of fewer must be contained
_LONG_CHINESE = 4  # parts between commas
_JOINERS = ("", ".", ". ", ",", ", ", "、", ";", "; ", " ", "和")
_TEXT_TAG = re.compile(r"\\text\{([^{}]*)\}")


def ocr_answer_score(prediction: str, truths: Iterable[str], case: bool = False) -> float:
    """1 where a short truth is contained, else the similarity to the nearest long truth if it is at least one half.

    Truths of five words or more are long. `case`: whether case counts.

    >>> ocr_answer_score("It says EXIT.", ["exit"]), round(ocr_answer_score("a b c d e x", ["a b c d e"]), 3)
    (1.0, 0.818)
    """
    spelled: Callable[[str], str] = _one_line if case else lambda text: _one_line(text.lower())
    return _best(prediction, truths, spelled, lambda truth: len(truth.split()) < _LONG)


def chinese_answer_score(prediction: str, truths: Iterable[str]) -> float:
    """The same without spaces; truths of four or more parts between commas are long.

    >>> chinese_answer_score("答案 是 北京", ["北京"])
    1.0
    """
    return _best(
        prediction,
        truths,
        lambda text: _one_line(text.lower()).replace(" ", ""),
        lambda truth: len(truth.split(",")) < _LONG_CHINESE,
    )


def _one_line(text: str) -> str:
    return text.strip().replace("\n", " ")


def _best(
    prediction: str, truths: Iterable[str], spelled: Callable[[str], str], is_short: Callable[[str], bool]
) -> float:
    said, best = spelled(prediction), 0.0
    for truth in map(spelled, truths):
        value = float(truth in said) if is_short(truth) else edit_similarity(said, truth)
        best = max(best, value if value >= 0.5 else 0.0)
    return best


def count_score(prediction: str, truths: Iterable[str], contained: bool) -> float:
    """A count: contained as text; or 1 less the relative error of the first whole number, if above one half.

    >>> count_score("I see 6 words", ["10"], contained=False), count_score("5", ["10"], contained=False)
    (0.6, 0.0)
    """
    if contained:
        return float(any(_one_line(truth.lower()) in prediction for truth in truths))
    number = re.search(r"\d{1,4000}", prediction)  # Python refuses to read longer ones
    said = int(number.group()) if number else 0
    return max((_near_count(said, truth) for truth in truths), default=0.0)


def _near_count(said: int, truth: str) -> float:
    if not said or not re.fullmatch(r"\s*[+-]?\d{1,4000}\s*", truth):
        return 0.0
    wanted = int(truth.strip())  # which takes more for blanks than int() does
    if said >= 2 * wanted:
        return 0.0
    value = 1 - abs(said - wanted) / wanted
    return value if value > 0.5 else 0.0


def contained_formula_score(prediction: str, truths: Iterable[str], text_tags: bool = True) -> float:
    r"""1 where a truth is contained, spaces aside. Without `text_tags`, \text{} goes from around its content.

    >>> contained_formula_score("$ x ^ 2 $", ["x^2"]), contained_formula_score(r"\text{cm}", ["cm"], text_tags=False)
    (1.0, 1.0)
    """
    said, *wanted = (_formula(text, text_tags) for text in (prediction, *truths))
    return float(any(truth in said for truth in wanted))


def _formula(text: str, text_tags: bool) -> str:
    return _one_line(text if text_tags else _TEXT_TAG.sub(r"\1", text)).replace(" ", "")


def joined_answer_score(prediction: str, truth: str) -> float:
    """1 where the truth's signs are contained, however they are joined ("A,B" or "A和B" for "AB").

    >>> joined_answer_score("答案：A和C", "AC"), joined_answer_score("AC", "A")
    (1.0, 1.0)
    """
    return float(any(joiner.join(truth) in prediction for joiner in _JOINERS))


def letters_score(prediction: str, truth: str) -> float:
    """1 where the letters of the whole reply, of any script, are the truth: "(A)" is A, "A. cat" is "Acat".

    >>> letters_score("(A)", "A"), letters_score("A. cat", "A")
    (1.0, 0.0)
    """
    return float("".join(sign for sign in prediction if sign.isalpha()) == truth)
