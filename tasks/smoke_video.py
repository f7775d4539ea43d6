"""Smoke: a video of a shape that moves (where to?), or of two that show up one after the other (which first?).

family: smoke
modality: video
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: exact match, letter case aside
judge: none
chance: 37 (four directions, two orders)
"""

from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.types import Sampling

from ._smoke import by_word, reader, shipped

FRAMES = Sampling(max_tokens=32, frames=4, detail="frame")

read = reader("skill")
TASK = choice(read, text=as_it_is, sampling=FRAMES, rules={"official": by_word}, sources=shipped("video"))
