"""The letter of an option as the authors of spatial benchmarks read it, each in their own way, slips included.

VLMEvalKit reads nearly all of these benchmarks by one rule, which is `spatial_answers.concluding_letter`. Here None is
where the authors find nothing; a default that they then fall back to is not taken.
"""

import re

from sailbench.extract import Found

_TICKS = (re.compile(r"``([^`]*)``"), re.compile(r"`([^`]*)`"))
_CAPITAL = re.compile(r"\b[A-D]\b(?!\s[a-zA-Z])")


def quoted_letter(text: str) -> Found | None:
    """MMSI-Bench's rule: the first capital A to D that is a word and has no word behind it.

    Of the whole reply, or of what stands between double or single back-ticks, or in there between braces.
    InternRobotics/MMSI-Bench@5de2f3d README.md, which has the braces that vlmeval/dataset/mmsi_bench.py lacks

    >>> quoted_letter("Not A but ``B``"), quoted_letter("A man walks"), quoted_letter("A or B")
    (Found(answer='B', how='between back-ticks'), None, Found(answer='B', how='a capital alone'))
    """
    how = "a capital alone"
    for ticks in _TICKS:
        if inside := ticks.search(text):
            text, how = inside[1], "between back-ticks"
    opened = text.find("{")
    closed = text.find("}", opened + 1) if opened >= 0 else -1
    if closed >= 0:
        text, how = text[opened + 1 : closed], "between braces"
    letter = _CAPITAL.search(text)
    return Found(letter[0], how) if letter else None


_DOTTED = re.compile(r"([A-E])\.")
_SECTION = re.compile(r"<Answer>([^<]*)")
_IN_SECTION = (
    re.compile(r"[Mm]y answer is ([A-E])"),
    re.compile(r"[Tt]he answer is ([A-E])"),
    re.compile(r"\b([A-E])\b"),
)
# Those of the authors' patterns that can match where no letter has a dot behind it; the last match of the first counts.
_IN_REPLY = (
    (re.compile(r"(?:^|\n)(?:Answer: )?([A-E])(?:$|\s)"), "at the start of a line"),
    (re.compile(r'[*"]([A-E])[*"]'), "between asterisks or quotes"),
    (re.compile(r"\bAnswer:?\s*([A-E])\b"), 'after "Answer"'),
    (re.compile(r"[Mm]y answer is ([A-E])"), 'after "my answer is"'),
    (re.compile(r"answer is ([A-E])"), 'after "answer is"'),
)
_ALONE = re.compile(r"\b([A-E])\b")


def last_dotted_letter(text: str) -> Found | None:
    """MindCube's rule: the last "X." anywhere, within words too; else one in <Answer>; else the surest place.

    Of a line without such a place the first letter alone counts, from the bottom up: "It is B, not A" reads B.
    mll-lab-nu/MindCube@6d8fd9a src/evaluation/core/extractors.py. Until its commit cd682b4 (June 2025) the last letter
    before a space or the end counted earlier than these places, so that "It is B, not A" read A.

    >>> last_dotted_letter("A. left, or rather B. right"), last_dotted_letter("My answer is C")
    (Found(answer='B', how='the last letter and dot'), Found(answer='C', how='after "my answer is"'))
    """
    if dotted := _DOTTED.findall(text):
        return Found(dotted[-1], "the last letter and dot")
    if section := _SECTION.search(text):
        for pattern in _IN_SECTION:
            if letters := pattern.findall(section[1]):
                return Found(letters[-1], "in the answer section")
    for pattern, how in _IN_REPLY:
        if letters := pattern.findall(text):
            return Found(letters[-1], how)
    for line in reversed(text.split("\n")):
        if letter := _ALONE.search(line):
            return Found(letter[1], "a letter alone")
    return None


_ANSWER_LINE = re.compile(r"Answer\s*:\s*([A-D])\b", re.IGNORECASE)


def answer_line_letter(text: str) -> Found | None:
    """OmniSpatial's rule: the letter of the last "Answer: X"; a small one is read but equals no gold letter.

    Where there is none the authors take A, so that refusals earn credit; here nothing is read.
    qizekun/OmniSpatial@208bac2 vlms_eval/qwenvl_eval.py, its default evaluation "re"
    """
    letters = _ANSWER_LINE.findall(text)
    return Found(letters[-1], 'the last "Answer:"') if letters else None


_LEADS = ("answer is", "answer is:", "answer:")


def leading_character(text: str, closing: str = ".") -> Found | None:
    """CV-Bench's rule: the first character behind the last announcement, brackets around it and `closing` signs gone.

    Whatever it is: "Dog" reads D and "the answer is: B" a colon, because the shorter announcement is cut first.
    cambrian-mllm/cambrian@539ffc3 eval/eval/ade/ade_test.py, coco/coco_test.py and omni/omni_test.py

    >>> leading_character("The answer is (B)."), leading_character("The answer is: B")
    (Found(answer='B', how='first character'), Found(answer=':', how='first character'))
    """
    said = text.lower().strip()
    for lead in _LEADS:
        said = said.split(lead)[-1]
    said = said.strip().rstrip(closing).lstrip("(").rstrip(")")
    return Found(said[0].upper(), "first character") if said else None
