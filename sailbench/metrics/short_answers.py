"""A short answer in a JSON object of solution and short answer, or in the whole reply: DynaMath's two readings of it.

DynaMath/DynaMath@598c3c3 evaluation/opensource_json_eval.py (`authors_answer`), open-compass/VLMEvalKit@e8e78f05
vlmeval/dataset/dynamath.py (`kit_answer`). Both cut out what stands between the first and the last brace, and delete
every backslash before they look for JSON.
"""

import json
import math

CHOICE, FLOAT = "multiple choice", "float"
LETTERS = "ABCDE"
_KEY = "short answer"


def authors_answer(reply: str) -> str | None:
    """The object's short answer as text; without JSON the last line but its last sign, be it a full stop or not.

    A reply that is a number is JSON without a short answer. Where there is none they go on with "None".

    >>> authors_answer('Sure: {"solution": "...", "short answer": 3.142}'), authors_answer("So\\nit is B.")
    ('3.142', 'it is B')
    >>> authors_answer("3.142"), authors_answer("B")
    (None, '')
    """
    said = _braced(reply)
    try:
        found = json.loads(said, strict=False)
    except (ValueError, RecursionError):
        return said.split("\n")[-1][:-1]
    own = found.get(_KEY) if isinstance(found, dict) else None
    return None if own is None else str(own)


def authors_short_answer_score(said: str, truth: str, kind: str) -> float:
    """A number within 0.001; the letter itself or among the first three signs; a text that holds the true one."""
    if kind == FLOAT:
        return float(_near(_number(said), truth))
    if kind == CHOICE:
        return float(said == truth if len(said) == 1 else truth in said[:3])
    return float(truth in said)


def kit_answer(reply: str, kind: str) -> str | None:
    """The object's short answer if it is of the kind, else the whole reply if that is, else None.

    A number that stands in the object without quotes is not seen, as there.
    """
    said = prepared(reply)
    try:
        found = json.loads(said, strict=False)
    except (ValueError, RecursionError):
        found = None
    own = found.get(_KEY) if isinstance(found, dict) else None
    if own is not None and kind not in (CHOICE, FLOAT):
        return str(own)
    read = read_as(own, kind) if isinstance(own, str) else None
    return read if read is not None else read_as(said, kind)


def read_as(text: str, kind: str) -> str | None:
    """A number (the first word), a letter (alone, or the only one of A to E that occurs), or any text.

    >>> read_as("2π rad", "float"), read_as("π", "float"), read_as("b) 3", "multiple choice"), read_as("A or B", CHOICE)
    ('6.283185307179586', None, 'B', None)
    """
    if kind == FLOAT:
        number = _number(text)
        return None if number is None else repr(number)
    if kind == CHOICE:
        if len(text) == 1:
            return text.upper()
        named = [letter for letter in LETTERS if letter in text.upper()]
        return named[0] if len(named) == 1 else None
    return text


def kit_short_answer_score(said: str, truth: str, kind: str) -> float:
    """A number within 0.001, the same letter, or a text that the true one holds; nothing is held by no text.

    There an empty answer is right, because every text holds it.

    >>> kit_short_answer_score("Even", "even", "text"), kit_short_answer_score("it is even", "even", "text")
    (1.0, 0.0)
    """
    if kind == FLOAT:
        return float(_near(_number(said), truth))
    if kind == CHOICE:
        return float(said == truth)
    return float(bool(said.strip()) and said.lower() in truth.lower())


def prepared(reply: str) -> str:
    """What stands between the first and the last brace, or all; without backslashes."""
    start, end = reply.find("{"), reply.rfind("}")
    return (reply[start : end + 1] if 0 <= start < end else reply).replace("\\", "")


def _braced(reply: str) -> str:
    """As `prepared`, but a reply without braces keeps its backslashes."""
    start = reply.find("{")
    end = reply.rfind("}")
    return reply[start : end + 1].replace("\\", "") if 0 <= start < end else reply


def _number(text: str) -> float | None:
    word = text if text.isdigit() else text.split(" ")[0]
    before, pi, _ = word.partition("π")
    try:
        return float(before) * math.pi if pi else float(word)
    except ValueError:
        return None


def _near(value: float | None, truth: str) -> bool:
    try:
        return value is not None and abs(value - float(truth)) <= 0.001
    except ValueError:
        return False
