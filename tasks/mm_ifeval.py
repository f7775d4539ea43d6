"""MM-IFEval
paper: arXiv 2504.07957
year: 2025
family: instruction_following
modality: image
size: 400 (300 compose level, 100 perception level; the TSV has 287 auxiliary rows besides)
split: test
groups: paper, if
aliases: mmifeval
licence: Apache-2.0 (code), see the data set's card
metric: mean score over all items, where a compose-level item's is the mean over its constraints
official: SYuan03/MM-IFEngine@bb844a7 eval_mmifeval/score_multi_constraint_mp_with_image_v11.py
judge: required (gpt-4o-2024-11-20 for constraints, gpt-4o-mini for perception; VLMEvalKit's is gpt-4o)
published: SAIL-VL2-2B 52.21, SAIL-VL2-AnyRes-2B 53.26, SAIL-VL2-8B 60.81, SAIL-VL2-A3B 61.07
prompt: the question, which holds its constraints, alone. The official wrapper would ask for a single word or phrase,
    which contradicts them, so that its published numbers cannot come from it
differs: the authors and VLMEvalKit count alike: constraints of an item by their keys, so that of two with one key the
    last alone counts; perception and compose level weighted by their numbers of items. At e8e78f05 VLMEvalKit has lost
    the rules that it checks constraints by (since 2026-03-25) and stops at the first; this is what it did before. What
    a judge says in no readable form drops a comparison from the mean there, makes an item 0 after three tries, or stops
    the run, while the authors leave the item out after ten; here it is ungraded. To both any fraction counts (3/5), and
    "not right" is right. The auxiliary rows (a request less one constraint) are no items: what they ask is made from
    the item, by taking the constraint's words out of its question. An empty reply is 0 without asking.
"""

from dataclasses import replace

from sailbench import judge
from sailbench.aggregate import part
from sailbench.families import NORMAL, asking, needs_target
from sailbench.prompts import as_it_is
from sailbench.rows import Row, Tsv
from sailbench.rules.inquiries import Inquiry
from sailbench.rules.instructions import Constraint, Rubrics, by_constraints, composed, constraint_inquiries, without
from sailbench.rules.open_ended import UNREADABLE, needs
from sailbench.task import Task
from sailbench.types import Reply, Sample, Score

RUBRICS = Rubrics("mm_ifeval", "mm_ifeval_compare")
PERCEPTION = "mm_ifeval_perception"
LEVELS = {"P-Level": "p_level", "C-Level": "c_level"}


def read(row: Row) -> Sample | None:
    if row.text("infer_type", default="main") != "main":
        return None
    constraints: tuple[Constraint, ...] = tuple(row.list("constraints"))
    perceived = row.text("tag", default="C-Level" if constraints else "P-Level") == "P-Level"
    instruction = row.text("instruction")
    question = row.text("question") or composed(instruction, constraints)
    asides = {own["key"]: without(own, constraints, question, instruction) for own in constraints}
    asked = (
        (Inquiry(name=PERCEPTION, rubric=PERCEPTION),)
        if perceived
        else constraint_inquiries(RUBRICS, constraints, asides)
    )
    return Sample(
        id=row.text("id", "index", default=str(row.number)),
        question=question,
        target=tuple(map(str, row.list("answer"))) if perceived else tuple(str(own["value"]) for own in constraints),
        media=row.images("image"),
        group={"level": "P-Level" if perceived else "C-Level"},
        extra={"constraints": constraints, "inquiries": asked},
    )


def by_perception(sample: Sample, reply: Reply) -> Score:
    verdict = reply.verdicts.get(PERCEPTION, reply.verdict)
    if verdict is None:
        return needs(PERCEPTION)
    value = judge.load(PERCEPTION).read(verdict)
    said = reply.text.strip() or None
    return Score(None, None, UNREADABLE) if value is None else Score(float(value), said, "the judge's verdict")


by_all_constraints = by_constraints(RUBRICS)


def by_level(sample: Sample, reply: Reply) -> Score:
    """The item's own rule; its value also stands for its level."""
    level = sample.group["level"]
    if not reply.text.strip() and reply.verdict is None and not reply.verdicts:
        own = Score(0.0, None, "an empty reply")
    else:
        own = (by_perception if level == "P-Level" else by_all_constraints)(sample, reply)
    return own if own.value is None else replace(own, parts={LEVELS[level]: own.value})


TASK = Task(
    read=read,
    ask=asking(as_it_is, NORMAL),
    rules={"opencompass": needs_target(by_level)},
    metrics={name: part(name) for name in LEVELS.values()},
    rubric=RUBRICS.listed,
    sources=(
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MM-IFEval.tsv",
            md5="973bb839961a449565073a5ee70ae7a6",
        ),
    ),
)
