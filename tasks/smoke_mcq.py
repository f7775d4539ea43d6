"""Smoke: colour, shape, position or number of drawn shapes, four options.

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: accuracy; the reply names its option by text or by letter
judge: none
chance: 25
"""

from sailbench.families import by_option_match, choice
from sailbench.prompts import as_it_is
from sailbench.rows import Row

from ._smoke import SHORT, reader, shipped

read = reader("skill", target=lambda row: row.text("letter"), choices=Row.choices)
TASK = choice(read, text=as_it_is, sampling=SHORT, rules={"official": by_option_match}, sources=shipped("mcq"))
