"""Answers to questions about several images as Mantis-Eval and MIRB read them: behind a marker, or in the first line.

TIGER-AI-Lab/Mantis@f3a3192 mantis/benchmark/eval.py; ys-zong/MIRB@04c35b9 evals/eval.py
"""

import re

from sailbench.extract import Found

_MARKERS = ("final answer:", "the answer is", "answer:")


def marked_answer(text: str) -> str:
    """What follows the first "Final Answer:", else "the answer is", else "Answer:", in any case; else the whole reply.

    >>> marked_answer("It is so. Final Answer: 3"), marked_answer("**Final Answer:** 3"), marked_answer(" yes.")
    ('3', '** 3', ' yes.')
    """
    lowered = text.lower()
    marker = next((marker for marker in _MARKERS if marker in lowered), None)
    return text if marker is None else text[lowered.index(marker) + len(marker) :].strip()


def first_letter(text: str, count: int) -> Found | None:
    """The first letter of any word behind the marker, in any case, where it is one of the first `count` options.

    "Dog" reads D where there are four options, "The correct option is B" reads nothing, as T is no option. (Behind
    "the answer is Answer: C" it is the C.)
    """
    answer = marked_answer(text)
    if re.match(r"Answer: [A-Z]", answer):
        letter = answer[8]
    else:
        letter = next((sign for sign in answer if sign.isalpha()), "").upper()
    known = len(letter) == 1 and ord(letter) - ord("A") < count
    return Found(letter, "first letter") if known else None


def is_option_text(text: str, option: str, label: str) -> bool:
    """Whether the whole reply is an option's text, without its label ("B.", "B:" or "(B)")."""
    lead = next((lead for lead in (f"{label}.", f"{label}:", f"({label})") if option.startswith(lead)), "")
    return text.strip() == option[len(lead) :].strip()


def gold_letter(answer: str) -> str:
    """The letter that a gold answer is, or the first one in it."""
    bare = answer.strip("()\n ")
    return bare if len(bare) == 1 else next((sign for sign in bare if sign.isalpha()), "")


_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
)
_VALUES = {word: str(value if value <= 10 else value - 10) for value, word in enumerate(_NUMBERS)}
_DIGITS = re.compile(r"\d+")


def first_line(text: str) -> str:
    """The first line, or without line breaks what is before the first full stop; a reply that opens with one stays.

    >>> first_line("B. sushi"), first_line("Yes. No.\\nMaybe"), first_line(".5")
    ('B', 'Yes. No.', '.5')
    """
    said = text.strip()
    end = said.find("\n")
    end = end if end > 0 else said.find(".")
    return said[:end] if end > 0 else said


def first_number(line: str) -> str:
    """The line's first integer, else the number that the whole line spells, else nothing.

    >>> first_number("There are 3 and 2, so 5"), first_number("Five"), first_number("five cats")
    ('3', '5', '')
    """
    digits = _DIGITS.search(line)
    return digits[0] if digits else _VALUES.get(line.lower(), "")


def line_match_score(line: str, truth: str, contained: bool = False) -> float:
    """1 when the line is the truth, or holds it if that is enough, in any case."""
    line, truth = line.lower(), truth.lower()
    return float(truth in line if contained else line == truth)


def yes_score(line: str, truth: str) -> float:
    """1 for a line with "yes" in it where the truth is yes, for any other where it is no."""
    return float(truth.lower() == ("yes" if "yes" in line.lower() else "no"))
