"""Answers as TempCompass compares them, a rule for each of its kinds of questions.

llyx97/TempCompass@e1b4631 eval_multi-choice.py, eval_yes_no.py, eval_caption_matching.py, eval_captioning.py; the same
in open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/tempcompass.py. None is where they ask a language model.
"""

from collections.abc import Sequence

from sailbench.extract import Found

_FOUR = tuple("ABCD")


def option_said(text: str, gold: str) -> Found | None:
    """The gold option if that is the reply; else the letter that it is, or opens with as "X." or "X)".

    What follows the letter is not read.

    >>> option_said("A. walking", "A. running"), option_said("(A) running", "A. running")
    (Found(answer='A', how='letter at the start'), None)
    """
    if text == gold:
        return Found(text, "the whole option")
    if text[:1] in _FOUR and text[1:2] in ("", ".", ")"):
        return Found(text[:1], "letter at the start")
    return None


def yes_no_said(text: str) -> Found | None:
    """Yes or no by how the reply begins, in any case: "Not sure" is no, "yesterday" is yes.

    >>> yes_no_said("Nothing moves."), yes_no_said("The answer is yes")
    (Found(answer='no', how='begins with no'), None)
    """
    word = next((word for word in ("yes", "no") if text.lower().startswith(word)), "")
    return Found(word, f"begins with {word}") if word else None


def caption_said(text: str, options: Sequence[str]) -> Found | None:
    """The caption that a reply is, of options like "Caption A: a dog runs": its line, its sentence, or its name.

    The name may have full stops in it and be a letter or number alone; the sentence may stand behind ") ". Of several
    that fit, names win over sentences over lines.

    >>> caption_said("B) a cat runs", ["Caption A: a dog runs", "Caption B: a cat runs"])
    Found(answer='a cat runs', how="a caption's sentence")
    """
    parts = [option.partition(": ")[::2] for option in options]
    names = [name for name, _ in parts]
    bare = [_bare(name) for name in names]
    behind = text.split(") ")[1] if ") " in text else text
    found = None
    for option in options:
        if option == text:
            found = Found(option, "a caption's line")
    for _, sentence in parts:
        if sentence and sentence.split(": ")[0] in (text, behind):
            found = Found(sentence.split(": ")[0], "a caption's sentence")
    for name in (*names, *bare):
        if name in (text, text.replace(".", "")):
            found = Found(name, "a caption's name")
    return found


def _bare(name: str) -> str:
    for kind in ("Sentence ", "Option ", "Caption "):
        name = name.replace(kind, "")
    return name


def is_caption(answer: str, gold: str) -> bool:
    """Whether what was said is the gold caption ("Caption A: a dog runs"), its name, its sentence, or its letter."""
    name, _, sentence = gold.partition(": ")
    letter = name.split()[1] if len(name.split()) > 1 else ""
    return answer in {gold, gold.split(":")[0], sentence.split(": ")[0]} | ({letter} if letter else set())


def is_chosen(answer: str, gold: str) -> bool:
    """Whether the option that a language model chose ("B. running") has the gold one's letter and names no other.

    >>> is_chosen("B. running", "B. running fast"), is_chosen("B", "B. running"), is_chosen("B. or A. dog", "B. cat")
    (True, False, False)
    """
    named = sum(answer.count(f"{letter}.") for letter in _FOUR)
    return named == 1 and answer.split(". ")[0] == gold.split(". ")[0]
