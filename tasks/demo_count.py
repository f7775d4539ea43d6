"""Demonstration: how many shapes are drawn; twenty-four pictures made in code.

family: demo
modality: image
size: 24
groups: demo
licence: Apache-2.0 (made here)
metric: the reply holds the number
judge: none
"""

from sailbench.families import contains
from sailbench.rows import Drawn, Row
from sailbench.types import Sample, Sampling

from ._drawing import scenes


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("id"),
        question=f"How many {row['shape']}s are drawn?",
        target=(row.text("count"),),
        media=row.images("image"),
        group={"shape": row.text("shape")},
    )


TASK = contains(read, sampling=Sampling(max_tokens=16), sources=(Drawn(rows=lambda: scenes(24, seed=2)),))
