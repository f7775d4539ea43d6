"""Smoke: read the value of a coloured bar, or of a point of a line, off a ruled axis.

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: relaxed accuracy (numbers within 5 %)
judge: none
chance: 10
"""

from sailbench.families import choice
from sailbench.metrics.relaxed import any_relaxed_score
from sailbench.prompts import as_it_is
from sailbench.rules.short_answer import by_similarity

from ._smoke import SHORT, reader, shipped

read = reader("kind")
BY_VALUE = by_similarity(any_relaxed_score)
TASK = choice(read, text=as_it_is, sampling=SHORT, rules={"official": BY_VALUE}, sources=shipped("chart"))
