"""MMMU-Pro, standard setting with ten options
paper: arXiv 2409.02813
year: 2024
family: math_science_reasoning
modality: multi_image
size: 1730
split: test
groups: general, multi_image
aliases: mmmu_pro, mmmu_pro_10c, mmmu_pro_standard_10
licence: Apache-2.0
metric: accuracy over all questions; the authors' MMMU-Pro is the mean of this and the vision setting
official: MMMU-Benchmark/MMMU@bb0b95a mmmu-pro/evaluate.py
judge: optional
prompt: VLMEvalKit's own for direct answers ("Question:", "Options:", request for the letter), images where the text
    names them; the official wrapper does not know this kind of data set and would send the question without its
    options. The first image is enlarged twice, as there for every name with MMMU in it
differs: VLMEvalKit reads by its option rule, which sees options E to J as a lone letter only. The authors look behind
    the last "Answer:" first, then for letters in brackets, before a space (within words too) and before a dot, then
    for option texts; of "J. A dog" they read A. They toss a coin where nothing is read, which is wrong here, and
    report the better of direct answers and chains of thought. Some options are letters themselves. lmms-eval has
    their parser without the look behind "Answer:". One row was repaired in 2026.
"""

from sailbench.prompts import option_lines
from sailbench.rows import Hub, Tsv
from sailbench.types import Sample

from ._mmmu_pro import DIRECT, mmmu_pro


def text(sample: Sample) -> str:
    return f"Question: {sample.question}\nOptions:\n{option_lines(sample.choices)}\n{DIRECT}"


TASK = mmmu_pro(
    text,
    sources=(
        Hub(repo="MMMU/MMMU_Pro", config="standard (10 options)", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMMU_Pro_10c.tsv",
            md5="22cee868fe6b680d14b99bfff6db8172",
        ),
    ),
    rubric="option",
)
