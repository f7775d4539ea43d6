"""The value of an arithmetic expression from a stranger, where authors' scripts call Python's `eval`.

Only numbers, operators, named constants and named functions are known; powers and sizes are bounded, so that no
reply can occupy the machine.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

Number = int | float | complex
Names = Mapping[str, Any]

LONGEST = 1000  # characters
BITS = 1 << 16  # of a whole number: 3**1009 has 1600

# `from math import *`, as far as an expression of numbers can need it.
_FUNCTIONS = (
    *("sqrt", "cbrt", "exp", "log", "log2", "log10", "pow", "hypot", "gcd", "lcm", "floor", "ceil", "trunc", "fabs"),
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("degrees", "radians", "gamma", "erf"),
)
MATH: Names = {
    **{name: getattr(math, name) for name in _FUNCTIONS},
    **{name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")},
    "factorial": lambda n: _small_factorial(n),
}


def arithmetic_value(expression: str, names: Names = MATH) -> Number | None:
    """The value that Python would give, None if it is no expression of numbers, or too large to be an answer.

    `names` are the constants and functions that may occur.

    >>> arithmetic_value("4/3 + sqrt(2)") == 4 / 3 + math.sqrt(2), arithmetic_value("9**9**9"), arithmetic_value("x")
    (True, None, None)
    """
    if len(expression) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # "1if" and its like: a stranger's text, not ours to mend
            warnings.simplefilter("ignore", DeprecationWarning)
            tree = ast.parse(expression, mode="eval")
        value = _value(tree.body, names)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, int | float | complex) else None


def _value(node: ast.expr, names: Names) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex):
        return node.value
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _SIGNS:
        return _SIGNS[type(node.op)](_value(node.operand, names))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left, right = _value(node.left, names), _value(node.right, names)
        return _bounded(_OPERATIONS[type(node.op)](left, right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        arguments = [_value(argument, names) for argument in node.args]
        return _bounded(names[node.func.id](*arguments))
    raise ValueError(f"not arithmetic: {type(node).__name__}")


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > BITS:
        raise ValueError("too large")
    return value


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and (abs(base) - 1).bit_length() * abs(exponent) > BITS:
        raise ValueError("too large")
    return base**exponent


def _shift(left: Any, right: Any) -> Any:
    if right > BITS:
        raise ValueError("too large")
    return left << right


def _small_factorial(n: Any) -> int:
    if n > 2000:
        raise ValueError("too large")
    return math.factorial(n)


_SIGNS: Mapping[type, Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.inv,
}
# "2^3" is 1 to Python (bits), and so it is to scripts that call `eval`.
_OPERATIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.BitXor: operator.xor,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.LShift: _shift,
    ast.RShift: operator.rshift,
}
