"""Short answers about documents and slides: typed answers, and overlap of words."""

import math
import re
import string
from collections import Counter
from typing import Any, NamedTuple

from sailbench.metrics.edit_distance import edit_distance
from sailbench.metrics.literals import NotLiteralError, python_literal

_TELLING_ALL = (
    re.compile(r"\d+(-\d+|\s\d+)?"),  # telephone numbers
    re.compile(r"\d{4}[-\s]\d{2}([-\s]\d{2})?"),  # dates
    re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}"),
)


def typed_answer_score(prediction: str, truth: str, kind: str) -> float:
    """MMLongBench-Doc's comparison by the answer's kind: Int, Float, Str, None (not answerable) or List.

    Whole numbers are cut ("12.9" is 12); other numbers may be off by 1 % and by a factor of 100 (percent); lists must
    be as long as the truth, and the worst pair of their sorted elements counts. Units stay on, whatever the original
    means to strip. mayubo2333/MMLongBench-Doc@d73f0dc eval/eval_score.py eval_score, which evaluates lists as Python;
    here they must be literals.

    >>> typed_answer_score("35%", "0.35", "Float"), typed_answer_score("5 miles", "5", "Str")
    (1.0, 0.0)
    """
    if kind == "Int":
        wanted, number = _whole(truth), _number(prediction)
        return float(wanted is not None and number is not None and math.isfinite(number) and int(number) == wanted)
    if kind == "Float":
        return float(_float_equal(_number(_cleaned(truth)), _number(_cleaned(prediction))))
    if kind in ("Str", "None"):
        return _text_score(_cleaned(prediction), _cleaned(truth))
    return _list_score(_elements(prediction), _elements(truth))


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _float_equal(truth: float | None, said: float | None) -> bool:
    if truth is None or said is None:
        return False
    for wanted in (truth / 100, truth, truth * 100):
        if math.isclose(wanted, said, rel_tol=0.01):
            return True
        places = max(min(_places(said), _places(wanted)), 2)
        if round(said, places) == round(wanted, places):
            return True
    return False


def _places(number: float) -> int:
    _, point, decimals = str(number).rpartition(".")
    return len(decimals) if point else 3


def _cleaned(answer: Any) -> str:
    """Lower case, without brackets, an outer quotation mark, and signs of currency and percent."""
    text = _without_brackets(str(answer).lower().strip()).strip()
    text = re.sub(r"^['\"]|['\"]$", "", text).strip()
    return text.lstrip("$").strip().rstrip("%").strip()


def _without_brackets(text: str) -> str:
    kept, start = [], 0
    while (opens := text.find("(", start)) >= 0 and (closes := text.find(")", opens)) >= 0:
        kept.append(text[start:opens].rstrip())
        start = closes + 1
    return "".join(kept) + text[start:]


def _text_score(said: str, wanted: str) -> float:
    return float(said == wanted) if _counts_whole(wanted) else strict_anls_score(said, wanted)


def _counts_whole(text: str) -> bool:
    """Addresses, files, pages, numbers, times and dates are right or wrong, not near."""
    if "https://" in text or "a.m." in text or "p.m." in text or text.startswith("page"):
        return True
    return text.endswith((".py", "ipynb")) or any(pattern.fullmatch(text) for pattern in _TELLING_ALL)


def _elements(text: str) -> list[Any] | None:
    """A list's elements, the text itself as one where it does not begin like a list; None for a broken list."""
    if not text.startswith("["):
        return [text]
    try:
        parsed = python_literal(text)
    except NotLiteralError:
        return None
    return parsed if isinstance(parsed, list) else [parsed]


def _list_score(said: list[Any] | None, wanted: list[Any] | None) -> float:
    if not said or not wanted or len(said) != len(wanted):
        return 0.0
    told, true = sorted(map(_cleaned, said)), sorted(map(_cleaned, wanted))
    if _number(true[0]) is not None or _counts_whole(true[0]):
        return float("-".join(told) == "-".join(true))
    return min(strict_anls_score(one, other) for one, other in zip(told, true, strict=True))


def strict_anls_score(prediction: str, truth: str) -> float:
    """The similarity of two texts where it is above one half, else 0; two empty texts are alike.

    mayubo2333/MMLongBench-Doc@d73f0dc eval/eval_score.py anls_compute, which takes lengths in capitals: "ß" has two.

    >>> strict_anls_score("abcx", "abcd"), strict_anls_score("abxx", "abcd")
    (0.75, 0.0)
    """
    longer = max(len(prediction.upper()), len(truth.upper()))
    similarity = 1.0 - edit_distance(prediction, truth) / longer if longer else 1.0
    return similarity if similarity > 0.5 else 0.0


class Overlap(NamedTuple):
    """How far two bags of words agree, and whether they are the same in order."""

    f1: float
    exact: float


def loose_overlap_f1(prediction: str, truth: str) -> float:
    """F1 of words as VLMEvalKit counts them: a repeated word counts every time, so that it may exceed 1.

    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/slidevqa.py get_f1

    >>> loose_overlap_f1("a a a", "a"), loose_overlap_f1("red car", "the red car")
    (1.5, 0.8)
    """
    said, wanted = prediction.split(), truth.split()
    known = set(wanted)
    shared = sum(word in known for word in said)
    if not shared:
        return 0.0
    recall, precision = shared / len(wanted), shared / len(said)
    return 2 * recall * precision / (recall + precision)


def slide_overlap(prediction: str, truth: str, question: str) -> Overlap:
    """SlideVQA's own F1 and exact match, on words after its normalization; two empty answers score 0.

    nttmdlab-nlp/SlideVQA@e1f0bd9 evaluate.py evaluate_f1_em_qa
    """
    said, wanted = (_slide_words(answer, question) for answer in (prediction, truth))
    shared = sum((Counter(said) & Counter(wanted)).values())
    if not shared:
        return Overlap(0.0, 0.0)
    precision, recall = shared / len(said), shared / len(wanted)
    return Overlap(2 * precision * recall / (precision + recall), float(said == wanted))


# In this order; "and" goes within words too.
_SLIDE_SPELLINGS = (
    *(("this is ", ""), ("it is ", ""), ("&", ","), ("and", ","), ("percent", "")),
    *(("organisation", "organization"), ("because of", ""), ("because", ""), ("due to", "")),
    *(("hours", "hrs"), ("minites", "min")),
)
_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBER_WORDS)}
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _slide_words(answer: str, question: str) -> list[str]:
    text = answer.lower()
    for old, new in _SLIDE_SPELLINGS:
        text = text.replace(old, new)
    for asking in ("how many", "which"):
        text = text.replace(_word_after(asking, question), "")
    text = re.sub(r"\b(a|an|the)\b", " ", text.translate(_PUNCTUATION))
    if text.startswith(("yes", "no")):
        text = text.split()[0]
    return [_DIGITS.get(word, word) for word in text.split()]


def _word_after(asking: str, question: str) -> str:
    """What is counted or chosen from, with its punctuation; the original stops at a question that ends there."""
    _, asked, rest = question.partition(asking)
    words = rest.split(None, 1)
    return words[0] if asked and words else "\0"
