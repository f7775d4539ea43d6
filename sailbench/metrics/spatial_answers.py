"""The letter or number that a reply comes to, as the rules for spatial benchmarks in VLMEvalKit read it.

They expect free reasoning and look from the end: tags first, then the last lines, then phrases, then anything.
open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/spatial_bench/matching_func.py
"""

import re
from collections.abc import Sequence

from sailbench.extract import Found
from sailbench.metrics.literals import NotLiteralError, python_literal

_INVISIBLE = re.compile("[\u200b\u200c\u200d\ufeff]")
_OPENED = re.compile(r"<\s*answer\b[^>]{0,200}>\s*([A-J])", re.IGNORECASE)
_CLOSED = re.compile(r"<\s*/\s*answer\s*>", re.IGNORECASE)
_BEFORE_TAG = re.compile(r"(?<![A-Za-z])([A-F])\s*(?:[)\]}）】]\s*)?</\s*answer\s*>", re.IGNORECASE)
_OPTION_LINE = re.compile(r"[*_>\-\s]*(?:option|选项)\s+[A-J]\s*[:：]", re.IGNORECASE)
_ALONE = re.compile(r"[*_`>（）\[\]【】()]*\s*([A-F])\s*[*_`（）\[\]【】()]*", re.IGNORECASE)
_LABEL = re.compile(r"([A-F])\s*[.．:：)\]】、-]\s+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![A-Za-z])([A-F])\s*[*_`）\]})]*(?=$|[\s.,:;!?)\]】》」』，。；、：）])")
_PHRASE = re.compile(
    r"(?:final\s*answer|the\s*answer\s*is|answer(?:\s*is)?|correct\s*answer|答案|最终答案|结论|所以|因此|我选(?:择)?|选择|选)"
    r"\s*(?:[:：>＝=]\s*)?(?:[(\[{（【]\s*)?([A-F])\s*[)\]}）】]?(?:\b|[.)、。])",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(r"(?<![A-Za-z])([A-F])(?![A-Za-z])")
LINES, WINDOW = 6, 800  # how far back from the end is looked


def concluding_letter(text: str) -> Found | None:
    """The option A to F that a reply comes to.

    A letter right behind <answer>, be it a word's ("<answer>dog</answer>" reads D); one right before a closing tag;
    of the last lines, read upwards, the first with a letter alone, a label, or a single letter (an article
    counts: "A man turns left" reads A); the first phrase "answer is x" in any case; a letter that stands alone.

    >>> concluding_letter("Turn left.\\nAnswer: B"), concluding_letter("I think it is (A) or (B)")
    (Found(answer='B', how='the last lines'), None)
    """
    text = _INVISIBLE.sub("", text.strip())
    opened = _OPENED.search(text)
    if opened and _CLOSED.search(text, opened.end()):
        return Found(opened[1].upper(), "in an answer tag")
    if before := _BEFORE_TAG.search(text[-WINDOW:]):
        return Found(before[1].upper(), "before a closing tag")
    for lines in (text.splitlines(), text[-WINDOW:].splitlines()):
        if letter := _in_lines(lines[-LINES:]):
            return Found(letter, "the last lines")
    if phrase := _PHRASE.search(text):
        return Found(phrase[1].upper(), "behind a phrase")
    rest = "\n".join(line for line in text.splitlines() if not _OPTION_LINE.match(line))
    letters = set(_ANYWHERE.findall(rest))
    return Found(letters.pop(), "the only letter alone") if len(letters) == 1 else None


def _in_lines(lines: Sequence[str]) -> str | None:
    for line in (line.strip() for line in reversed(lines)):
        if not line or _OPTION_LINE.match(line):
            continue
        if found := _ALONE.fullmatch(line) or _LABEL.match(line):
            return str(found[1]).upper()
        letters = set(_TOKEN.findall(line))
        if len(letters) == 1:
            return str(letters.pop())
    return None


_NUMBER = r"[-+]?(?:\d*\.\d+|\d+)(?:[eE][-+]?\d+)?"
_ANY_NUMBER = re.compile(_NUMBER)
_TAGGED_NUMBER = re.compile(
    rf"<\s*answer\b[^>]{{0,200}}>\s*({_NUMBER})(?:[^\d<][^<]*)?<\s*/\s*answer\s*>", re.IGNORECASE
)
_UP_TO_TWENTY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_WORD = re.compile(rf"\b({'|'.join(_UP_TO_TWENTY)})\b", re.IGNORECASE)


def concluding_number(text: str) -> Found | None:
    """The number in an answer tag, else the last one; words up to twenty are numbers ("no one" reads 1).

    Of a reply that is a list the first element; nothing of one in square brackets that is none ("[3.5 m]").

    >>> concluding_number("about 3 or 4.5 m"), concluding_number("Two chairs"), concluding_number("[2, 3]")
    (Found(answer='4.5', how='last number'), Found(answer='2', how='last number'), Found(answer='2', how='last number'))
    """
    if text.strip().startswith("[") and text.strip().endswith("]"):
        try:
            value = python_literal(text)
        except NotLiteralError:
            return None
        text = str(value[0]) if isinstance(value, list) and value else text
    text = _INVISIBLE.sub("", text.strip())
    spelled = _WORD.sub(lambda word: str(_UP_TO_TWENTY.index(word[0].lower())), text)
    if tagged := _TAGGED_NUMBER.search(spelled):
        return Found(tagged[1], "number in an answer tag")
    numbers = _ANY_NUMBER.findall(spelled)
    return Found(numbers[-1], "last number") if numbers else None
