"""TextVQA, validation split
paper: arXiv 1904.08920
year: 2019
family: document_ocr_chart
modality: image
size: 5000
split: validation
groups: paper, ocr
aliases: textvqa
licence: CC BY 4.0
metric: VQA accuracy over ten answers
official: facebookresearch/mmf@b0ffc7f mmf/utils/m4c_evaluators.py
judge: none
published: SAIL-VL2's merged 2B base model 82.05
prompt: question, phrase hint; no tokens of a text recognizer are given
differs: both spell reply and answers by the VQA rules (lower case, digits for small numbers, no articles, no
    punctuation) and leave out one answer at a time. The authors remove commas and question marks and set "'s" apart
    before that, and remove a full stop behind a digit, which VLMEvalKit leaves. lmms-eval as the authors.
"""

from sailbench.metrics.soft_accuracy import evalai_spelling, kit_spelling
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_agreement, people, short_answer
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("question_id", "index", default=None),
        question=row.text("question"),
        target=people(row, "answers", "answer"),
        media=row.images("image"),
    )


TASK = short_answer(
    read,
    rules={"opencompass": by_agreement(kit_spelling), "official": by_agreement(evalai_spelling)},
    sources=(
        Hub(repo="lmms-lab-encoder/textvqa", split="validation"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/TextVQA_VAL.tsv",
            md5="b233b31f551bbf4056f2f955da3a92cd",
        ),
    ),
)
