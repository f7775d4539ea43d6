"""OCRBench
paper: arXiv 2305.07895
year: 2023
family: document_ocr_chart
modality: image
size: 1000
split: test
groups: opencompass, paper, ocr
licence: MIT
metric: questions whose reply holds a gold answer, in percent (the published score over 10)
official: Yuliang-Liu/MultimodalOCR@794c36d OCRBench/example.py
judge: none
published: SAIL-VL2-2B 89.50, SAIL-VL2-AnyRes-2B 84.70, SAIL-VL2-8B 91.30, SAIL-VL2-A3B 90.60
prompt: question, phrase hint
differs: VLMEvalKit and the authors agree. Long replies profit, because they hold more. lmms-eval also folds
    full-width signs to half width.
"""

from sailbench.families import by_containment, contains
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample, Sampling

FORMULAE = "Handwritten Mathematical Expression Recognition"
# The published sub-scores: six kinds of recognition are one; the others stand for themselves.
RECOGNITION = (
    *("Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition"),
    *("Handwriting Recognition", "Digit String Recognition", "Non-Semantic Text Recognition"),
)


def read(row: Row) -> Sample:
    category = row.text("category", "question_type", "type")
    group = {"skill": "Text Recognition" if category in RECOGNITION else category, "category": category}
    return Sample(
        id=row.text("index", "id", default=str(row.number)),
        question=row.text("question"),
        target=tuple(map(str, row.list("answer" if row.has("answer") else "answers"))),
        media=row.images("image"),
        group=group,
    )


TASK = contains(
    read,
    sampling=Sampling(detail="dense"),
    rules={"opencompass": by_containment(exact_symbols=lambda sample: sample.group["category"] == FORMULAE)},
    sources=(
        Hub(repo="echo840/OCRBench", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/OCRBench.tsv",
            md5="e953d98a987cc6e26ef717b61260b778",
        ),
    ),
)
