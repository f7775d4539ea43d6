"""MindCube, tiny split, raw questions
paper: arXiv 2506.21458
year: 2025
family: spatial
modality: multi_image
size: 1050
split: tiny
groups: spatial, multi_image
aliases: mindcube, mindcubebench_tiny_raw_qa
licence: see the data set's card
metric: accuracy over all questions; for rotation, among and around too
official: mll-lab-nu/MindCube@6d8fd9a src/evaluation/evaluator.py, src/evaluation/core/extractors.py
judge: none here
prompt: the question, which holds its options, and the wrapper's request to answer directly (option lines and letter
    hint where a file has option columns). The official wrapper does not use `input_prompt`, which asks for
    "<answer>A. Above</answer>"; <image> marks become the images in order
differs: VLMEvalKit reads by its rule for spatial benchmarks: tags, the last lines, phrases; with an API key it has an
    LLM grade the reply instead, which is not here. The authors read the last "X." anywhere, within words too, before
    anything else; lmms-eval has their rule. They leave out settings named "translation", of which this split has
    none. Other prompts of the paper (cognitive maps, reasoning) are other tests.
"""

from sailbench.families import choice, rule
from sailbench.metrics.spatial_answers import concluding_letter
from sailbench.metrics.spatial_letters import last_dotted_letter
from sailbench.prompts import for_a_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import MEDIA_MARK, Sample

from ._choices import of_reply, present, tabled

MARK = "<image>"
SETTINGS = ("around", "rotation", "translation", "among")


def read(row: Row) -> Sample:
    id = row.text("id", "index", default=str(row.number))
    setting = next((name for name in SETTINGS if name in id.lower()), "other")
    return tabled(
        row,
        id=id,
        question=row.text("question", "input_prompt"),
        target=row.text("answer", "gt_answer"),
        media=row.images("image") or row.images("image_path") or row.images("images"),
        group=present({"category": row.text("category", default=setting)}),
    )


def text(sample: Sample) -> str:
    return for_a_letter(sample).replace(MARK, MEDIA_MARK, len(sample.media))


TASK = choice(
    read,
    text=text,
    rules={"opencompass": rule(of_reply(concluding_letter)), "official": rule(of_reply(last_dotted_letter))},
    sources=(
        Hub(repo="oscarqjh/MindCube_lmmseval", config="tiny", split="combined"),
        Tsv(
            url="https://huggingface.co/datasets/lmms-lab-si/EASI-Leaderboard-Data/resolve/main/MindCubeBench_tiny_raw_qa.tsv",
            md5="35f69fc30d7c2d2880417ce0769f5347",
        ),
    ),
)
