"""Answers about tables: denotations (numbers, dates and texts in any order), truth values, and amounts with units.

The three rules of TableVQA-Bench (naver-ai/tablevqabench@87d38e7 src/evaluate_tablevqa_dataset.py; the first is
WikiTableQuestions' own), which open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/tablevqabench.py shares.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

_QUOTES = str.maketrans(dict.fromkeys("‘’´`", "'") | dict.fromkeys("“”", '"') | dict.fromkeys("‐‑‒–—−", "-"))
_CITATION_SIGNS = "•♦†‡*#+"


def normalized(text: str) -> str:
    """WikiTableQuestions' spelling: lower case, no accents, no closing citations, brackets or full stop.

    >>> normalized("Café (Paris)[1]"), normalized('"New  York."')
    ('cafe', 'new york')
    """
    decomposed = unicodedata.normalize("NFKD", text)
    text = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn").translate(_QUOTES)
    before = None
    while text != before:
        before = text
        text = _without_tail(text.strip(), _citation)
        text = _without_tail(text.strip(), _bracketed)
        text = _unquoted(text.strip())
    return re.sub(r"\s+", " ", text.removesuffix(".")).lower().strip()


def _without_tail(text: str, start_of_last: Callable[[str, int], int]) -> str:
    """The text without its closing pieces; `start_of_last` says where the piece that ends at a place begins.

    The original has regular expressions, some of which take exponential time; these walk back from the end.
    """
    end = len(text)
    while end and (start := start_of_last(text, end)) >= 0:
        end = start
    return text[:end]


def _citation(text: str, end: int) -> int:
    """Where the citation that ends here begins: a sign, or anything in square brackets (numbers only at the start)."""
    if text[end - 1] in _CITATION_SIGNS:
        return end - 1
    if text[end - 1] != "]":
        return -1
    start = text.find("[", text.rfind("]", 0, end - 1) + 1, end)
    if start == 0 and not text[1 : end - 1].isdecimal():
        start = text.find("[", 1, end)
    return start


def _bracketed(text: str, end: int) -> int:
    """Where the round brackets that end here begin, with the space in front of them."""
    return text.find(" (", text.rfind(")", 0, end - 1) + 1, end) if text[end - 1] == ")" else -1


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    return text[1:-1] if quoted else text


Date = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Value:
    """An answer as text and, where it is one, as a number or a date (-1 stands for what is left open)."""

    spelled: str
    meaning: float | Date | None

    @property
    def identity(self) -> tuple[str, object]:
        """Values of one identity are one answer."""
        if self.meaning is None:
            return "text", self.spelled
        return ("date" if isinstance(self.meaning, tuple) else "number"), self.meaning

    def matches(self, other: "_Value") -> bool:
        if self.spelled == other.spelled:
            return True
        if isinstance(self.meaning, tuple) or isinstance(other.meaning, tuple):
            return self.meaning == other.meaning
        if self.meaning is None or other.meaning is None:
            return False
        return abs(self.meaning - other.meaning) < 1e-6


def denotation_score(prediction: str, truth: str) -> float:
    """1 when the answers, of which several are divided by "|", are the same, in any order.

    Numbers match as numbers ("10.0" and "10", but not "2,004"), dates only as "1998-xx-12". Repeated answers are
    one. The original stops at "nan" and "inf"; these are texts here.

    >>> denotation_score("Banana||apple", "Apple|Banana"), denotation_score("Apple, Banana", "Apple|Banana")
    (1.0, 0.0)
    """
    wanted, said = _values(truth), _values(prediction.replace("||", "|"))
    return float(len(wanted) == len(said) and all(any(one.matches(own) for own in said) for one in wanted))


def _values(listed: str) -> list[_Value]:
    values = (_value(_unescaped(one)) for one in listed.split("|"))
    found: dict[tuple[str, object], _Value] = {}
    for value in values:
        found.setdefault(value.identity, value)
    return list(found.values())


def _unescaped(text: str) -> str:
    return text.replace(r"\n", "\n").replace(r"\p", "|").replace(r"\\", "\\")


def _value(text: str) -> _Value:
    meaning: float | Date | None = _number(text)
    if meaning is None:
        meaning = _date(text)
    if isinstance(meaning, tuple) and meaning[1:] == (-1, -1):
        meaning = meaning[0]
    return _Value(normalized(text), meaning)


def _number(text: str) -> float | None:
    amount: float
    try:
        amount = int(text)
    except ValueError:
        try:
            amount = float(text)
        except ValueError:
            return None
    if isinstance(amount, int):
        return amount
    if not math.isfinite(amount):
        return None
    # Cut, not rounded, once it is near a whole number: so does the original.
    return int(amount) if abs(amount - round(amount)) < 1e-6 else amount


def _date(text: str) -> Date | None:
    places = text.lower().split("-")
    if len(places) != 3:
        return None
    try:
        year = -1 if places[0] in ("xx", "xxxx") else int(places[0])
        month, day = (-1 if place == "xx" else int(place) for place in places[1:])
    except ValueError:
        return None
    known = (year, month, day) != (-1, -1, -1)
    return (year, month, day) if known and month in (-1, *range(1, 13)) and day in (-1, *range(1, 32)) else None


def truth_value(text: str) -> bool | None:
    """True or False when exactly one of the two words occurs, also within words ("untrue" is true)."""
    said = [word in text.lower() for word in ("true", "false")]
    return said[0] if sum(said) == 1 else None


class AmountScores(NamedTuple):
    """`relaxed` lets units be left out (and so also be others), `exact` does not."""

    relaxed: float
    exact: float


_AMOUNT_SIGNS = re.compile(r"[$(),]")
_UNITS = re.compile(
    r"\b(dollar|gallons|square feet|shares|mbtu|mbpd|mbbls|mmbtu|unit|gwh|year|mmcf|mile|mboe)s?\b", re.IGNORECASE
)
_POWERS = (
    *((re.compile(r" \bthousand\b"), "e3"), (re.compile(r" \bmillion\b"), "e6"), (re.compile(r" \bbillion\b"), "e9")),
    *((re.compile(r"\bthousand\b"), "e3"), (re.compile(r"\bmillion\b"), "e6"), (re.compile(r"\bbillion\b"), "e9")),
    (re.compile(r" ?%"), "e-2"),
)


def amount_scores(prediction: str, truth: str) -> AmountScores:
    """Whether two amounts ("$3,852 million", "34.2%") or short texts are equal, with and without their units.

    >>> amount_scores("3852", "$3,852 million"), amount_scores("3.852 billion", "$3,852 million")
    (AmountScores(relaxed=1.0, exact=0.0), AmountScores(relaxed=1.0, exact=1.0))
    """
    said, wanted = _amounts(prediction), _amounts(truth)
    return AmountScores(float(any(one == own for one in said for own in wanted)), float(said[0] == wanted[0]))


def _amounts(text: str) -> tuple[float | str, float | str]:
    """The amount, and the amount without its unit; both as texts where one is no number."""
    text = bare = _UNITS.sub("", _AMOUNT_SIGNS.sub("", normalized(text)))
    for pattern, power in _POWERS:
        text, bare = pattern.sub(power, text), pattern.sub("", bare)
    try:
        return float(text), float(bare)
    except ValueError:
        return text, bare
