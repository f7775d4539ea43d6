"""The letter of an option as the scripts of video benchmarks read it, each in its own way, slips included.

None is where a script finds nothing, tosses a coin, or asks a language model.
"""

import re
from collections.abc import Callable, Mapping

from sailbench.extract import Found

Choices = Mapping[str, str]


def first_token(text: str) -> str:
    """MVBench's word that is compared with "(a)": what is before the first space, in lower case.

    A line break is no space. Of nothing but full stops, nothing: they would fit every option.
    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/mvbench.py

    >>> first_token("(A) took a cup"), first_token("B\\nbecause"), first_token(".")
    ('(a)', 'b\\nbecause', '')
    """
    token = text.lower().strip().split(" ")[0]
    return token if token.replace(".", "") else ""


def first_opened_token(text: str) -> str:
    """The same as the authors have it: of the first line, behind the bracket that their prompt opens the answer with.

    OpenGVLab/Ask-Anything@4dd8210 video_chat2/mvbench.ipynb, the same in daniel-cores/tvbench@c354322 vqa_dataset.py
    and infer.ipynb

    >>> first_opened_token("A) took a cup"), first_opened_token("(A) took a cup"), first_opened_token(" . ")
    ('(a)', '((a)', '')
    """
    token = "(" + text.lower().strip().split("\n")[0].split(" ")[0]
    return token if token.replace(".", "") != "(" else ""


def fits_label(token: str, label: str) -> bool:
    """Whether a token without its full stops is contained in a label in brackets, or contains it.

    "a", "(a." and "(" all fit "(a)", and so does "(a):".
    """
    bracketed = f"({label.lower()})"
    return token.replace(".", "") in bracketed or bracketed in token


def before_bracket(text: str) -> str:
    """MLVU's answer: the character before the first closing bracket, or the whole reply where there is none.

    JUNJIE99/MLVU@fd060c1 evaluation/multiple_choice_evaluation/choice_bench.py, the same in VLMEvalKit

    >>> before_bracket("(A) dog"), before_bracket("A"), before_bracket("Best option: (A"), before_bracket(") A")
    ('A', 'A', 'Best option: (A', '')
    """
    place = text.find(")")
    return text if place < 0 else text[max(place - 1, 0) : place]


def first_word_letter(text: str) -> Found | None:
    """LVBench's rule: the first character of the first word, once what follows a bracket's content is cut off.

    "A man, so (B)" reads B, "The answer is B" reads the T and so nothing, "b" is no letter either.
    THUDM/LVBench@f998d95 lvbench/utils/answer_util.py

    >>> first_word_letter("A man, so (B)"), first_word_letter("B) the dog"), first_word_letter("The answer is B")
    (Found(answer='B', how='in brackets'), Found(answer='B', how='first character'), None)
    """
    said = text.strip().split(")")[0].strip()
    how = "in brackets" if "(" in said else "first character"
    said = said.split("(")[1].strip() if "(" in said else said
    letter = said.split(" ")[0][:1]
    return Found(letter, how) if letter in tuple("ABCD") else None


_CAPITAL = re.compile(r"\b([A-D])\b")


def capital_alone(text: str) -> Found | None:
    """lmms-eval's rule for Perception Test: the first capital A to D that is a word, articles included.

    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/perceptiontest/val/utils.py

    >>> capital_alone("A person puts C"), capital_alone("b")
    (Found(answer='A', how='first capital alone'), None)
    """
    found = _CAPITAL.search(text)
    return Found(found[1], "first capital alone") if found else None


def answer_block(text: str) -> str | None:
    """What stands between the last <answer> and </answer>; None without such a block."""
    block, at = None, 0
    while (opened := text.find("<answer>", at)) >= 0 and (closed := text.find("</answer>", opened)) >= 0:
        block, at = text[opened + len("<answer>") : closed].strip(), closed + len("</answer>")
    return block


def alphabetical_letter(text: str) -> Found | None:
    """Video-Holmes's rule: of A to F the first in the alphabet with a space or a colon behind it or "[" before it.

    Where there is none, the first in the alphabet of all capitals. Letters within words count: "Answer: E" reads A.
    TencentARC/Video-Holmes@52ef8da evaluate.py, the same in VLMEvalKit

    >>> alphabetical_letter("(E)"), alphabetical_letter("B. Dog And A cat"), alphabetical_letter("b")
    (Found(answer='E', how='capital letter'), Found(answer='A', how='letter with a mark'), None)
    """
    for letter in "ABCDEF":
        if any(mark in text for mark in (f"{letter} ", f"{letter}:", f"[{letter}")):
            return Found(letter, "letter with a mark")
    letter = next((letter for letter in "ABCDEF" if letter in text), "")
    return Found(letter, "capital letter") if letter else None


