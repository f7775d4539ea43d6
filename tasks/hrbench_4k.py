"""HR-Bench 4K
paper: arXiv 2408.15556
year: 2024
family: high_resolution
modality: image
size: 800
split: hrbench_4k
groups: general
aliases: hrbench4k
licence: see the data set's card
metric: mean of the accuracies in the four orders of each question's options; for single and cross instances too
official: DreamMr/HR-Bench@b17b199 hrbench/vlmeval/dataset/utils/hrbench.py
judge: optional (the authors name no model)
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors ask a language model, which is told the right option, whether
    the reply is correct, and take a verdict that begins with yes; without its verdict their rule grades nothing.
    Orders are averaged, not combined as in circular evaluation; on the full set that is the plain mean (metric
    micro). Authors and VLMEvalKit print fractions of 1. lmms-eval asks GPT where an old option rule finds nothing.
"""

from sailbench.rows import Hub, Tsv

from ._hrbench import hrbench

TASK = hrbench(
    sources=(
        Hub(repo="DreamMr/HR-Bench", config="hrbench_version_split", split="hrbench_4k"),
        Tsv(
            url="https://huggingface.co/datasets/DreamMr/HR-Bench/resolve/main/hr_bench_4k.tsv",
            md5="f6b041b03d49543494b8a56d2e35be65",
        ),
    ),
)
