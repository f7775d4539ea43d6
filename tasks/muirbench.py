"""MuirBench
paper: arXiv 2406.09411
year: 2024
family: multi_image
modality: multi_image
size: 2600
split: test
groups: multi_image
aliases: muir, muir_bench
licence: see the data set's card
metric: accuracy over all questions; by task, relation of the images, and for unanswerable questions too
official: muirbench/MuirBench@840b85f eval/utils/postprocess.py
judge: optional
prompt: question, option lines, letter hint; <image> marks of question and options become the images in order, a run of
    all of them is left out, as in the official wrapper
differs: VLMEvalKit reads by its option rule. The authors ship MMMU's parser with its coin toss, which is wrong here:
    "B. dog" and "B) dog" are unread. lmms-eval takes "X." at the start, else the whole reply must be the letter.
    Half of the questions are unanswerable twins, whose right option says that none of the choices is.
"""

from sailbench.families import by_last_named_option, by_option_match, choice
from sailbench.prompts import for_a_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import MEDIA_MARK, Sample

from ._choices import present, tabled

MARK = "<image>"
NONE = "none of the choices provided"


def read(row: Row) -> Sample:
    own = tabled(row)
    unanswerable = own.choices.get(own.target, "").strip().lower() == NONE
    groups = {
        "task": row.text("task", "category"),
        "relation": row.text("image_relation", "l2-category"),
        "image_type": row.text("image_type"),
        "answerable": "no" if unanswerable else "yes",
    }
    media = row.images("image_list") or own.media
    return tabled(row, id=row.text("idx", "index", default=str(row.number)), media=media, group=present(groups))


def text(sample: Sample) -> str:
    said, images = for_a_letter(sample), len(sample.media)
    said = said.replace(" ".join([MARK] * images), "") if images else said
    return said.replace(MARK, MEDIA_MARK, images)


TASK = choice(
    read,
    text=text,
    rules={"opencompass": by_option_match, "official": by_last_named_option},
    sources=(
        Hub(repo="MUIRBENCH/MUIRBENCH", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MUIRBench.tsv",
            md5="2e5e6fd7699761b08a7cb3ab8c0c2ec8",
        ),
    ),
    rubric="option",
)
