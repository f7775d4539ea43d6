"""The letter of an option, read out of a reply as authors' own scripts read it, slips included.

Each function is one benchmark's rule and returns the letter with how it was found, or None where the script finds
nothing or would toss a coin. What several benchmarks share is in `extract`.
"""

import re
import string
from collections.abc import Iterable, Mapping

from sailbench.extract import Found, first_capital

Choices = Mapping[str, str]
FOUR = tuple("ABCD")
FIVE = tuple("ABCDE")


def opening_letter(text: str) -> Found | None:
    """MMStar's rule: the first character of the reply, of "(x", of "option x" or of "the answer is x"; any case.

    "Dog" reads D, "**B**" and "Answer: B" read nothing. MMStar-Benchmark/MMStar@88f243a
    eval/vlmeval/evaluate/mmstar.py
    """
    said = text.lower().strip().replace("\n", " ")
    lead = next((lead for lead in ("(", "option ", "the answer is ") if said.startswith(lead)), "")
    letter = said[len(lead) : len(lead) + 1].upper()
    return Found(letter, f"first character{f' after {lead!r}' if lead else ''}") if letter in FOUR else None


def first_character(text: str) -> Found | None:
    """The first character of the reply, in any case: "(B)" and "The answer is B" read nothing, "Dog" reads D.

    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/seedbench/utils.py
    """
    letter = text.strip()[:1].upper()
    return Found(letter, "first character") if letter in FOUR else None


_LETTER_AND_DOT = re.compile(r"\s*([A-Z])\.")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def letter_alone(text: str, choices: Choices) -> Found | None:
    """A capital letter and a dot at the start; else the whole reply, its punctuation gone, must be a letter.

    "B. dog", "(B)" and "b" are read, "B) dog" and "The answer is B" are not.
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/ai2d/utils.py and ai2d.yaml
    """
    opening = _LETTER_AND_DOT.match(text)
    said = opening.group(1) if opening else text.strip().translate(_WITHOUT_PUNCTUATION).upper()
    if said not in choices:
        return None
    return Found(said, "letter and dot at the start" if opening else "the whole reply")


