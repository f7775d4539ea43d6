r"""Answers that a reply puts into a \boxed{} or announces, compared as texts or as numbers: EMMA's own rules.

hychaochao/EMMA@838b6de evaluation/evaluate.py and utils.py
"""

from sailbench.extract import Found
from sailbench.metrics.latex import latex_value
from sailbench.metrics.stretches import within_lines

_TEXT = r"\text{"
_LEADS = ("final answer is", "correct answer is", "answer should be", "answer is")


def announced_answer(reply: str) -> Found | None:
    r"""A bare letter or one with a colon, a number, the last box (the last \text in it), what follows an announcement.

    An announced answer ends at a line break or full stop and is in lower case; else the whole reply is the answer.

    >>> announced_answer("B: 3 cm").answer, announced_answer(r"So \boxed{\text{B}}").answer
    ('B', 'B')
    >>> announced_answer("The answer is 2.5 cm").answer, announced_answer("B. 3 cm").answer
    ('2', 'B. 3 cm')
    """
    reply = reply.strip()
    for letter in "ABCDEFGH":
        if reply.upper() == letter or reply.startswith(f"{letter}:"):
            return Found(letter, "a letter")
    if _is_number(reply):
        return Found(reply, "a number")
    boxed = _last_box(reply)
    if boxed is not None:
        words = [boxed[start + len(_TEXT) : end - 1] for start, end in within_lines(boxed, _TEXT, "}")]
        return Found((words[-1] if words else boxed).strip(), "boxed")
    for lead in _LEADS:
        if lead in reply.lower():
            tail = reply.lower().split(lead)[-1].strip()
            return Found(tail.split("\n")[0].split(".")[0], f'after "{lead}"')
    return Found(reply, "the whole reply") if reply else None


def _last_box(text: str) -> str | None:
    r"""The content of the last \boxed{} that closes and is not inside another."""
    at, found = 0, None
    while (start := text.find(r"\boxed{", at)) >= 0:
        level, at = 1, start + len(r"\boxed{")
        for end in range(at, len(text)):
            level += (text[end] == "{") - (text[end] == "}")
            if level == 0:
                found, at = text[at:end], end
                break
        else:
            return found  # never closed: to the authors it reaches to the end of the reply
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def announced_match_score(said: str, truth: str) -> float:
    r"""1 when both are the same text but for case, or LaTeX numbers that agree after rounding to two decimals.

    >>> announced_match_score(r"\frac{1}{3}", "0.333"), announced_match_score("b", "B"), announced_match_score("x", "y")
    (1.0, 1.0, 0.0)
    """
    said, truth = said.lower().strip(), truth.lower().strip()
    if said == truth:
        return 1.0
    values = latex_value(said), latex_value(truth)
    numbers = [round(value, 2) for value in values if isinstance(value, int | float)]
    return float(len(numbers) == 2 and numbers[0] == numbers[1])