def _padded(text: str) -> str:
    for mark in ",.!?;:'":
        text = text.strip(mark)
    return f" {text} "


def _text_named(text: str, choices: Choices, pick: Callable[[Mapping[str, int]], str]) -> Found | None:
    """In replies of more than five words the option whose text they contain; which of several, `pick` tells."""
    lowered = text.lower()
    named = {label: own.lower() for label, own in choices.items() if own.lower() in lowered}
    if not named or len(text.split()) <= 5:
        return None
    return Found(pick({label: lowered.rfind(own) for label, own in named.items()}), "option text")


def _last(places: Mapping[str, int]) -> str:
    return max(places, key=places.__getitem__)


_AS_MMMU = (("({})", "letter in brackets"), ("{} ", "letter before a space"), ("{}.", "letter before a dot"))


def last_marked_option(text: str, choices: Choices) -> Found | None:
    """lmms-eval's rule for NExT-QA: letters in brackets, else before a space, else before a dot, else option texts.

    Of several the last wins, where only letters between brackets or spaces have a place: "B. x C. y" reads B. Nothing
    needs a boundary to its left ("NASA is" reads A).
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/nextqa/utils.py

    >>> last_marked_option("The answer is (B) not (A)", {"A": "dog", "B": "cat"})
    Found(answer='A', how='letter in brackets')
    """
    text = _padded(text)
    for pattern, how in _AS_MMMU:
        place = pattern if pattern == "({})" else " {} "
        named = {one: text.rfind(place.format(one)) for one in choices if pattern.format(one) in text}
        if named:
            return Found(_last(named), how)
    return _text_named(text, choices, _last)


def last_punctuated_option(text: str, choices: Choices) -> Found | None:
    """Video-MMMU's rule: letters before a dot or a colon, else in brackets, else before a space, else option texts.

    Of several the last wins: by the places of "X." if there is any, of "X:" if not, and so on.
    EvolvingLMMs-Lab/VideoMMMU@88b4ac3 lmms_eval/tasks/videommmu/utils.py, the same in open-compass/VLMEvalKit@e8e78f05
    vlmeval/dataset/videommmu.py

    >>> last_punctuated_option("First, A. no. B: yes", {"A": "dog", "B": "cat"})
    Found(answer='A', how='letter before a dot')
    """
    text = _padded(text)
    dotted = [label for label in choices if f"{label}." in text]
    marked = [*dotted, *(label for label in choices if f"{label}:" in text)]
    if marked:
        pattern, how = ("{}.", "letter before a dot") if dotted else ("{}:", "letter before a colon")
        return Found(_last({label: text.rfind(pattern.format(label)) for label in marked}), how)
    for pattern, place, how in (
        ("({})", "({})", "letter in brackets"),
        ("{} ", " {} ", "letter before a space"),
    ):
        named = {label: text.rfind(place.format(label)) for label in choices if pattern.format(label) in text}
        if named:
            return Found(_last(named), how)
    return _text_named(text, choices, _last)


def first_mentioned_option(text: str, lines: Choices) -> Found | None:
    """lmms-eval's rule for EgoSchema: of the letters in brackets, before a space or before a dot the first in the text.

    Else, in replies of more than five words, the option's whole line ("A. C cooks food"). How often a letter is said
    counts too, since each is sought from the end: "A or B or A" reads B.
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/egoschema/utils.py

    >>> first_mentioned_option("Not A. The answer is D", {"A": "A. run", "D": "D. sit"})
    Found(answer='A', how='first letter mentioned')
    """
    text = _padded(text)
    marks = [(pattern.format(label), label) for pattern, _ in _AS_MMMU for label in lines]
    named = {(mark, label): text.rfind(mark) for mark, label in marks if mark in text}
    if named:
        return Found(min(named, key=named.__getitem__)[1], "first letter mentioned")
    return _text_named(text, lines, lambda places: min(places, key=places.__getitem__))
