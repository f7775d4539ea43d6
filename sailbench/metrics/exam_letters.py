"""The letter of an option as the authors of examinations read it (MMMU-Pro, VisuLogic, PhyX), slips included.

None is where they would toss a coin, ask a language model, or call the reply wrong.
"""

import re
from collections.abc import Mapping

from sailbench.extract import Found

_PRO_MARKS = (("({})", "letter in brackets"), ("{} ", "letter before a space"), ("{}.", "letter before a dot"))


def last_answered_option(text: str, choices: Mapping[str, str]) -> Found | None:
    """MMMU-Pro's rule: the only letter that occurs behind the last "Answer:", if any letter does and no other.

    Else letters in brackets, before a space, or before a dot, which need nothing to their left ("NASA is" reads A);
    else, in replies of more than five words, option texts. Of several the last wins, where only letters between
    brackets or spaces have a place; of those without one the first of the options: "J. A dog" reads A.
    MMMU-Benchmark/MMMU@bb0b95a mmmu-pro/evaluate.py, without its coin toss

    >>> last_answered_option("I think (A) is wrong. Answer: B", {"A": "dog", "B": "cat"})
    Found(answer='B', how='after the last "Answer:"')
    """
    _, announced, tail = text.rpartition("Answer:")
    named = [label for label in choices if label in tail] if announced else []
    if len(named) == 1:
        return Found(named[0], 'after the last "Answer:"')
    for mark in ",.!?;:'":
        text = text.strip(mark)
    text = f" {text} "
    for pattern, how in _PRO_MARKS:
        named = [label for label in choices if pattern.format(label) in text]
        if named:
            place = pattern if pattern == "({})" else " {} "
            return Found(max(named, key=lambda label: text.rfind(place.format(label))), how)
    text = text.lower()
    if len(text.split()) > 5:
        places = {label: text.rfind(own.lower()) for label, own in choices.items() if own.lower() in text}
        if places:
            return Found(max(places, key=places.__getitem__), "option text")
    return None


_BRACES = re.compile(r"\\boxed\{|[^\\]\}")
_FONTS = (r"\text{", r"\rm{", r"\mathbf{", "$", "}")
_ANNOUNCED = (
    *("answer:", "the final answer is:", "the answer is option:", "the answer is:", "the correct answer is option:"),
    *("the correct answer is:", "the answer should be:", "the final answer is", "the answer is option"),
    *("the answer is", "the correct answer is option", "the correct answer is", "the answer should be"),
)
_FOUR = tuple("ABCD")


def boxed_or_announced_letter(text: str) -> Found | None:
    r"""VisuLogic's rule: a capital A to D alone in the last \boxed{}, else at an end of the reply or announced.

    A box of more than two signs counts as none, so "\boxed{(B)}" and "\boxed{B.}" are unread. At an end means " B."
    or " (B)." at the very end, a line "B" or "(B)" at the start. Announced means that the letter alone stands between
    a phrase and the next line break or full stop, in any case: "The answer is **B**." is unread.
    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/visulogic.py, VisuLogic-Benchmark/VisuLogic-Eval@00fba6d
    evaluation/eval_model.py; a letter with blanks around it is read by the former only, and here.

    >>> boxed_or_announced_letter(r"\boxed{A}? No: \boxed{\text{B}}"), boxed_or_announced_letter("It must be B.")
    (Found(answer='B', how='boxed'), Found(answer='B', how='at an end'))
    """
    box = _last_box(text)
    if box is None and text.strip() in _FOUR:
        return Found(text.strip(), "the whole reply")
    if box is not None and box.strip() in _FOUR:
        return Found(box.strip(), "boxed")
    said = text.replace("<|endoftext|>", "")
    for letter in _FOUR:
        openings = (f"{letter}\n", f"({letter})\n", f"({letter}) {letter}\n")
        if said.startswith(openings) or said.endswith((f" {letter}.", f" ({letter}).")):
            return Found(letter, "at an end")
    return _announced(said.lower()) or (Found(said, "the whole reply") if said in _FOUR else None)


def _last_box(text: str) -> str | None:
    r"""The last outermost box's content without fonts, empty where it is no letter; None where there is none."""
    opened: list[int] = []
    box = None
    for brace in _BRACES.finditer(text):
        if brace[0] == r"\boxed{":
            opened.append(brace.end())
        elif opened:
            start = opened.pop()
            box = box if opened else text[start : brace.start() + 1]
    if box is None:
        return None
    for font in _FONTS:
        box = box.replace(font, "")
    return "" if "letter" in box.lower() or "or" in box or len(box) > 2 else box


def _announced(said: str) -> Found | None:
    for phrase in _ANNOUNCED:
        if phrase in said:
            said = said.split(phrase)[-1].strip().split("\n")[0].split(".")[0]
            if said.upper() in _FOUR:
                return Found(said.upper(), f"after {phrase!r}")
    return None


_KEY = re.compile(r"\b(?:[Cc]orrect|[Aa]nswer|[Oo]ption)\b")
_WITH_COLON = re.compile(r"([A-D]):")
_CAPITAL = re.compile(r"[A-D]")


def keyed_letter(text: str) -> Found | None:
    """PhyX's rule: the first capital A to D behind the first "correct", "answer" or "option", within words too.

    Where none of these words has one behind it, the last "X:". "B" alone and "(B)" are unread, and "Answer: Based on
    the figure, C" reads B. NastyMarcus/PhyX@a651a00 vlmeval/dataset/utils/phyx.py, the same in VLMEvalKit

    >>> keyed_letter("The answer is C."), keyed_letter("B: 5 N"), keyed_letter("C")
    (Found(answer='C', how="after 'answer'"), Found(answer='B', how='letter and colon'), None)
    """
    key = _KEY.search(text)
    letter = _CAPITAL.search(text, key.end()) if key else None
    if key and letter:
        return Found(letter[0], f"after {key[0]!r}")
    with_colon = _WITH_COLON.findall(text)
    return Found(with_colon[-1], "letter and colon") if with_colon else None


def is_marked(text: str, letter: str) -> bool:
    """Whether a letter has a colon behind it or bold asterisks beside it, anywhere: PhyX's last resort."""
    return any(mark in text for mark in (f"{letter}:", f"{letter}**", f"**{letter}"))
