r"""The numeric value of an answer in LaTeX: "\frac{4}{3}", "5\sqrt{3}", "25\pi", "1:2", "10\%".

The LaTeX parser is the one that authors' scripts use; only its printed result is evaluated, and only what can be a
number is parsed at all, because parsing takes milliseconds and most replies are words or plain numbers.
"""

import re
from functools import lru_cache

from sailbench.metrics import symbolic
from sailbench.metrics.arithmetic import MATH, Names, Number, arithmetic_value

LONGEST = 300  # characters
DEEPEST = 8
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[A-Za-z]+")
# Words that the parser turns into signs; any other becomes a product of unknowns.
_SPOKEN = frozenset(("percent", "percentage", "pct", "and", "or"))
# Commands that stay unknowns when printed, and those that compute while they are parsed.
_NEVER = re.compile(r"\\(sum|prod|i*o?int|lim|begin|operatorname)")
_COMPUTING = re.compile(r"\\(gcd|lcm|[dt]?binom)")


def latex_value(text: str, names: Names = MATH) -> Number | None:
    r"""The value of a LaTeX (or plain) number, None if it has unknowns or is no expression.

    >>> latex_value(r"$\frac{1}{2}$"), latex_value("1:2"), latex_value("3x")
    (0.5, 0.5, None)
    """
    text = _unboxed(text).strip()
    if not 0 < len(text) <= LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return float(text) if "." in text else int(text)
    if not _could_be_a_number(text, names):
        return None
    printed = _printed(text)
    return None if printed is None else arithmetic_value(printed, names)


def _unboxed(text: str) -> str:
    """What the parser reads of a text with boxes: all their contents, and nothing around them."""
    if r"\boxed" not in text and r"\fbox" not in text:
        return text
    from latex2sympy2_extended.math_normalization import extract_boxed_content

    return str(extract_boxed_content(text, mode="all"))


def _could_be_a_number(text: str, names: Names) -> bool:
    if _depth(text) > DEEPEST or _NEVER.search(text) or _may_explode(text):
        return False
    words = _WORD.findall(_COMMAND.sub(" ", text))
    return all(word in _SPOKEN or word in names for word in words)


def _may_explode(text: str) -> bool:
    """Whether a binomial or factorial, which the parser computes, could be of numbers beyond all bounds."""
    if _HUGE.search(text):
        return True
    computing = len(_COMPUTING.findall(text))
    return computing > 1 or (computing == 1 and re.search(r"[\^!]|[0-9]{5}", text) is not None)


def _depth(text: str) -> int:
    level = deepest = 0
    for sign in text:
        level += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, level)
    return deepest


_HUGE = re.compile(r"[0-9]{6}\s*!|!\s*!\s*!")  # a million digits and more, or the third factorial: of no answer
# Factorials of factorials: the parser asks for their signs, and would compute them for it.
_LASTING = re.compile(r"!.*[!^]|\^.*!", re.DOTALL)


@lru_cache(maxsize=4096)
def _printed(text: str) -> str | None:
    """What the parser makes of the text, printed in Python's notation; it is not simplified on the way."""
    from latex2sympy2_extended import latex2sympy

    if _LASTING.search(text):
        return symbolic.printed(text)
    try:
        return str(latex2sympy(text))
    except Exception:
        # The parser raises bare Exception for every syntax error, and others from within sympy: no number, then.
        return None
