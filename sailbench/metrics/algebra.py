r"""Whether two expressions in LaTeX are equal, asked of sympy: what a stranger could make last for ever.

Everything here runs in a worker process (`symbolic` starts it, limits it and puts the questions), because only a
process can be stopped in the middle of 9**9**9**9. Answers are words: a comparison that raises is neither yes nor no.
"""

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

EQUAL, UNEQUAL, ERROR, LATE = "equal", "unequal", "error", "late"
MEMORY = 2 << 30  # bytes
GRACE = 5  # seconds after which a worker that nobody waits for stops itself
BITS = 1 << 27  # of a number that no worker would have in time: 40 million digits take Python a minute
LARGEST = 5_000_000  # of which a factorial is taken in time


class EndlessError(Exception):
    """What is asked would take minutes: known without waiting for it."""


def parsed(text: str) -> Any:
    """What sympy's own LaTeX grammar reads, as `sympy.parsing.latex.parse_latex` would give it.

    Taken from below that function, which refuses every ANTLR runtime but 4.11, while the parser that comes with
    sympy runs on any from 4.10 on; latex2sympy2-extended reads another grammar (no unknowns of several letters).
    """
    grammar, antlr4 = import_module("sympy.parsing.latex._parse_latex_antlr"), import_module("antlr4")
    text = text.strip()
    listener = grammar.MathErrorListener(text)
    lexer = grammar.LaTeXLexer(antlr4.InputStream(text))
    parser = grammar.LaTeXParser(antlr4.CommonTokenStream(lexer))
    for recognizer in (lexer, parser):
        recognizer.removeErrorListeners()
        recognizer.addErrorListener(listener)
    return grammar.convert_relation(parser.math().relation())


def same_structure(left: str, right: str) -> str:
    """Equal only if both are read as the very same expression.

    VLMEvalKit's expression test comes to this: it calls a function that is commented out, and every pair that is not
    identical raises (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/olympiadbench.py).
    """
    return EQUAL if parsed(left) == parsed(right) else ERROR


def same_expression(left: str, right: str, tolerance: float) -> str:
    """Numbers within 1.01 tolerances; with unknowns, a difference that simplifies to less than 0.001.

    OpenBMB/OlympiadBench@ba5b26a inference/code/math_judger.py expression_equal
    """
    one, other = parsed(left), parsed(right)
    if one == other:
        return EQUAL
    one, other = _with_pi(one), _with_pi(other)
    if _unknowns(one) != _unknowns(other):
        return UNEQUAL
    try:
        if _unknowns(one):
            return _word(abs(_simplified(one - other).evalf()) < 1e-3)
        near = _computable(one) and _computable(other) and abs(one.evalf() - other.evalf()) <= tolerance * 1.01
        return EQUAL if near else UNEQUAL
    except EndlessError:
        raise
    except Exception:
        # Complex numbers, relations, infinities: sympy raises what it likes, and the authors take all of it for a no.
        return UNEQUAL


def same_equation(left: str, right: str) -> str:
    """Equal when one side of an equation, all moved there, is a whole multiple of the other equation's.

    OpenBMB/OlympiadBench@ba5b26a inference/code/math_judger.py equation_equal
    """
    one, other = _all_on_one_side(left), _all_on_one_side(right)
    ratios = (_simplified(one / other), _simplified(other / one))
    return EQUAL if any(ratio.is_Integer and ratio != 0 for ratio in ratios) else UNEQUAL


def same_formula(left: str, right: str) -> str:
    """Numbers less than 1e-6 apart, equations with equal differences of their sides, expressions of difference 0.

    SeePhys/seephys-project@a94baa8 vlmeval/dataset/utils/seephys.py quick_compare
    """
    from sympy import Eq

    one, other = parsed(left), parsed(right)
    if one.is_Number and other.is_Number:
        return EQUAL if abs(float(one - other)) < 1e-6 else UNEQUAL
    if isinstance(one, Eq) and isinstance(other, Eq):
        return EQUAL if _simplified(one.lhs - one.rhs) == _simplified(other.lhs - other.rhs) else UNEQUAL
    return EQUAL if _simplified(one - other) == 0 else UNEQUAL


