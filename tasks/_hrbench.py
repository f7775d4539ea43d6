"""HR-Bench, both resolutions: rows, the authors' rule, and averages over the four orders of the options."""

from typing import Any

from sailbench import judge
from sailbench.aggregate import SAMPLES, macro, within
from sailbench.families import choice, needs_target, option, rule
from sailbench.rows import Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

from ._choices import tabled

CYCLES = macro("cycle")


def read(row: Row) -> Sample:
    own = tabled(row)
    gold = f"{own.target}. {own.choices.get(own.target, '')}"
    group = {"category": row.text("category"), "cycle": row.text("cycle_category", default="0")}
    return tabled(row, group=group, extra={"hint": row.text("hint"), "gold": gold})


@needs_target
def by_judge(sample: Sample, reply: Reply) -> Score:
    """The authors' rule: a judge that knows the right option says whether the reply is correct."""
    if reply.verdict is None:
        return Score(None, None, "needs a judge: hrbench")
    value = judge.load("hrbench").read(reply.verdict)
    if not isinstance(value, float):
        return Score(None, None, "the judge's verdict cannot be read")
    return Score(value, reply.text.strip() or None, "the judge's yes or no")


def hrbench(**options: Any) -> Task:
    return choice(
        read,
        sampling=Sampling(detail="dense"),
        rules={"opencompass": rule(option), "official": by_judge},
        headline=CYCLES,
        metrics={"single": within("category", "single", CYCLES), "cross": within("category", "cross", CYCLES)}
        | {"micro": SAMPLES},
        rubric="hrbench",
        **options,
    )
