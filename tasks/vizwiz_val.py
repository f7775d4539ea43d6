"""VizWiz-VQA, validation split
paper: arXiv 1802.08218
year: 2018
family: general
modality: image
size: 4319
split: val
groups: general
aliases: vizwiz
licence: CC BY 4.0
metric: VQA accuracy over ten answers
official: Qing Li's evaluation script as published with the data set (vizwiz.org), read in public copies
judge: none
published: none by SAIL-VL2
prompt: question, phrase hint. Nothing says that "unanswerable" is an answer, though it is that to a third of the
    questions; lmms-eval does say so, and its numbers are much higher
differs: VLMEvalKit spells reply and answers by the VQA rules, the authors the reply only: an answer with an article or
    a full stop matches nothing. The authors also remove a full stop behind a digit.
"""

from sailbench.metrics.soft_accuracy import kit_spelling, vqa_spelling
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_agreement, people, short_answer
from sailbench.types import Sample


def read(row: Row) -> Sample:
    kind = row.text("category", "answer_type")
    return Sample(
        id=row.text("question_id", "index", "image_id", default=str(row.number)),
        question=row.text("question"),
        target=people(row, "answers", "answer"),
        media=row.images("image"),
        group={"answer_type": kind} if kind else {},
    )


TASK = short_answer(
    read,
    rules={"opencompass": by_agreement(kit_spelling), "official": by_agreement(vqa_spelling, str)},
    sources=(
        Hub(repo="lmms-lab-encoder/VizWiz-VQA", split="val"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/VizWiz.tsv",
            md5="fa4ac4164467563ed2fac6eac6631bd0",
        ),
    ),
)
