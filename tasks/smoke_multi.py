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

from ._smoke import SHORT, reader, shipped

read = reader("skill")
TASK = yes_no(read, text=as_it_is, sampling=SHORT, rules={"official": by_yes_no}, sources=shipped("multi"))
