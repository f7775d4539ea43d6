"""Smoke: read a drawn word or number, in several faces, sizes, colours and turns.

family: smoke
modality: image
size: 240
groups: smoke
licence: Apache-2.0 (made here: recipes/nano)
metric: exact match, letter case aside
judge: none
chance: 1 (a word of 54, or a number)
"""

from sailbench.families import choice
from sailbench.prompts import as_it_is

from ._smoke import SHORT, by_word, reader, shipped

read = reader("kind")
TASK = choice(read, text=as_it_is, sampling=SHORT, rules={"official": by_word}, sources=shipped("ocr"))
