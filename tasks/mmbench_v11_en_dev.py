"""MMBench v1.1, English, dev split
paper: arXiv 2307.06281
year: 2024
family: general
modality: image
size: unknown
split: dev
groups: opencompass, paper
aliases: mmbench
licence: Apache-2.0
metric: questions that are answered rightly in every rotation of their options
official: open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/multiple_choice.py (the authors' own toolkit)
judge: optional
published: SAIL-VL2-2B 86.77, SAIL-VL2-AnyRes-2B 86.48, SAIL-VL2-8B 90.16, SAIL-VL2-A3B 90.63; the printed values are
    neither circular nor plain accuracy on this file, so they are no target
prompt: hint line if there is one, question, option lines, letter hint
differs: VLMEvalKit asks an LLM for rotations that its option rule cannot read; without one they fail the question.
    lmms-eval has v1.0 only and grades with GPT. The hub has no v1.1.
"""

from sailbench.families import circular_choice
from sailbench.rows import Tsv

from ._mmbench import read

TASK = circular_choice(
    read,
    sources=(
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/MMBench/MMBench_DEV_EN_V11.tsv",
            md5="30c05be8f2f347a50be25aa067248184",
        ),
    ),
    rubric="option",
)
