"""OlympiadBench, a subset of 305 questions with pictures
paper: arXiv 2402.14008
year: 2024
family: math_science_reasoning
modality: multi_image
size: 305
split: our own draw
groups: paper, math
aliases: olympiadbench
licence: Apache-2.0
metric: accuracy over all questions
official: OpenBMB/OlympiadBench@ba5b26a inference/judge.py, inference/code/math_judger.py
judge: none
published: SAIL-VL2-2B 7.54, SAIL-VL2-AnyRes-2B 3.61, SAIL-VL2-8B 14.10, SAIL-VL2-A3B 16.39, on another subset of 305,
    which was not released
subset: 305 of the 4,055 open-ended questions with pictures: the rows whose SHA-256 of "305:<number>" is smallest,
    counted from 0 through the hub's five parts in the order of `sources`; a file given to `score` is graded whole
prompt: VLMEvalKit's for the data set: what kind of answer is wanted, a closing sentence with a box, then context and
    question. The official wrapper would send the bare question, without a physics problem's context. VLMEvalKit speaks
    of a unit in every prompt, because an empty cell is true to it; here, as the authors do, only where there is one
differs: both take what follows the last closing words, or the whole reply, and compare it as text, intervals, numbers
    (also a hundredth or a hundredfold, within 1.01 of the stated error), expressions and equations. To VLMEvalKit
    expressions must be read as the same one, 1/2 and 0.5 are not, because a function that it calls is commented out;
    and of several gold answers it takes the printed list. Sympy works within bounds here (10 s, 1000 characters, 150
    letters); what goes beyond them is not equal. lmms-eval has a model judge.
"""

from sailbench.families import asking
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.rules.mathematics import by_competition_answer
from sailbench.task import Task
from sailbench.types import Sample, Sampling

from ._olympiadbench import PARTS, drawn, golds, preamble, source_of, tolerances


def read(row: Row) -> Sample | None:
    source = source_of(row)
    if source.startswith("TP") or not drawn(row):
        return None
    context = row.text("context") if "physics" in source else ""
    id, (gold, printed) = row.text("index", "id", default=str(row.number)), golds(row)
    subject, language = ("physics" if "physics" in source else "maths"), ("zh" if "zh" in source else "en")
    return Sample(
        id=f"{row.part}_{id}" if row.part else id,
        question="\n".join(part for part in (preamble(row, source), context, row.text("question")) if part),
        target=gold,
        media=row.images("images", "image", *(f"image_{k}" for k in range(1, 10))),
        group={"source": source, "language and subject": f"{language}_{subject}", "subject": subject},
        extra={
            "closing": "所以最终答案是" if language == "zh" else "So the final answer is ",
            "tolerances": tolerances(row),
            "printed": printed,
        },
    )


TASK = Task(
    read=read,
    ask=asking(as_it_is, Sampling()),
    rules={"opencompass": by_competition_answer(identical=True), "official": by_competition_answer()},
    # VLMEvalKit's OlympiadBench.tsv has all 6,728 open-ended questions in an order of its own: only `score` reads it.
    sources=tuple(Hub(repo="Hothan/OlympiadBench", config=part, split="train") for part in PARTS),
)
