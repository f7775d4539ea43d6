"""What benchmarks with lettered options share: rows of VLMEvalKit's TSV files, options that stand in a question's text,
and replies that a judge reads where a rule cannot."""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sailbench import judge
from sailbench.extract import Found
from sailbench.families import Comparison, Reader, is_target, needs_target
from sailbench.rows import Row
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score

# "(A) dog" or "A. dog", a line an option.
_OPTION_LINE = re.compile(r"^\(?([A-Z])[.)] ?(.*)$", re.MULTILINE)
# "A: dog" at the start or behind a comma.
_INLINE_LABEL = re.compile(r"(?:^|, )([A-Z]): ")


def tabled(row: Row, **changed: Any) -> Sample:
    """A row of a TSV, its options in columns A to Z; columns of other sources are given as changes."""
    groups = {"category": row.text("category"), "l2-category": row.text("l2-category", "L2-category")}
    own = Sample(
        id=row.text("index", "question_id", "id", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image") or row.images("image_path"),
        choices=row.choices(),
        group=present(groups),
        extra={"hint": row.text("hint")},
    )
    return replace(own, **changed)


def present(named: Mapping[str, str]) -> dict[str, str]:
    """What holds something."""
    return {name: value for name, value in named.items() if value}


def lettered(options: list[Any]) -> dict[str, str]:
    """A list of options by letter."""
    return dict(zip(string.ascii_uppercase, map(str, options), strict=False))


def labels_alone(count: int) -> dict[str, str]:
    """What stands for the options of a row that names none: the authors' answer files have keys only."""
    return {letter: f"({letter})" for letter in string.ascii_uppercase[:count]}


def of_reply(read: Callable[[str], Found | None]) -> Reader:
    """A reader that needs to know nothing of the sample."""
    return lambda text, _: read(text)


def letter_of(answer: str) -> str:
    """The letter of an answer that may be a position from 0."""
    return string.ascii_uppercase[int(answer)] if answer.isdecimal() and int(answer) < 26 else answer


def options_in(text: str) -> tuple[str, dict[str, str]]:
    """A question and its options, where its text lists them from A on, a line each; what follows them is dropped."""
    lines = list(_OPTION_LINE.finditer(text))
    labels = "".join(line[1] for line in lines)
    if not labels or not string.ascii_uppercase.startswith(labels):
        return text, {}
    return text[: lines[0].start()].strip(), {line[1]: line[2].strip() for line in lines}


def inline_options(text: str) -> tuple[str, dict[str, str]]:
    """A question and its options, where its text ends with them on one line: "Options: A: dog, B: cat"."""
    question, marked, listed = text.rpartition("Options: ")
    parts = _INLINE_LABEL.split(listed)
    labels = "".join(parts[1::2])
    if not marked or not labels or not string.ascii_uppercase.startswith(labels):
        return text, {}
    texts = (own.strip().removesuffix(",") for own in parts[2::2])
    return question.strip(), dict(zip(labels, texts, strict=True))


def or_judged(read: Reader, rubric: str, compare: Comparison = is_target) -> Rule:
    """Read by a rule, else by what the judge extracted; ungraded where a judge is needed and was not asked.

    An empty reply is wrong without asking: there is nothing to extract.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        found = read(reply.text, sample)
        if found is None and reply.verdict is not None:
            extracted = judge.load(rubric).read(reply.verdict)
            if extracted is None:
                return Score(None, None, "the judge's verdict cannot be read")
            found = Found(str(extracted), "what the judge read in the reply")
        if found is not None:
            return Score(compare(found.answer, sample), found.answer, found.how)
        if not reply.text.strip():
            return Score(0.0, None, "an empty reply")
        return Score(None, None, f"needs a judge: {rubric}")

    return grade
