"""Python literals in a stranger's text, as far as they are bounded: what scripts give to `ast.literal_eval`."""

import ast
import warnings
from typing import Any

LONGEST = 100_000  # characters


class NotLiteralError(ValueError):
    """The text is no literal, or too long or too deep to be one."""


def python_literal(text: str) -> Any:
    """The value of a literal; NotLiteralError for anything else.

    >>> python_literal("{'a': [1, 2.5]}")
    {'a': [1, 2.5]}
    """
    if len(text) > LONGEST:
        raise NotLiteralError(f"{len(text)} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # "1if" and its like: a stranger's text, not ours to mend
            warnings.simplefilter("ignore", DeprecationWarning)
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise NotLiteralError(type(error).__name__) from error
