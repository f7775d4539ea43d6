"""MathVista, testmini split
paper: arXiv 2310.02255
year: 2023
family: math_science_reasoning
modality: image
size: 1000
split: testmini
groups: opencompass, reasoning, paper, math
aliases: mathvista, mathvista_testmini
licence: CC BY-SA 4.0
metric: accuracy over all questions
official: lupantech/MathVista@53d5258 evaluation/calculate_score.py, evaluation/extract_answer.py
judge: required (an extractor: gpt-4o-mini in VLMEvalKit, gpt-4-0613 for the authors, Doubao in the paper)
published: SAIL-VL2-2B 71.10, SAIL-VL2-AnyRes-2B 66.80, SAIL-VL2-8B 76.40, SAIL-VL2-A3B 74.70,
    SAIL-VL2-2B-Thinking 68.5, SAIL-VL2-8B-Thinking 75.8, SAIL-VL2-A3B-Thinking 73.0
prompt: the authors' query as it is: a hint at the form of the answer, the question, its choices
differs: both take the answer from an extractor's reply, unless the reply is plain. VLMEvalKit reads options by its
    option rule (which may take a wrong letter from a reply that the extractor would have understood), needs 12 for a
    whole 12 and the very number for one with decimals, and never finds a list right, because it compares the wrong
    variable (2 questions). The authors take the option that is spelled most alike, cut off decimals (12.7 is 12) and
    round to the stated number of them. An empty extraction would be the shortest option to them, unless they run with
    --ignore_empty_extractions; here it is ungraded, an empty reply wrong. An extraction that is given counts also where
    a rule could read the reply. Without one a reply that is a number is graded as it is, right or wrong; VLMEvalKit
    would have the extractor repeat a wrong one.
"""

from collections.abc import Mapping

from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import by_typed_answer, by_typed_answer_in_kit, over
from sailbench.types import Sample

GROUPS = ("question_type", "answer_type", "task", "category", "context", "grade", "source", "language")
SKILLS = (
    *("algebraic reasoning", "arithmetic reasoning", "geometry reasoning", "logical reasoning"),
    *("numeric commonsense", "scientific reasoning", "statistical reasoning"),
)


def read(row: Row) -> Sample:
    choices = row.choices("choices") if row.has("choices") else {}
    answer, nested = row.text("answer"), row.get("metadata")
    facts = Row({**row, **(nested if isinstance(nested, Mapping) else {})})
    key = next((label for label, own in choices.items() if own == answer), "")
    decimals = row.text("precision", default=str(len(answer.partition(".")[2])))
    return Sample(
        id=row.text("pid", "index"),
        question=row.text("query", "question"),
        target=answer,
        media=row.images("decoded_image") or row.images("image"),
        choices=choices,
        group={name: facts.text(name) for name in GROUPS if facts.has(name)},
        extra={
            "answer_type": row.text("answer_type"),
            "decimals": int(float(decimals)),
            "key": row.text("answer_option", default=key),
            "skills": facts.list("skills"),
        },
    )


TASK = choice(
    read,
    text=as_it_is,
    rules={"opencompass": by_typed_answer_in_kit("mathvista"), "official": by_typed_answer("mathvista")},
    metrics={skill: over(lambda g, own=skill: own in g.sample.extra["skills"]) for skill in SKILLS},
    rubric="mathvista",
    sources=(
        Hub(repo="AI4Math/MathVista", split="testmini"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MathVista_MINI.tsv",
            md5="f199b98e178e5a2a20e7048f5dcb0464",
        ),
    ),
)
