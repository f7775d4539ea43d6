r"""Competition answers: one or several numbers, expressions, equations or intervals in LaTeX, in any order.

The authors' judge of OlympiadBench, with its twists: a percent sign is nothing, so 5 equals 500; what is judged comes
first, so that the hundredth and the hundredfold are taken of the reply. Only what is neither the same text nor a
pair of numbers goes to sympy, and that in time (`symbolic`).
OpenBMB/OlympiadBench@ba5b26a inference/code/math_judger.py
"""

import re
from collections.abc import Iterator, Sequence

from sailbench.metrics import symbolic
from sailbench.metrics.algebra import EQUAL, ERROR, LATE, UNEQUAL

TOLERANCE = 1e-8
MOST_BOXES = 50
_SPELLINGS = (
    *((r"\left", ""), (r"\right", ""), ("∶", ":"), ("，", ","), ("$", "")),
    *((r"\approx", "="), (r"\simeq", "="), (r"\sim", "=")),
    *((r"^\prime", "'"), (r"^{\prime}", "'"), (r"^\circ", ""), ("%", "")),
)
_ENDS = "\n$,.:;^_=+`!@#$%^&*~，。"
_FORMULA = re.compile(r"\$(.*?)\$")
_UPRIGHT = re.compile(r"\\(?:mathrm|mathbf)\{~?([^}]*)\}")
_CHINESE = re.compile("[\u4e00-\u9fff]+")


def competition_score(
    said: str, truth: str, tolerances: Sequence[float] = (TOLERANCE,), identical: bool = False
) -> float:
    r"""1 when every answer said has a true one of its own that it equals; one tolerance for all, or one for each said.

    With `identical`, expressions must be read as the same one (VLMEvalKit). LateError when sympy takes too long.

    >>> competition_score(r"\boxed{3, 2}", "2,3"), competition_score("9.82", "9.8", [0.02]), competition_score("", "")
    (1.0, 1.0, 0.0)
    """
    one, other = spelled_answer(said), spelled_answer(truth)
    if not one or other is None:
        return 0.0
    if one == other:
        return 1.0
    return float(_paired(_answers(one), _answers(other), list(tolerances), identical))


def spelled_answer(text: str) -> str | None:
    r"""What is in the boxes, else in the formulae of the last line, else all; without what only adorns.

    None when a box is not closed. Several are joined by commas.

    >>> spelled_answer(r"So \boxed{x \in [1, 2]}."), spelled_answer("We get $a=1$ and $b$."), spelled_answer("\\boxed{")
    ('[1, 2]', 'a=1,b', None)
    """
    boxes = _boxes(text)
    if boxes is None:
        return None
    formulae = boxes or _FORMULA.findall(text.strip().split("\n")[-1])
    spelled = "".join(f"{own}," for own in formulae) if formulae else text
    if r"\in " in spelled:
        spelled = spelled.split(r"\in ")[1]
    for old, new in _SPELLINGS:
        spelled = spelled.replace(old, new)
    spelled = spelled.strip(_ENDS)
    end = spelled.rfind("}") + 1  # tried only where a brace closes: each try reads on to the next one
    return _UPRIGHT.sub(r"\1", spelled[:end]) + spelled[end:]


def _boxes(text: str) -> list[str] | None:
    starts = [match.end() for match in re.finditer(r"\\boxed{", text)]
    if len(starts) > MOST_BOXES:
        return None
    ends = [_closing(text, start) for start in starts]
    closed = [text[start:end] for start, end in zip(starts, ends, strict=True) if end is not None]
    return closed if len(closed) == len(starts) else None


def _closing(text: str, start: int) -> int | None:
    level = 1
    for at in range(start, len(text)):
        level += (text[at] == "{") - (text[at] == "}")
        if level == 0:
            return at
    return None


def _answers(text: str) -> list[str]:
    r"""The parts between commas outside of brackets, without Chinese; \pm makes two of one."""
    parts = _parts(_CHINESE.sub("", text))
    return [own for part in parts for own in _signed(part)]


def _signed(part: str) -> Iterator[str]:
    if r"\pm" in part:
        yield part.replace(r"\pm", "+")
        yield part.replace(r"\pm", "-")
    else:
        yield part


def _parts(text: str) -> list[str]:
    parts, level, start = [], 0, 0
    for at, sign in enumerate(text):
        level += (sign in "([") - (sign in ")]")
        if sign == "," and level == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()] if start < len(text) else parts


def _paired(said: list[str], truths: list[str], tolerances: list[float], identical: bool) -> bool:
    """Whether each has a partner. Which one comes next, and with which tolerance, is the authors' order."""
    if len(tolerances) == 1:
        tolerances *= len(said)
    if len(said) != len(truths):
        return False
    index = -1
    while said:
        index = (index + 1) % len(said)
        if index >= len(tolerances):
            return False  # fewer tolerances than answers: the original raises
        own, tolerance = said[index], tolerances[index]
        partner = next((truth for truth in truths if _same(own, truth, tolerance, identical)), None)
        if partner is None:
            return False
        said.remove(own)
        truths.remove(partner)
        tolerances.remove(tolerance)
    return True


def _same(said: str, truth: str, tolerance: float, identical: bool) -> bool:
    if said == truth and said:
        return True
    if _is_interval(said) and _is_interval(truth):
        word = _same_interval(said, truth, tolerance, identical)
        if word != UNEQUAL:
            return word == EQUAL
    if _same_number(said, truth, tolerance):
        return True
    if _same_expression(said, truth, tolerance, identical) == EQUAL and not ("=" in said and "=" in truth):
        return True
    return said.count("=") == truth.count("=") == 1 and _ask("same_equation", said, truth) == EQUAL


def _is_interval(text: str) -> bool:
    return text.startswith(("(", "[")) and text.endswith((")", "]"))


def _same_interval(said: str, truth: str, tolerance: float, identical: bool) -> str:
    r"""Unions of intervals, part by part; brackets must be the same, and as many ends as both have must be equal."""
    if said == truth:
        return EQUAL
    unions = said.split(r"\cup"), truth.split(r"\cup")
    if len(unions[0]) != len(unions[1]):
        return UNEQUAL
    for one, other in zip(*unions, strict=True):
        if not one or not other:
            return ERROR
        if (one[0], one[-1]) != (other[0], other[-1]):
            return UNEQUAL
        ends = one.strip("[]()").split(","), other.strip("[]()").split(",")
        for left, right in zip(*ends, strict=False):
            word = _same_expression(left, right, tolerance, identical)
            if word != EQUAL:
                return word
    return EQUAL


def _same_number(said: str, truth: str, tolerance: float) -> bool:
    try:
        value, wanted = float(said), float(truth)
    except ValueError:
        return False
    return any(abs(own - wanted) <= tolerance * 1.01 for own in (value / 100, value, value * 100))


def _same_expression(said: str, truth: str, tolerance: float, identical: bool) -> str:
    """What follows the first equals sign of each, where there is one."""
    one, other = (text.split("=")[1].strip() if "=" in text else text.strip() for text in (said, truth))
    if identical:
        return _ask("same_structure", one, other)
    return _ask("same_expression", one, other, tolerance)


def _ask(name: str, *arguments: str | float) -> str:
    word = symbolic.answer(name, *arguments)
    if word == LATE:
        raise symbolic.LateError(name)
    return word
