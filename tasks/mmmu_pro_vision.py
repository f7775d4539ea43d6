"""MMMU-Pro, vision setting
paper: arXiv 2409.02813
year: 2024
family: math_science_reasoning
modality: image
size: 1730
split: test
groups: general
aliases: mmmu_pro_v
licence: Apache-2.0
metric: accuracy over all questions; the authors' MMMU-Pro is the mean of this and the standard setting
official: MMMU-Benchmark/MMMU@bb0b95a mmmu-pro/evaluate.py
judge: optional
prompt: the screenshot and VLMEvalKit's own sentence for direct answers; question and options are in the picture only.
    The official wrapper does not know this kind of data set and would send the word "placeholder". The image is
    enlarged twice, as there for every name with MMMU in it
differs: as the standard setting, with the options of the data set, which the model sees in the picture. The authors
    also ask for a last line "Answer: X". lmms-eval compares the whole reply with the letter.
"""

from sailbench.rows import Hub, Tsv
from sailbench.types import Sample

from ._mmmu_pro import DIRECT, mmmu_pro


def text(sample: Sample) -> str:
    return f"Answer the following multiple-choice question in the image. {DIRECT}"


TASK = mmmu_pro(
    text,
    sources=(
        Hub(repo="MMMU/MMMU_Pro", config="vision", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMMU_Pro_V.tsv",
            md5="d01441a87b3dbe721b5a04652ae38009",
        ),
    ),
    rubric="option",
)
