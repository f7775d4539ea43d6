"""Smoke: two pictures: do they show the same shape, the same colour, does the first show more?

family: smoke
modality: multi-image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: accuracy
judge: none
chance: 50
"""

from sailbench.families import by_yes_no, yes_no
from sailbench.prompts import as_it_is
from sailbench.rows import Row
from sailbench.types import Sample

from ._smoke import SHORT, shipped


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("id"),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("images"),
        group={"skill": row.text("skill")},
    )


TASK = yes_no(read, text=as_it_is, sampling=SHORT, rules={"official": by_yes_no}, sources=shipped("multi"))
