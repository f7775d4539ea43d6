"""Answers of a stated type: whole numbers, numbers with so many decimals, options that may be named or spelled.

The rules of MathVista: its authors' script, and where it parts from them, VLMEvalKit's.
"""

import re
import string
from collections.abc import Sequence

from sailbench.metrics.edit_distance import edit_distance

_IN_BRACKETS = re.compile(r"\(([a-zA-Z])\)")


def chosen_option(taken: str, options: Sequence[str]) -> str:
    """The option that a letter names, in brackets anywhere or alone; else the one that is spelled most alike.

    The first of several that are equally near. lupantech/MathVista@53d5258 evaluation/calculate_score.py

    >>> pets = ["cat", "dog"]
    >>> chosen_option("I say (b).", pets), chosen_option("A", pets), chosen_option("dot", pets)
    ('dog', 'cat', 'dog')
    """
    taken = taken.strip()
    bracketed = _IN_BRACKETS.search(taken)
    letter = bracketed.group(1).upper() if bracketed else taken
    named = dict(zip(string.ascii_uppercase, options, strict=False)).get(letter)
    return named if named is not None else min(options, key=lambda own: edit_distance(letter, own))


def in_the_type(taken: str, kind: str, decimals: int | None) -> str | None:
    """The answer as its type writes it, None if it is not of it; a whole number's decimals are cut off.

    lupantech/MathVista@53d5258 evaluation/calculate_score.py normalize_extracted_answer

    >>> in_the_type("5.5", "integer", None), in_the_type("1.25 m", "float", 1), in_the_type("1.449", "float", 2)
    ('5', None, '1.45')
    """
    try:
        if kind == "integer":
            return str(int(float(taken)))
        if kind == "float":
            return None if decimals is None else str(round(float(taken), decimals))
    except (ValueError, OverflowError):
        return None
    return taken


def number_of(text: str, kind: str) -> float | None:
    """The whole text as Python reads a number of this type: "5.0" is no whole number, and nothing is a list.

    >>> number_of(" 12 ", "integer"), number_of("12.0", "integer"), number_of("12", "float"), number_of("[1]", "list")
    (12, None, 12.0, None)
    """
    try:
        return int(text) if kind == "integer" else float(text) if kind == "float" else None
    except ValueError:
        return None
