"""Records in replies: keys with values, out of fenced, strict or sloppy JSON and Python, and how many are right.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/TEDS_metric.py
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sailbench.metrics.literals import LONGEST, NotLiteralError, python_literal
from sailbench.metrics.teds import rows_as_page

_FENCE, _FENCE_END = re.compile(r"```(?:python|json)?\n", re.IGNORECASE), "\n```"
_PAIR = re.compile(r"""["']?([\w\s]+)["']?\s*[:=]\s*["']?([^\n,"'{}]+)["']?""")
_SEPARATOR = re.compile("[:=]")
_IN_WORDS = re.compile(r"[\w\s]")
_QUOTES = "\"'"


def read_record(text: str) -> dict[str, str]:
    """The record in a reply, all values as texts: of the first fence or the whole, JSON or Python, else any "a: b".

    What is JSON but no record gives {}.

    >>> read_record('{"a": 1, "b": [2]}'), read_record("total: 5, date = 'May'"), read_record("[1]")
    ({'a': '1', 'b': '[2]'}, {'total': '5', 'date': 'May'}, {})
    """
    fenced = next(_fenced(text), None)
    content = text.strip() if fenced is None else fenced
    found = _parsed(content)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        return {}
    return {key.strip(): str(value).strip() for key, value in found.items()}


def _fenced(text: str) -> Iterator[str]:
    end = 0
    while (opening := _FENCE.search(text, end)) and (closes := text.find(_FENCE_END, opening.end())) >= 0:
        yield text[opening.end() : closes]
        end = closes + len(_FENCE_END)


def _parsed(content: str) -> Any:
    if len(content) > LONGEST:
        return {}
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    try:
        found = python_literal(content)
    except NotLiteralError:
        return dict(_pairs(content))
    return found


def _pairs(content: str) -> Iterator[tuple[str, str]]:
    """What the pattern finds from left to right; it is tried only where it can match, for it would take long."""
    end = 0
    for separator in _SEPARATOR.finditer(content):
        start = _start(content, end, separator.start())
        found = _PAIR.match(content, start) if separator.start() >= end and start >= 0 else None
        if found:
            end = found.end()
            yield found[1].strip(), found[2].strip()


def _start(content: str, first: int, separator: int) -> int:
    """Where the words before a separator begin, with the quotation mark before them; -1 if there are none."""
    before = separator
    while before > first and content[before - 1].isspace():
        before -= 1
    quoted = before > first and content[before - 1] in _QUOTES
    for end in (before - 1, separator) if quoted else (separator,):
        start = end
        while start > first and _IN_WORDS.match(content[start - 1]):
            start -= 1
        if start < end:
            return start - 1 if start > first and content[start - 1] in _QUOTES else start
    return -1


def equal_fields_score(prediction: Mapping[str, str], truth: Mapping[str, Any]) -> float:
    """The share of keys, of both records together, whose values are equal; case and spaces do not count.

    A true value may be a list of accepted ones.

    >>> equal_fields_score({"a": "X 1", "c": "z"}, {"a": ["x1", "x2"], "b": "y"})
    0.3333333333333333
    """
    if any(isinstance(accepted, list) and not accepted for accepted in truth.values()):
        return 0.0
    right = [_accepted(prediction.get(key), truth.get(key)) for key in {*prediction, *truth}]
    known = [own for own in right if own is not None]
    return sum(known) / len(known) if known else 0.0


def _accepted(said: str | None, truth: Any) -> float | None:
    """None where neither side has a value."""
    accepted = truth if isinstance(truth, list) else [truth]
    if said is None:
        return None if None in accepted else 0.0
    return float(any(one is not None and _bare(said) == _bare(str(one)) for one in accepted))


def _bare(text: str) -> str:
    return text.lower().strip().replace("\n", " ").replace(" ", "")


def read_chart(text: str) -> dict[Any, Any]:
    """The Python record in a reply: of the longest fence or the whole, without assignment, comments and what follows.

    >>> read_chart("chart = {'a': {'x': 1}}  # done")
    {'a': {'x': 1}}
    """
    fences = list(_fenced(text))
    content = max(fences, key=len) if fences else text.strip()
    content = re.sub(r"^\s*\w+\s*=\s*", "", content.strip(), count=1)
    content = re.sub(r"#.*", "", content)
    closes = content.rfind("}")
    try:
        found = python_literal(content[: closes + 1] if closes >= 0 else content)
    except NotLiteralError:
        return {}
    return found if isinstance(found, dict) else {}


def chart_page(chart: Mapping[Any, Any]) -> str:
    """A chart's record as a page with a table of two columns; a value's signs are spaced, as in the original."""
    return rows_as_page([(str(key), " ".join(str(value))) for key, value in chart.items()])
