"""Relaxed accuracy for answers read off charts: numbers may be 5 % off, texts may not; and lists of such answers."""

import ast
import re
import warnings
from collections.abc import Iterable, Sequence

from sailbench.metrics.anls import anls_score
from sailbench.metrics.arithmetic import arithmetic_value

TOLERANCE = 0.05
LONGEST = 3000  # characters of a text that may be a list; no number in it has more digits than Python prints


def relaxed_score(prediction: str, truth: str) -> float:
    """1 for a number within 5 % of the truth, or the same text in any case; "20%" is 0.2, and only 0 is 0.

    google-research/pix2struct@945f27e pix2struct/metrics.py relaxed_correctness, the function that all cite

    >>> relaxed_score("14.7", "14"), relaxed_score("0.0", "0"), relaxed_score("yes", "Yes"), relaxed_score("20%", "0.2")
    (1.0, 0.0, 1.0, 1.0)
    """
    said, wanted = _ratio(prediction), _ratio(truth)
    if said is None or not wanted:
        return float(prediction.lower() == truth.lower())
    return float(abs(said - wanted) / abs(wanted) <= TOLERANCE)


def any_relaxed_score(prediction: str, truths: Iterable[str]) -> float:
    """The best `relaxed_score` over several truths."""
    return max((relaxed_score(prediction, truth) for truth in truths), default=0.0)


def _ratio(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def listed(text: str) -> list[str]:
    """The elements of what Python would evaluate to a list, as text; the text itself if it is no such list.

    VLMEvalKit calls `eval` on gold answers, so that "[Gambia, Niger]" is one answer, "[2003, 2004]" are two, and
    "[2009-2010]" is -1. open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/vqa_eval.py process_line

    >>> listed("[2003, '2004']"), listed("[Gambia, Niger]"), listed("14")
    (['2003', '2004'], ['[Gambia, Niger]'], ['14'])
    """
    tree = _parsed(text)
    if not isinstance(tree, ast.List):
        return [text]
    elements = [_element(node) for node in tree.elts]
    return [text] if None in elements else [str(one) for one in elements]


def _parsed(text: str) -> ast.expr | None:
    """The Python expression that a text is; None if it is none, or too long to look at."""
    if len(text) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a stranger's text, not ours to mend
            return ast.parse(text.lstrip(" \t"), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


# What Python may raise at a literal that is none, or too deep, or too large to print.
_NOT_LITERAL = (ValueError, TypeError, MemoryError, RecursionError)


def _element(node: ast.expr) -> str | None:
    """A literal, or the value of an expression of numbers, as text; None for a bare word."""
    try:
        value = arithmetic_value(ast.unparse(node), {})
        return str(ast.literal_eval(node) if value is None else value)
    except _NOT_LITERAL:
        return None


_BRACKETS = re.compile(r"\[(.*)\]")
_UNQUOTED = re.compile(r"(?<!['\w])(\w[^,]*?)(?!['\w])")


def relaxed_list_score(prediction: str, truth: str, years: Sequence[bool] = ()) -> float:
    """The mean over the elements of two lists, in order; missing and surplus elements are wrong.

    Years must be the same; other numbers may be 5 % off, without regard to percent signs; texts get their ANLS.
    `years` says so of each element of the truth, or of all if it is shorter. A truth such as "[Red, Blue]" is a list
    as well, a prediction needs quotes. vis-nlp/ChartQAPro@4b422c6 evaluate_predictions.py

    >>> relaxed_list_score("['Red', 'Blue']", "[Red, Blue]"), relaxed_list_score("[Red, Blue]", "[Red, Blue]")
    (1.0, 0.0)
    >>> relaxed_list_score("2017", "2016"), relaxed_list_score("2017", "2016", [True])
    (1.0, 0.0)
    """
    wanted = _literal_list(_quoted(truth)) or [truth]
    said = _literal_list(prediction) or [prediction]
    flags = list(years) * (len(wanted) if len(years) < len(wanted) else 1) or [False] * len(wanted)
    pairs = zip(said, wanted, flags, strict=False)
    return sum(_element_score(*pair) for pair in pairs) / max(len(wanted), len(said))


def _quoted(text: str) -> str:
    """A list with quotes around its elements, where that makes it one."""
    brackets = _BRACKETS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if brackets is None:
        return text
    repaired = f"[{_UNQUOTED.sub(_in_quotes, brackets.group(1))}]"
    return repaired if _literal_list(repaired) is not None else text


def _in_quotes(found: re.Match[str]) -> str:
    return f"'{found.group(1)}'"


def _literal_list(text: str) -> list[str] | None:
    """The elements of a list that is written as Python writes it; None for anything else."""
    tree = _parsed(text)
    if not isinstance(tree, ast.List):
        return None
    try:
        return [str(one).strip(" '") for one in ast.literal_eval(tree)]
    except _NOT_LITERAL:
        return None


def _element_score(said: str, wanted: str, year: bool) -> float:
    if year:
        return float(said.strip().lower() == wanted.strip().lower())
    said, wanted = (text.strip().strip("%").strip() for text in (said, wanted))
    number, true_number = _number(said), _number(wanted)
    if number is None or true_number is None:
        return anls_score(said, [wanted])
    if true_number == 0:
        return float(number == 0)
    return float(abs(number - true_number) / abs(true_number) <= TOLERANCE)


def _number(text: str) -> float | None:
    try:
        return float(text.strip("%"))
    except ValueError:
        return None