_ANNOUNCEMENTS = (
    *("the answer is", "answer is", "the correct answer is", "correct answer is", "the best answer is"),
    *("best answer is", "the correct option is", "correct option is", "the best option is", "best option is"),
    *("the choice is", "choice is", "the correct choice is", "correct choice is", "i choose", "i select", "i pick"),
    *("my answer is", "my choice is", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
)
# How sure a place is: the higher the rank, the surer.
_MARKS = ((6, "({})"), (5, "{}."), (4, "{}:"), (3, "{})"), (2, "{} "))


def surest_letter(text: str, letters: Iterable[str] = FOUR) -> Found | None:
    """The letter at the surest place: the start, the end, behind an announcement, "(X)", "X.", "X:", "X)", "X ".

    At equally sure places the later one wins, anywhere at all if there is no such place. Marks have no left
    boundary ("CAT " reads T where that is an option), and any letter behind an announcement counts, within words
    too: "The answer is B, a Dog" reads D. EvolvingLMMs-Lab/lmms-eval@75571cfe
    lmms_eval/tasks/_task_utils/mcq_extract.py

    >>> surest_letter("Best answer: C"), surest_letter("A man walks. C")
    (Found(answer='C', how='letter at the end'), Found(answer='A', how='letter at the start'))
    """
    if not text.strip():
        return None
    said = text.strip()
    for mark in ",.!?;:'\"":
        said = said.strip(mark)
    said = f" {said} "
    places = [place for letter in letters for place in _places(said, letter)]
    if not places:
        places = [(0, said.rfind(letter), letter, "letter anywhere") for letter in letters if letter in said]
    if not places:
        return None
    _, _, letter, how = max(places, key=lambda place: place[:2])
    return Found(letter, how)


def _places(said: str, letter: str) -> list[tuple[int, int, str, str]]:
    """Where the letter stands, as (rank, position, letter, how)."""
    places = []
    for rank, pattern in _MARKS:
        mark = pattern.format(letter)
        if mark in said:
            places.append((rank, said.rfind(mark), letter, f"letter as in {mark.strip()!r}"))
    lowered = said.lower()
    for lead in _ANNOUNCEMENTS:
        start = lowered.find(lead)
        position = said.find(letter, start + len(lead)) if start >= 0 else -1
        if position >= 0:
            places.append((7, position, letter, f"letter after {lead!r}"))
    bare = said.strip()
    if bare.startswith(letter) and not bare[1:2].isalpha():
        places.append((10, 0, letter, "letter at the start"))
    if bare.endswith(letter) and not bare[-2:-1].isalpha():
        places.append((9, len(said) - 1, letter, "letter at the end"))
    return places


def bracketed_label(text: str, labels: Iterable[str]) -> Found | None:
    """BLINK's rule: the only "(X)" that is a word of the last paragraph, else of the whole reply.

    A reply of one letter, bracketed or not, is that letter. "(A)." and "**(A)**" are no labels. None is where the
    authors ask a language model. zeyofu/BLINK_Benchmark@2d6a779 eval/test_benchmark.py
    """
    if text in (*FIVE, *(f"({letter})" for letter in FIVE)):
        return Found(text.strip("()"), "the whole reply")
    known = {f"({label})": label for label in labels}
    for part, where in ((text.split("\n\n")[-1], "the last paragraph"), (text, "the reply")):
        named = known.keys() & set(part.split())
        if len(named) == 1:
            return Found(known[named.pop()], f"the only label in {where}")
    return None


def capital_or_fragment(text: str, phrases: Iterable[str], options: Choices) -> Found | None:
    """MME-RealWorld's rule: the first capital A to E once the phrases are cut out; else the reply is looked up.

    Looked up means: the first of the `options` ("(A)" in VLMEvalKit, "(A) a red car" in the authors' script) that
    contains the reply, unless that has more than ten words; so "c" and "(c" read C. A reply with nothing left reads
    A in both scripts, as every text contains nothing; here it is not read. yfzhang114/MME-RealWorld@87096fc
    evaluation/eval_your_results.py; open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/multiple_choice.py
    """
    if found := first_capital(text, "ABCDE", tuple(phrases)):
        return found
    rest = text.strip()
    for phrase in phrases:
        rest = rest.replace(phrase, "")
    if not rest.strip() or len(rest.split()) > 10:
        return None
    holding = (label for label, option in options.items() if rest.lower() in option.lower())
    label = next(holding, None)
    return None if label is None else Found(label, "the first option that contains the reply")


_ANSWER_IS = re.compile(r"The answer is ([A-Z]).")


def announced_letter(text: str, choices: Choices) -> Found | None:
    """ScienceQA's rule: "The answer is X." once; before that, as LLaVA adds, a letter alone or "X. " at the start.

    lupantech/ScienceQA@2cbf831 models/run_gpt3.py, which tosses a coin where nothing is read;
    haotian-liu/LLaVA@c121f04 llava/eval/eval_science_qa.py, which does not
    """
    if text in FIVE:
        letter, how = text, "the whole reply"
    elif text[:1] in FIVE and text[1:3] == ". ":
        letter, how = text[:1], "letter and dot at the start"
    else:
        announced = _ANSWER_IS.findall(text)
        letter, how = (announced[0] if len(announced) == 1 else ""), 'the only "The answer is"'
    return Found(letter, how) if letter in choices else None


# Tried in this order.
_LABELLED = (
    re.compile(r"\A([A-D])"),
    re.compile(r"(?:ANSWER|CHOICE|OPTION)(?:\s+IS)?[\s:]+([A-D])"),
    re.compile(r"\(([A-D])\)"),
    re.compile(r"([A-D])\s*[.)\]]"),
    re.compile(r"(?:\A|\s)([A-D])(?:\s|\Z)"),
)


def labelled_letter(text: str) -> Found | None:
    """lmms-eval's rule for V*, on the reply in capitals: its first letter; one behind "answer"; "(X)"; "X."; " X ".

    Else the only A to D of the reply. "Based on the image, C" reads B, "I see red" reads D.
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/vstar_bench/utils.py
    """
    said = text.strip().upper()
    hits = ((pattern.search(said), pattern) for pattern in _LABELLED)
    found = next((hit for hit, _ in hits if hit), None)
    if found:
        return Found(found.group(1), f"letter as in {found.group().strip()[:20]!r}")
    left = [letter for letter in said if letter in "ABCD"]
    return Found(left[0], "the only letter A to D") if len(left) == 1 else None


_NO_ANSWERS = ("image none", "model error or image error", "image error", "model error")


def bare_letter(text: str) -> Found | None:
    """MMIU's rule: a letter a to n without the punctuation around it, in any case.

    Messages of the authors' that stand for a missing reply are Z, no option. None is where they ask a language model.
    OpenGVLab/MMIU@36c48ec evaluate.py
    """
    said = text.strip()
    if said in _NO_ANSWERS:
        return Found("Z", "no answer")
    letter = said.replace("\N{NO-BREAK SPACE}", "").strip().strip(".,()").strip()
    return Found(letter.upper(), "the whole reply") if letter.lower() in tuple("abcdefghijklmn") else None
