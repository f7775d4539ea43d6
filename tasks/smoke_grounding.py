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

from ._smoke import SHORT, reader, shipped


def box(row: Row) -> tuple[float, ...]:
    return tuple(float(edge) for edge in row.text("bbox").split(","))


read = reader("shape", target=box)
TASK = Task(read=read, ask=asking(as_it_is, SHORT), rules={"official": by_box}, sources=shipped("grounding"))
