"""Smoke: is a shape of this colour there? Asked twice of each picture, once to be answered yes, once no (as in MME).

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: accuracy; accuracy_plus counts a picture only if both answers are right
judge: none
chance: 50
"""

from sailbench.aggregate import UNITS_ALL_RIGHT
from sailbench.families import by_yes_no, yes_no
from sailbench.prompts import as_it_is

from ._smoke import SHORT, reader, shipped

read = reader(unit=lambda row: row.text("pair"))
TASK = yes_no(
    read,
    text=as_it_is,
    sampling=SHORT,
    rules={"official": by_yes_no},
    metrics={"accuracy_plus": UNITS_ALL_RIGHT},
    sources=shipped("yesno"),
)
