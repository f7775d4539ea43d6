"""Smoke: a drawn sum of two or three numbers, answered at once and again after reasoning in think tags.

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: accuracy, the boxed or last number; direct and think are the two ways of asking about the same 120 pictures
judge: none
chance: 5
"""

import re

from sailbench.extract import final_math_answer
from sailbench.families import rule
from sailbench.task import Task
from sailbench.types import Request, Sample, Sampling

from ._smoke import SHORT, reader, shipped

THINKING = Sampling(max_tokens=96, thinking=True, detail="frame")

read = reader("mode")


def ask(sample: Sample) -> Request:
    sampling = THINKING if sample.group["mode"] == "think" else SHORT
    return Request(turns=(sample.question,), media=sample.media, sampling=sampling)


def is_number(said: str, sample: Sample) -> float:
    """A plain number of the target's value: a rule that computes would take "4+9" for 13."""
    return float(re.fullmatch(r"-?\d+(\.\d+)?", said) is not None and float(said) == float(sample.target))


by_number = rule(lambda text, _: final_math_answer(text), is_number)
TASK = Task(read=read, ask=ask, rules={"official": by_number}, sources=shipped("math"))
