"""How a sample becomes the text of a turn: the answer hints and option lines that SAIL's own wrapper sends.

The wording is the wrapper's (open-compass/VLMEvalKit@e8e78f05 vlmeval/vlm/sail_vl.py), because answers depend on it.
A task names the kind of answer it needs; what goes around the images is the model's business, not said here.
"""

import re
from collections.abc import Mapping

from sailbench.types import Sample

PHRASE = "Answer the question using a single word or phrase."
YES_OR_NO = "Please answer yes or no."
DETAIL = "Answer this question in detail."
# Each in English, and in Chinese for texts that hold any Chinese.
LETTER = ("Answer with the option's letter from the given choices directly.", "请直接回答选项字母。")
DIRECT = ("Answer the question directly.", "请直接回答问题。")

_CHINESE = re.compile("[\u4e00-\u9fff]")


def has_chinese(text: str) -> bool:
    """Whether any common CJK ideograph occurs; kana, hangul and full-width signs do not count."""
    return _CHINESE.search(text) is not None


def with_hint(text: str, hint: tuple[str, str]) -> str:
    """The text and, on a line of its own, the hint in the text's language."""
    return f"{text}\n{hint[has_chinese(text)]}"


def option_lines(choices: Mapping[str, str]) -> str:
    """A line an option: "A. cat"."""
    return "\n".join(f"{label}. {text}" for label, text in choices.items())


def as_it_is(sample: Sample) -> str:
    """The question alone."""
    return sample.question


def for_a_phrase(sample: Sample) -> str:
    """The question, then a line that asks for a single word or phrase."""
    return f"{sample.question}\n{PHRASE}"


def for_yes_or_no(sample: Sample) -> str:
    """The question and both short-answer hints, all on one line."""
    return f"{sample.question} {YES_OR_NO} {PHRASE}"


def for_detail(sample: Sample) -> str:
    """The question, then a line that asks for a detailed answer."""
    return f"{sample.question}\n{DETAIL}"


def for_a_letter(sample: Sample) -> str:
    """The sample's own hint if it has one, the question, the options, and a line that asks for a letter.

    A question without options is to be answered directly.
    """
    parts = (sample.extra.get("hint"), sample.question, option_lines(sample.choices))
    text = "\n".join(part for part in parts if part)
    return with_hint(text, LETTER if sample.choices else DIRECT)
