"""Text in, answer or None out: how an answer is read out of a reply. Nothing is guessed.

Several rules for one thing live side by side, because toolkits and authors read replies differently and their
numbers are only comparable when read their way. Each says whose rule it is and where it slips.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Found(NamedTuple):
    """An answer, and in a few words how it was found."""

    answer: str
    how: str


_BOX = re.compile(r"\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")


def after_thinking(text: str) -> str:
    """What follows the last </think>; nothing of a reply whose reasoning was never closed.

    >>> after_thinking("<think>A or B?</think> B"), after_thinking("<think>A or"), after_thinking("B")
    ('B', '', 'B')
    """
    _, closed, rest = text.rpartition("</think>")
    if "<think>" in rest:
        return ""
    return rest.strip() if closed else text


def boxed_answer(text: str) -> str:
    r"""The content of \boxed{}: the first after the first think block, else the last anywhere, else the whole text.

    SAIL's wrapper (open-compass/VLMEvalKit@e8e78f05 vlmeval/vlm/sail_vl.py): a box may hold braces, but not
    braces within braces; such a box is not seen.
    """
    opened = text.find("<think>")
    closed = text.find("</think>", opened) if opened >= 0 else -1
    own = _BOX.search(text, closed) if closed >= 0 else None
    if own:
        return own.group(1)
    boxes = _BOX.findall(text)
    return str(boxes[-1]) if boxes else text


_REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_SEPARATORS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_ANSWER_IS = re.compile(r"answer\s+is\s+\**([ABCD])", re.IGNORECASE)


def option_match(text: str, choices: Mapping[str, str]) -> Found | None:
    """VLMEvalKit's rule (open-compass/VLMEvalKit@e8e78f05 vlmeval/utils/matching_util.py), slips included.

    A lone label among the last four words; else what follows "answer is", where any word that begins with a to d
    counts ("the answer is dog" reads D); else the only option whose text the reply contains, unless the reply is
    longer than twice all option texts. Refusals, and replies that say Z but no label, read Z: no option.
    """
    if any(refusal in text for refusal in _REFUSALS):
        return Found("Z", "a refusal")
    words = text.translate(_SEPARATORS).split()
    named = [label for label in choices if label in words]
    if len(named) == 1 and words.index(named[0]) > len(words) - 5:
        return Found(named[0], "letter at the end")
    if not named and "Z" in words:
        return Found("Z", "says Z, none of the options")
    phrase = _ANSWER_IS.search(text)
    if phrase and phrase.group(1).upper() in choices:
        return Found(phrase.group(1).upper(), 'letter after "answer is"')
    long = len(text.lower()) > 2 * sum(map(len, choices.values()))
    return None if long else _only_option_text(text.lower(), choices)


def option_match_of_2024(text: str, choices: Mapping[str, str]) -> Found | None:
    """The same rule as it was until August 2025, and as authors who ship a copy of the toolkit still have it.

    A lone label anywhere; else the only option whose text the reply contains, however long it is.
    OpenGVLab/MMT-Bench@84012c9 VLMEvalKit-main/vlmeval/utils/matching_util.py, the same in AIDC-AI/Parrot@989d6d0
    """
    if any(refusal in text for refusal in _REFUSALS):
        return Found("Z", "a refusal")
    words = set(text.translate(_SEPARATORS).split())
    named = [label for label in choices if label in words]
    if len(named) == 1:
        return Found(named[0], "the only letter")
    if not named and "Z" in words:
        return Found("Z", "says Z, none of the options")
    return _only_option_text(text.lower(), choices)


def _only_option_text(text: str, choices: Mapping[str, str]) -> Found | None:
    contained = [label for label, own in choices.items() if own.lower() in text]
    return Found(contained[0], "option text") if len(contained) == 1 else None


def last_named_option(text: str, choices: Mapping[str, str]) -> Found | None:
    """MMMU's own rule (MMMU-Benchmark/MMMU@bb0b95a mmmu/utils/eval_utils.py), without its coin toss.

    Labels in brackets; else labels between spaces; else, in replies of more than five words, option texts. Of
    several the last wins. "B." at the end is seen (end punctuation is cut first), "B)" and "**B**" are not.
    """
    for mark in ",.!?;:'":
        text = text.strip(mark)
    text = f" {text} "
    for pattern, how in (("({})", "letter in brackets"), (" {} ", "letter between spaces")):
        marked = {label: pattern.format(label) for label in choices}
        if last := _last(text, marked):
            return Found(last, how)
    if len(text.split()) > 5:
        lowered = {label: own.lower() for label, own in choices.items()}
        if last := _last(text.lower(), lowered):
            return Found(last, "option text")
    return None


def _last(text: str, marked: Mapping[str, str]) -> str | None:
    """The label whose mark stands last in the text; the first such label where two stand at one place."""
    places = {label: text.rfind(mark) for label, mark in marked.items() if mark in text}
    return max(places, key=places.__getitem__) if places else None


def first_capital(text: str, letters: str, phrases: Sequence[str] = ()) -> Found | None:
    """The first of these capital letters anywhere, also within words, once the phrases are cut out in order.

    The rule of Video-MME and its kin; "A man runs" reads A, and the "B" of a phrase that is not cut reads B.
    """
    text = text.strip()
    for phrase in phrases:
        text = text.replace(phrase, "")
    found = re.search(f"[{letters}]", text)
    return Found(found.group(), "first capital letter") if found else None


_PUNCTUATION = (*';/[]"{}()=+\\_-><@`,?!',)
_DIGIT_COMMA = re.compile(r"\d,\d")
_LONE_DOT = re.compile(r"(?<!\d)\.(?!\d)")
_CLOSING_DOT = re.compile(r"\.(?!\d)")


def without_punctuation(text: str, closing_dots: bool = False) -> str:
    """The VQA rule as VLMEvalKit has it (open-compass/VLMEvalKit@e8e78f05 vlmeval/smp/misc.py).

    A sign that touches a space anywhere, and every sign once a comma stands between digits, is deleted; other
    signs become spaces. Its count argument is really a flag, so that only the first 32 full stops go. With
    `closing_dots` a full stop behind a digit goes too ("5."), as in the script that VLMEvalKit's comes from.
    """
    bare = text
    deletes = _DIGIT_COMMA.search(text) is not None
    for sign in _PUNCTUATION:
        touches = f"{sign} " in text or f" {sign}" in text
        bare = bare.replace(sign, "" if deletes or touches else " ")
    return (_CLOSING_DOT if closing_dots else _LONE_DOT).sub("", bare, count=32)


def yes_no(text: str) -> Found | None:
    """Yes or No when exactly one of the two words occurs (VLMEvalKit's rule); "not" and "nope" are neither.

    >>> yes_no("No, it is not."), yes_no("yes or no")
    (Found(answer='No', how='the word no alone'), None)
    """
    words = without_punctuation(text.lower()).split()
    said = [word for word in ("yes", "no") if word in words]
    return Found(said[0].capitalize(), f"the word {said[0]} alone") if len(said) == 1 else None


_INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")


def key_phrases(text: str, indicators: Sequence[str] = _INDICATORS) -> list[str]:
    """MMMU's candidates for an open answer: of each line the shortest tail behind an indicator word, lower-cased.

    The whole reply where no line has one. The authors mean to split sentences too, but lower-case first, so that
    their pattern never matches; indicators match inside words ("this "). "=" counts in the last line only.
    MMMU-Benchmark/MMMU@bb0b95a mmmu/utils/eval_utils.py
    """
    whole = text.strip().strip(".").lower()
    lines = whole.split("\n")
    tails = [_shortest_tail(line, indicators) for line in lines[:-1]]
    tails.append(_shortest_tail(lines[-1], (*indicators, "=")))
    return [tail for tail in tails if tail and tail not in (*":,.!?;'",)] or [whole]


def _shortest_tail(line: str, indicators: Sequence[str]) -> str:
    shortest = ""
    for indicator in indicators:
        if indicator in line:
            tail = line.rsplit(indicator, 1)[1].strip()
            if not shortest or len(tail) < len(shortest):
                shortest = tail
    return shortest


_LEADS = ("the final answer is", "the answer is", "the correct answer is", "the answer should be")
# In this order, on text without spaces: what MATH-V takes out of an answer, or spells anew, before it compares.
_SPELLINGS = (
    *((r"\,", ""), ("∞", r"\infty"), (r"+\infty", r"\infty"), (r"\\", "\\"), ("\n", "")),
    *((r"\text", ""), (r"\mbox", ""), ("bmatrix", "pmatrix"), (r"\left", ""), (r"\right", "")),
    *((r"^{\circ}", ""), (r"^\circ", ""), ("{m}^3", ""), ("m^3", "")),
    *(("{units}", ""), ("units", ""), ("{km}", ""), ("km", "")),
    *((r"\!", ""), (r"\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac"), (r"\left", ""), (r"\right", "")),
    *((r"^{\circ}", ""), (r"^\circ", ""), (r"\$", ""), ("$", ""), (r"\%", ""), ("{.", "{0.")),
)


def final_math_answer(text: str) -> Found | None:
    r"""MATH-V's rule (mathllm/MATH-V@a1f5cc3 evaluation/evaluate.py and utils.py): lower-case, no spaces, no units.

    A letter at the very start or end; else a number after the last "is "; else what follows the last announcement
    ("the answer is"), or the last \boxed{}, up to the end of its sentence; else the whole reply.
    """
    answer, how = _announced(text.strip())
    answer = _respelled(_unboxed(answer.lower()))
    for letter in "abcde":
        answer = answer.replace(f"({letter})", letter)
    for letter in "abcde":
        answer = answer.replace(f"{{{letter}}}", letter)
    answer = answer.rstrip(".").lstrip(":").strip()
    return Found(answer, how) if answer else None


def _announced(text: str) -> tuple[str, str]:
    """The part of a reply that holds the answer, and how that was told."""
    for letter in "ABCDE":
        starts = (f"{letter}\n", f"({letter})\n", f"({letter}) {letter}\n")
        if text.startswith(starts) or text.endswith((f" {letter}.", f" ({letter}).")):
            return letter, "letter at an end"
    tail = text.rsplit("is ", 1)[-1].rstrip(".")
    if _is_number(tail):
        return tail, "number at the end"
    if "oxed{" in text:
        return (r"\boxed{" + text.rsplit("oxed{", 1)[1] if text.count("oxed{") > 1 else text), "boxed"
    how = "the whole reply"
    for lead in _LEADS:
        for spelled in (lead, lead.replace("the", "The")):
            _, lead_in, after = text.rpartition(spelled)
            text = after.strip()
            if lead_in:
                text, how = text.split("\n")[0].split(". ")[0], f'after "{lead}"'
    return text, how


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unboxed(text: str) -> str:
    """The box's content, its last equation's right-hand side, without spaces."""
    text = text.replace("{}", "")
    # As `oxed{(.*)}` finds it, which reads a reply of nothing but boxes again for each of them.
    opens, closes = text.find("oxed{") + len("oxed{"), text.rfind("}")
    text = text[opens:closes] if len("oxed{") <= opens <= closes else text
    closes, opens = text.find("}"), text.find("{")
    if closes >= 0 and (opens < 0 or closes < opens):
        text = text[:closes]
    return text.rsplit("=", 1)[-1].rsplit(r"\approx", 1)[-1].replace(" ", "")


def _respelled(text: str) -> str:
    for old, new in _SPELLINGS:
        text = text.replace(old, new)
    text = f"0{text}" if text.startswith(".") else text
    # Fractions are braced only where there is a root: so do the authors.
    text = _braced_fractions(_braced_roots(text)) if "sqrt" in text else text
    if text == "0.5":
        return r"\frac{1}{2}"
    whole = re.fullmatch(r"(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)", text)
    return rf"\frac{{{whole[1]}}}{{{whole[2]}}}" if whole else text


def _braced_roots(text: str) -> str:
    r"""\sqrt3 as \sqrt{3}."""
    first, *parts = text.split(r"\sqrt")
    braced = [part if part[:1] in ("", "{") else f"{{{part[0]}}}{part[1:]}" for part in parts]
    return r"\sqrt".join([first, *braced])


def _braced_fractions(text: str) -> str:
    r"""\frac12 and \frac1{2} as \frac{1}{2}; the text as it was where a \frac has fewer than two signs after it."""
    first, *parts = text.split(r"\frac")
    if any(len(part) < 2 and not part.startswith("{") for part in parts):
        return text
    return first + "".join(rf"\frac{_braced(part)}" for part in parts)


def _braced(part: str) -> str:
    if part.startswith("{"):
        return part
    below = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
    return f"{{{part[0]}}}{below}"
