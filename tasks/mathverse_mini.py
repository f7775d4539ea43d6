"""MathVerse, testmini split, the five versions with pictures
paper: arXiv 2403.14624
year: 2024
family: math_science_reasoning
modality: image
size: 3940
split: testmini
groups: reasoning, paper, math
aliases: mathverse, mathverse_testmini
licence: MIT
metric: accuracy over all questions, which is the mean of the five versions of 788 problems
official: ZrrSkywalker/MathVerse@937b090 evaluation/extract_answer_s1.py, evaluation/score_answer_s2.py
judge: required (gpt-4o-mini in VLMEvalKit, gpt-3.5-turbo for the authors)
published: SAIL-VL2-2B 31.19, SAIL-VL2-AnyRes-2B 30.86, SAIL-VL2-8B 43.17, SAIL-VL2-A3B 44.53; on the vision-only
    version alone (metric Vision Only) SAIL-VL2-2B-Thinking 43.4, SAIL-VL2-8B-Thinking 58.9, SAIL-VL2-A3B-Thinking 55.7
prompt: the TSV's question, the hub's query without reasoning (query_wo), as they are
differs: both ask a judge twice, for the answer in the reply and whether it agrees with the gold one; here one call does
    both. VLMEvalKit is content without the second when the first gives the gold text, prints the versions but no total,
    and counts a verdict that cannot be read as wrong (here ungraded); the authors ask until it can. Their second score,
    of the reasoning, is not computed. lmms-eval judges the whole reply. The sixth version, text only, is not part.
"""

from collections.abc import Mapping

from sailbench.aggregate import within
from sailbench.families import asking
from sailbench.metrics.literals import NotLiteralError, python_literal
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import judged
from sailbench.task import Task
from sailbench.types import Sample, Sampling

VERSIONS = ("Text Dominant", "Text Lite", "Vision Intensive", "Vision Dominant", "Vision Only")


def read(row: Row) -> Sample | None:
    version = row.text("problem_version")
    if version and version not in VERSIONS:
        return None
    places = {"version": version} | {name: details(row).text(name) for name in ("subject", "subfield")}
    worded = ("question", "query_wo") if "index" in row else ("query_wo", "question")
    return Sample(
        id=row.text("index", "sample_index"),
        question=row.text(*worded),
        target=row.text("answer"),
        media=row.images("image"),
        group={name: place for name, place in places.items() if place},
        extra={"question_for_eval": row.text("question_for_eval", "question", "query_wo")},
    )


def details(row: Row) -> Row:
    """The metadata: a record on the hub, Python text in the TSV."""
    cell = row.get("metadata")
    try:
        cell = python_literal(cell) if isinstance(cell, str) else cell
    except NotLiteralError:
        cell = None
    return Row(cell if isinstance(cell, Mapping) else row)


TASK = Task(
    read=read,
    ask=asking(as_it_is, Sampling()),
    rules={"opencompass": judged("mathverse")},
    metrics={version: within("version", version) for version in VERSIONS},
    rubric="mathverse",
    sources=(
        Hub(repo="CaraJ/MathVerse-lmmseval", config="testmini", split="testmini"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/MathVerse/MathVerse_MINIV.tsv",
            md5="5017caca32b7fa110c350a1bea861b65",
        ),
    ),
)
