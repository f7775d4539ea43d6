r"""Whether two mathematical answers are equal: "4/3" and "\frac{4}{3}", "8.0" and "8", "(1, 2.0)" and "(1,2)"."""

from collections.abc import Callable

from sailbench.metrics.arithmetic import Names, Number, arithmetic_value
from sailbench.metrics.latex import latex_value

Evaluate = Callable[[str, Names], Number | None]


def rounded_match_score(prediction: str, truth: str) -> float:
    r"""1 when both are the same text, or numbers that agree after rounding to two decimals; case does not count.

    Tuples and lists are compared as text once their elements are rounded. Nothing equals an empty answer.
    mathllm/MATH-V@a1f5cc3 evaluation/utils.py is_equal

    >>> rounded_match_score("4/3", r"\frac{4}{3}"), rounded_match_score("0.34", "1/3"), rounded_match_score("", "")
    (1.0, 0.0, 0.0)
    """
    prediction, truth = prediction.lower(), truth.lower()
    if not prediction.strip(" ") or not truth.strip(" "):
        return 0.0
    if prediction.strip() == truth.strip():
        return 1.0
    truth = _rounded_elements(truth)
    if truth[:1] in ("(", "[") and _rounded_elements(prediction) == truth:
        return 1.0
    wanted = _rounded(latex_value(truth))
    return float(wanted is not None and wanted == _rounded(latex_value(_rounded_elements(prediction))))


def _rounded(value: Number | None) -> Number | None:
    return None if value is None or isinstance(value, complex) else round(value, 2)


def _rounded_elements(text: str) -> str:
    """A tuple or list with its elements computed and rounded; anything else, and what cannot be, as it is."""
    elements = text[1:-1].split(",")
    if len(elements) < 2 or (text[0], text[-1]) not in (("(", ")"), ("[", "]")):
        return text
    rounded = [e if "infty" in e or e in ("a", "-a") else _rounded(latex_value(e)) for e in elements]
    return text if None in rounded else f"{text[0]}{','.join(map(str, rounded))}{text[-1]}"


def close_match_score(prediction: str, truth: str) -> float:
    r"""1 when both are the same text, or numbers less than 1e-6 apart; case does not count.

    Numbers are Python expressions (so "2^3" is 1) or LaTeX without roots and constants (the functions of `math`
    are unknown there). A slip of the original is kept: it evaluates where the truth's value is bound to `a`, so
    that a reply of "A" equals any number. open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/mathv.py is_equal

    >>> close_match_score("4/3", r"\frac{4}{3}"), close_match_score("0.333", "1/3"), close_match_score("A", "60")
    (1.0, 0.0, 1.0)
    """
    prediction, truth = prediction.lower().strip(), truth.lower().strip()
    return float(prediction == truth or any(_close(prediction, truth, own) for own in (arithmetic_value, latex_value)))


def _close(prediction: str, truth: str, evaluate: Evaluate) -> bool:
    wanted = evaluate(truth, {})
    if wanted is None:
        return False
    value = evaluate(prediction, {"a": wanted})
    try:
        return value is not None and abs(wanted - value) < 1e-6
    except OverflowError:
        return False
