"""Demonstration: which shape is drawn, four options; twenty-four pictures made in code.

family: demo
modality: image
size: 24
groups: demo
licence: Apache-2.0 (made here)
metric: accuracy
judge: none
"""

from sailbench.families import choice
from sailbench.rows import Drawn, Row
from sailbench.types import Sample, Sampling

from ._drawing import SHAPES, scenes

OPTIONS = dict(zip("ABCD", (*SHAPES, "none of these"), strict=True))


def read(row: Row) -> Sample:
    label = next(letter for letter, shape in OPTIONS.items() if shape == row["shape"])
    return Sample(
        id=row.text("id"),
        question="Which shape is drawn?",
        target=label,
        media=row.images("image"),
        choices=OPTIONS,
        group={"colour": row.text("colour")},
    )


TASK = choice(read, sampling=Sampling(max_tokens=16), sources=(Drawn(rows=lambda: scenes(24, seed=1)),))
