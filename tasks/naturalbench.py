"""NaturalBench
paper: arXiv 2410.14669
year: 2024
family: general
modality: image
size: 7600
split: test (1900 groups of two questions on two pictures)
groups: general
licence: Apache-2.0
metric: groups with all four answers right (G_Acc)
official: Baiqi-Li/NaturalBench@9967605 naturalbench_vqa.py
judge: none
published: none by SAIL-VL2
prompt: question, a space, and VLMEvalKit's request for Yes or No, or for the letter. The official wrapper would ask for
    a direct answer instead, to questions whose options are to be chosen by letter
differs: all read the first of the words yes and no, or of the letters A and B standing apart, in any case, so that the
    article "a" is A and "No, yes" is no. The gold answers are not looked at: of a group's four rows the first and
    the last are yes (or A), the others no (or B). The authors put no space before the request. Rows must be in the
    order of their file.
"""

import re
from collections.abc import Callable

from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT, Mean, all_right
from sailbench.errors import TaskError
from sailbench.extract import Found
from sailbench.families import choice, rule
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Graded, Sample

REQUESTS = {
    "yes_no": "Please answer Yes or No.",
    "multiple_choice": "Please output the letter corresponding to the correct option.",
}
WORDS = {"yes_no": ("Yes", "No"), "multiple_choice": ("A", "B")}
FIRST_WORD = (0, 3)  # rows of a group that are to be answered with the first of the two words


def read(row: Row) -> Sample:
    number = int(row.text("Index", default=str(row.number)))
    kind, place = row.text("type", "Question_Type", default=None), number % 4
    if kind not in WORDS:
        raise TaskError(f"row {row.number} is of kind {kind!r}; it must be one of {', '.join(WORDS)}")
    return Sample(
        id=row.text("index", "Index", default=str(number)),
        question=row.text("question", "Question"),
        target=WORDS[kind][place not in FIRST_WORD],
        media=row.images("image") or row.images("Image"),
        group={"type": kind},
        unit=f"group {number // 4}",
        # Rows are question 0 on both pictures, then question 1 on both.
        extra={"question": place // 2, "picture": place % 2},
    )


def text(sample: Sample) -> str:
    return f"{sample.question} {REQUESTS[sample.group['type']]}"


def first_word(text: str, sample: Sample) -> Found | None:
    found = re.search(rf"\b({'|'.join(WORDS[sample.group['type']])})\b", text, re.IGNORECASE)
    return Found(found.group().capitalize(), "the first such word") if found else None


def both(name: str) -> Callable[[Graded], str]:
    return lambda g: f"{g.sample.unit}/{g.sample.extra[name]}"


TASK = choice(
    read,
    text=text,
    rules={"opencompass": rule(first_word)},
    headline=UNITS_ALL_RIGHT,
    metrics={
        "G_Acc": UNITS_ALL_RIGHT,
        "Q_Acc": Mean(all_right(both("question"))),
        "I_Acc": Mean(all_right(both("picture"))),
        "Acc": SAMPLES,
    },
    sources=(
        Hub(repo="BaiqiL/NaturalBench-lmms-eval", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/BaiqiL/NaturalBench/resolve/main/NaturalBenchDataset.tsv",
            md5="e5f724932972eaeb8a9099e6979606ec",
        ),
    ),
)