def printed(text: str) -> str:
    """What latex2sympy makes of a text, in Python's notation; it raises bare Exception for what is no expression."""
    from latex2sympy2_extended import latex2sympy

    return str(latex2sympy(text))


QUESTIONS: Mapping[str, Callable[..., str]] = {
    own.__name__: own for own in (same_structure, same_expression, same_equation, same_formula)
}


def _with_pi(expression: Any) -> Any:
    from sympy import Symbol

    return expression.subs(Symbol("pi"), math.pi)


def _unknowns(expression: Any) -> bool:
    from sympy import Symbol

    return bool(expression.has(Symbol))


def _simplified(expression: Any) -> Any:
    """Simplifying computes the powers and factorials that the parser left as they are written: 9^(9^9) as well."""
    from sympy import simplify

    if any(map(_endless, _numeric(expression))):
        raise EndlessError(expression.func.__name__)
    return simplify(expression)


def _numeric(expression: Any) -> Iterator[Any]:
    """The powers, factorials and binomials of whole numbers in an expression; those within first."""
    from sympy import Pow, binomial, factorial, postorder_traversal

    for own in postorder_traversal(expression):
        if isinstance(own, Pow | factorial | binomial) and all(_whole(one) is not None for one in own.args):
            yield own


def _whole(expression: Any) -> float | None:
    """A whole number's size, without computing it: of one too large for a float infinity; None for anything else."""
    from sympy import Integer, Pow

    if isinstance(expression, Integer):
        return math.inf if abs(expression.p).bit_length() > 1000 else float(abs(expression.p))
    if not isinstance(expression, Pow):
        return None
    base, exponent = map(_whole, expression.args)
    if base is None or exponent is None:
        return None
    return math.inf if base > 1 and exponent * math.log2(base) > 1000 else base**exponent


def _endless(expression: Any) -> bool:
    from sympy import Pow

    first, *rest = (_whole(one) or 0.0 for one in expression.args)
    if isinstance(expression, Pow):
        return first > 1 and rest[0] * math.log2(first) > BITS
    return first > LARGEST and min(rest, default=first) > 1


def _word(truth: Any) -> str:
    """A comparison that still holds unknowns is no answer."""
    return {"True": EQUAL, "False": UNEQUAL}.get(str(truth), ERROR)


def _computable(expression: Any) -> bool:
    """No power of numbers with an exponent above 1000; powers deeper in the expression are not looked at."""
    from sympy import Pow

    if not isinstance(expression, Pow):
        return True
    base, exponent = expression.as_base_exp()
    return bool(base.is_number and exponent.is_number and abs(exponent.evalf()) <= 1000)


def _all_on_one_side(equation: str) -> Any:
    from sympy import Eq

    left, right = equation.split("=")
    both = Eq(parsed(left), parsed(right))
    return _simplified(both.lhs - both.rhs)


def serve() -> None:
    """Answers questions, a line of JSON each, until there are no more. Only this writes to the real output."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # parsers print warnings
    _limit_memory()
    own = {**QUESTIONS, "printed": printed}
    for line in sys.stdin:
        question = json.loads(line)
        _stop_after(question["seconds"] + GRACE)
        try:
            word = own[question["name"]](*question["arguments"])
        except EndlessError:
            word = LATE
        except Exception:
            word = ERROR
        channel.write(json.dumps(word) + "\n")
        channel.flush()
        _stop_after(0)


def _limit_memory() -> None:
    """Where the system lets us, and it does not on macOS and Windows; the time is limited everywhere."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, highest = resource.getrlimit(resource.RLIMIT_AS)
        own = MEMORY if highest == resource.RLIM_INFINITY else min(MEMORY, highest)
        resource.setrlimit(resource.RLIMIT_AS, (own, highest))


def _stop_after(seconds: float) -> None:
    """The operating system ends the process then, whatever it computes; 0 takes that back."""
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(seconds))
