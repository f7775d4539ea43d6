"""MMBench v1.1, Chinese, dev split
paper: arXiv 2307.06281
year: 2024
family: multilingual
modality: image
size: unknown
split: dev
groups: multilingual, general
aliases: mmbench_cn, mmbench_dev_cn_v11
licence: Apache-2.0
metric: questions that are answered rightly in every rotation of their options
official: open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/multiple_choice.py (the authors' own toolkit)
judge: optional
prompt: hint line if there is one, question, option lines, letter hint in Chinese where the text holds any Chinese
differs: as the English file: VLMEvalKit asks an LLM, in Chinese, for rotations that its option rule cannot read;
    without one they fail the question. Full-width signs are no separators, so that "答案是B。" is unread. lmms-eval's
    Chinese MMBench is v1.0 and another benchmark; the hub has no v1.1.
"""

from sailbench.families import circular_choice
from sailbench.rows import Tsv

from ._mmbench import read

TASK = circular_choice(
    read,
    sources=(
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/MMBench/MMBench_DEV_CN_V11.tsv",
            md5="593f9b5f6bea453d870a798b34ae4f37",
        ),
    ),
    rubric="option",
)
