"""SeePhys
paper: arXiv 2505.19099
year: 2025
family: math_science_reasoning
modality: multi_image
size: 2000
split: train
groups: math
licence: see the data set's card
metric: accuracy over all problems
official: SeePhys/seephys-project@a94baa8 vlmeval/dataset/utils/seephys.py (a fork of VLMEvalKit, with the same rule)
judge: required (DeepSeek in VLMEvalKit and for the authors)
prompt: problem, phrase hint, as the official wrapper sends it; VLMEvalKit's data set asks for reasoning, an answer in
    tags, and for the stated number of significant figures
differs: a reply that is the gold answer, or equals it as a formula, is right; everything else is for the judge. What is
    taken for the answer by rule is a tag with digits alone, what follows "the final answer is: " or "The answer is: "
    up to the first full stop (3.14 gives 3), else the whole reply. VLMEvalKit and the authors ask one model for the
    answer and then whether it is equivalent, for ever if the verdict cannot be read; here one call does both, and such
    a verdict leaves the problem ungraded. An empty reply is wrong without asking. lmms-eval reads and judges otherwise.
"""

import re

from sailbench.families import asking
from sailbench.metrics.symbolic import answer
from sailbench.prompts import for_a_phrase
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import judged
from sailbench.task import Task
from sailbench.types import Sample, Sampling, Score

GROUPS = ("level", "subject", "language", "vision_relevance", "img_category", "source", "sig_figs")
ANSWERS = (r"<answer>\s*(\d+)\s*</answer>", r"the final answer is: (.+?)\.", r"The answer is: (.+?)\.")


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("images") or row.images("image"),
        group={name: row.text(name) for name in GROUPS if row.has(name)},
    )


def as_number(text: str) -> str:
    """A number as Python writes it; other text as it is."""
    for parse in (int, float):
        try:
            return str(parse(text))
        except ValueError:
            continue
    return text


def plainly_right(sample: Sample, text: str) -> Score | None:
    found = next((match for pattern in ANSWERS if (match := re.search(pattern, text))), None)
    said = found.group(1) if found else as_number(text)
    right = said == sample.target or answer("same_formula", said, sample.target) == "equal"
    return Score(1.0, said, "equal to the gold answer") if right else None


TASK = Task(
    read=read,
    ask=asking(for_a_phrase, Sampling()),
    rules={"opencompass": judged("seephys", first=plainly_right)},
    rubric="seephys",
    sources=(
        Hub(repo="SeePhys/SeePhys", split="train"),
        Tsv(
            url="https://huggingface.co/datasets/SeePhys/SeePhys/resolve/main/data_vlmevalkit/SeePhys_total.tsv",
            md5="c19612ca99cc8c1351b6c3aa556d25b8",
        ),
    ),
)
