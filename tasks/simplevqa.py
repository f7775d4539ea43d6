"""SimpleVQA
paper: arXiv 2502.13059
year: 2025
family: general
modality: image
size: 2025
split: test
groups: general
licence: Apache-2.0
metric: F-score, the harmonic mean of the rate of correct answers (CO) and of correct among attempted ones (CGA)
official: SimpleVQA/SimpleVQA@b94d1f3 llm_as_a_vqa_judger.py, simpleVQA_eval.py
judge: required (gpt-4o)
prompt: question, phrase hint (the official wrapper adds it, in English also to Chinese questions)
differs: VLMEvalKit has the authors' rule. To both, a conclusion of more than three signs is "not attempted" (so
    "correct" in brackets is), and what is no JSON is in none of the three classes, which lowers every rate (the
    authors' script stops); here these questions stay ungraded. Both round the rates to four decimals before they
    combine them, here they are exact, which moves F by less than 0.01. An empty reply is not attempted, without asking.
    lmms-eval compares texts, which is another benchmark.
"""

from collections.abc import Sequence

from sailbench.aggregate import SAMPLES, part
from sailbench.families import NORMAL, asking
from sailbench.judge import Value
from sailbench.prompts import for_a_phrase
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.open_ended import Weight, weighed
from sailbench.task import Task
from sailbench.types import Graded, Sample

GROUPS = ("language", "vqa_category", "source")


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", "data_id", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image"),
        group={name: row.text(name) for name in GROUPS if row.has(name)},
    )


def weigh(sample: Sample, value: Value) -> Weight:
    """The judge's 1 is correct, 0 is incorrect, -1 is not attempted."""
    told = {name: float(value == own) for name, own in (("correct", 1), ("incorrect", 0), ("not_attempted", -1))}
    right = told["correct"]
    attempt = {} if told["not_attempted"] else {"correct_given_attempted": right}
    return Weight(right, told | attempt)


def f_score(graded: Sequence[Graded]) -> float | None:
    """2 CO CGA / (CO + CGA), which is twice the correct answers over all answers and all attempts."""
    known = [g.score for g in graded if g.score.value is not None]
    attempts = sum(1 - own.parts.get("not_attempted", 0) for own in known)
    return 2 * sum(own.value or 0 for own in known) / (len(known) + attempts) if known else None


TASK = Task(
    read=read,
    ask=asking(for_a_phrase, NORMAL),
    rules={"opencompass": weighed("simplevqa", weigh, lambda sample: weigh(sample, -1))},
    headline=f_score,
    metrics={
        "correct": SAMPLES,
        "incorrect": part("incorrect"),
        "not_attempted": part("not_attempted"),
        "correct_given_attempted": part("correct_given_attempted"),
    },
    rubric="simplevqa",
    sources=(
        Hub(repo="m-a-p/SimpleVQA", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/SimpleVQA.tsv",
            md5="e3ce3c11df59a2a15d37489a8b245a87",
        ),
    ),
)
