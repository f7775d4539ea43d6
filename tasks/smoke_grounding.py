"""Smoke: the bounding box of a named shape among one to three.

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: share of boxes with IoU of at least 0.5
judge: none
chance: 1
"""

from sailbench.families import asking
from sailbench.prompts import as_it_is
from sailbench.rows import Row
from sailbench.rules.places import by_box
from sailbench.task import Task
from sailbench.types import Sample

from ._smoke import SHORT, shipped


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("id"),
        question=row.text("question"),
        target=tuple(float(edge) for edge in row.text("bbox").split(",")),
        media=row.images("image"),
        group={"shape": row.text("shape")},
    )


TASK = Task(read=read, ask=asking(as_it_is, SHORT), rules={"official": by_box}, sources=shipped("grounding"))
