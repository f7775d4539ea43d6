"""We-Math, testmini split
paper: arXiv 2407.01284
year: 2024
family: math_science_reasoning
modality: image
size: 1740
split: testmini
groups: reasoning, paper, math
aliases: we_math
licence: CC BY-NC 4.0
metric: strict score over 525 problems with their 2 or 3 steps: 1 if all is right, 0.5 if only the problem itself is not
official: We-Math/We-Math@a57a0e8 evaluation/four_dimensional_metrics.py, evaluation/accuracy.py
judge: optional
published: SAIL-VL2-2B 22.67, SAIL-VL2-AnyRes-2B 23.33, SAIL-VL2-8B 35.81, SAIL-VL2-A3B 31.62,
    SAIL-VL2-2B-Thinking 38.8, SAIL-VL2-8B-Thinking 54.9, SAIL-VL2-A3B-Thinking 54.2
prompt: hint line if there is one, question, option lines, letter hint
differs: VLMEvalKit has the authors' scripts and, without a judge, their reading: the first sign after the last "Answer"
    (or of the reply) if it is a capital up to H, so that "(B)" is not read and "Answer: A or B" is A. With a judge it
    reads by its option rule instead; here an extractor's reply is read so where theirs reads nothing. Of a problem
    whose rows are missing they keep the point, and divide by 525 in any case; here what is missing is wrong and the
    number of problems divides. lmms-eval has another model judge each answer.
"""

import re

from sailbench.extract import Found
from sailbench.families import choice, option, rule
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mastery import CLASSES, concept_accuracy, credits, step_accuracy, whole_accuracy
from sailbench.types import Sample

from ._wemath import CONCEPTS, options


def read(row: Row) -> Sample:
    # "2steps_1" or "2steps_multi"; a row that is of no problem is a step of one whose other rows are missing.
    key = row.text("key", default="2steps_1")
    return Sample(
        id=row.text("index", "question number"),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image") or row.images("image_path"),
        choices=options(row.text("option")) if row.has("option") else row.choices(),
        group={"steps": key[0]},
        unit=row.text("ID", "id", "index", "question number"),
        extra={
            "hint": row.text("hint"),
            "steps": int(key[0]),
            "step": key.rpartition("_")[2],
            "concept": row.text("knowledge concept"),
        },
    )


def first_sign(text: str, sample: Sample) -> Found | None:
    tail = re.sub("[><:.]", "", text.rpartition("Answer")[2].strip()).strip()
    return Found(tail[0], 'first sign after "Answer"') if tail[:1] in tuple("ABCDEFGH") else None


TASK = choice(
    read,
    rules={"opencompass": rule(first_sign, verdict=option), "official": rule(first_sign)},
    headline=credits(),
    metrics={
        "loose": credits(loose=True),
        **CLASSES,
        "one-step": step_accuracy(),
        "two-step": whole_accuracy(2),
        "three-step": whole_accuracy(3),
        **{domain: concept_accuracy(concepts) for domain, concepts in CONCEPTS.items()},
    },
    sources=(
        Hub(repo="We-Math/We-Math", split="testmini"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/WeMath.tsv",
            md5="b5e969a075f01290a542411fb7766388",
        ),
    ),
    rubric="option",
)
