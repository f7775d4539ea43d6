"""Constraints on a text that rules can check: how many paragraphs, sentences and words, which words, which numbers.

The checks and their names are MM-IFEval's: the data name them and give their parameters.
SYuan03/MM-IFEngine@bb844a7 data_gen/utils/function_and_compare.py, the same in open-compass/VLMEvalKit@e8e78f05
vlmeval/dataset/utils/mmif/function_and_compare.py
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sailbench.metrics.sentences import paragraphs, sentences, tidied, words

Check = Callable[..., bool]

# Numbers as the authors see them. Where a part of a number cannot begin one, theirs would find none either.
_PERCENT = re.compile(r"(?<!\d)(\d++(?:\.\d++)?+)\s*+%")
_NUMBER = re.compile(
    r"(?<!\w)[+-]?(?:\d{1,3}(?:,\d{3})*(?:\.\d+)?|\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?%?(?!\w)",
)
_ARABIC = re.compile(
    r"(?<![.\w])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?%?|\d+\.\d+%?|\d+%?|\d+(?:\.\d+)?[eE][+-]?\d+)(?![.\w])",
)


def _within(count: int, low: int, high: int) -> bool:
    return low <= count <= high


def _all_within(counts: Sequence[int], low: int, high: int) -> bool:
    return all(_within(count, low, high) for count in counts)


def _sentence_counts(text: str) -> list[int]:
    return [len(sentences(one)) for one in paragraphs(text)]


def _sentences_by_paragraph(text: str, ranges: Sequence[Sequence[int]]) -> bool:
    parts = paragraphs(text)
    return len(parts) == len(ranges) and all(
        _within(len(sentences(one)), low, high) for one, (low, high) in zip(parts, ranges, strict=True)
    )


def _mentions(text: str, keywords: Sequence[str]) -> list[int]:
    """How often each keyword occurs as a whole word, in any case."""
    lowered = tidied(text).lower()
    return [len(re.findall(rf"\b{re.escape(word.lower())}\b", lowered)) for word in keywords]


def _percents_have_decimals(text: str, decimals: int) -> bool:
    numbers = _PERCENT.findall(text)
    return all("." in number and len(number.split(".")[1]) == decimals for number in numbers)


def _numbers_have_decimals(text: str, decimals: int) -> bool:
    """Of a number in scientific notation, the part before the exponent counts."""
    bare = [re.split("[eE]", found.group().replace(",", "").rstrip("%"))[0] for found in _NUMBER.finditer(text)]
    return all(len(number.partition(".")[2]) == decimals for number in bare)


CHECKS: Mapping[str, Check] = {
    "check_whether_response_paragraph_number_in_range": lambda text, low, high: _within(
        len(paragraphs(text)), low, high
    ),
    "check_whether_response_sentence_number_in_range": lambda text, low, high: _within(
        len(sentences(tidied(text))), low, high
    ),
    "check_whether_each_paragraph_sentence_number_in_range": lambda text, low, high: _all_within(
        _sentence_counts(text), low, high
    ),
    "check_whether_each_paragraph_sentence_number_in_range_list": _sentences_by_paragraph,
    "check_whether_response_word_count_in_range": lambda text, low, high: _within(len(words(text)), low, high),
    "check_whether_each_paragraph_word_count_in_range": lambda text, low, high: _all_within(
        [len(words(one)) for one in paragraphs(text)], low, high
    ),
    "check_whether_whole_response_not_contain_certain_substrings": lambda text, parts: all(
        part not in text for part in parts
    ),
    "check_whether_whole_response_not_contain_certain_substring": lambda text, part: part not in text,
    "check_whether_each_sentence_begin_with_certain_substring": lambda text, part: all(
        one.startswith(part) for one in sentences(tidied(text))
    ),
    "check_whether_each_sentence_end_with_certain_substring": lambda text, part: all(
        one.endswith(part) for one in sentences(tidied(text))
    ),
    "check_whether_each_paragraph_begin_with_certain_substring": lambda text, part: all(
        one.startswith(part) for one in paragraphs(text)
    ),
    "check_whether_each_paragraph_end_with_certain_substring": lambda text, part: all(
        one.endswith(part) for one in paragraphs(text)
    ),
    "check_whether_whole_response_begin_with_certain_substring": lambda text, part: text.strip().startswith(part),
    "check_whether_whole_response_end_with_certain_substring": lambda text, part: text.strip().endswith(part),
    # "metioned" is the data's spelling.
    "check_whether_each_keyword_in_list_metioned_in_range": lambda text, keywords, low, high: _all_within(
        _mentions(text, keywords), low, high
    ),
    "check_whether_total_keyword_in_list_metioned_in_range": lambda text, keywords, low, high: _within(
        sum(_mentions(text, keywords)), low, high
    ),
    "check_percentage_number_precision_in_response": _percents_have_decimals,
    "check_number_precision_in_response": _numbers_have_decimals,
    "check_whether_has_no_arabic_number_in_response": lambda text: _ARABIC.search(text) is None,
}


def constraint_holds(text: str, name: str, parameters: Sequence[Any]) -> bool | None:
    """Whether the text passes the named check; None where there is no such check, or not with such parameters.

    >>> constraint_holds("One. Two.", "check_whether_response_sentence_number_in_range", [2, 2])
    True
    """
    check = CHECKS.get(name)
    try:
        return None if check is None else bool(check(text, *parameters))
    except (TypeError, ValueError, AttributeError):
        return None
