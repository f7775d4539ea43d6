"""OK-VQA, val2014
paper: arXiv 1906.00067
year: 2019
family: general
modality: image
size: 5046
split: val2014
groups: general
aliases: okvqa
licence: CC BY 4.0
metric: VQA accuracy over ten answers
official: EvolvingLMMs-Lab/lmms-eval@75571cf lmms_eval/tasks/ok_vqa/utils.py (the authors use the VQA script)
judge: none
published: none by SAIL-VL2
prompt: question, phrase hint (VLMEvalKit has no such set); lmms-eval also asks for "Unanswerable", a sentence of VizWiz
differs: the ten answers are five people's, each twice, as the hub has them. lmms-eval spells reply and answers as
    TextVQA does. The VQA script (GT-Vision-Lab/VQA@a013f00) spells neither where all ten answers are the same text.
"""

from sailbench.metrics.soft_accuracy import evalai_spelling
from sailbench.rows import Hub, Row
from sailbench.rules.short_answer import by_agreement, people, short_answer
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("question_id", "index", default=None),
        question=row.text("question"),
        target=people(row, "answers", "answer"),
        media=row.images("image"),
        group={name: row.text(name) for name in ("question_type", "answer_type") if row.has(name)},
    )


TASK = short_answer(
    read,
    rules={"official": by_agreement(evalai_spelling)},
    sources=(Hub(repo="lmms-lab-encoder/OK-VQA", split="val2014"),),
)
