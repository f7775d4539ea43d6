"""DocVQA, validation split
paper: arXiv 2007.00398
year: 2020
family: document_ocr_chart
modality: image
size: 5349
split: validation
groups: paper, doc, ocr
aliases: docvqa
licence: see rrc.cvc.uab.es, task 17
metric: ANLS
official: shunk031/ANLS@6472e1d anls/metrics/score.py, the metric as its paper defines it
judge: none
published: SAIL-VL2-2B 93.10, SAIL-VL2-AnyRes-2B 92.86, SAIL-VL2-8B 95.28, SAIL-VL2-A3B 93.84 (val is assumed)
prompt: question, phrase hint
differs: a similarity of exactly one half counts in VLMEvalKit, as in the organizers' script and lmms-eval, and is 0 by
    the paper and the reference package. VLMEvalKit divides by the length of the texts as they came, spaces
    included, the package by their length once spaces are folded. Questions of several kinds count in each.
"""

from sailbench.aggregate import part
from sailbench.metrics.anls import anls_score, lenient_anls_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_similarity, people, short_answer
from sailbench.types import Sample, Sampling

KINDS = (
    "figure/diagram",
    "form",
    "table/list",
    "layout",
    "free_text",
    "Image/Photo",
    "handwritten",
    "Yes/No",
    "others",
)


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("questionId", "index", default=None),
        question=row.text("question"),
        target=people(row, "answers", "answer"),
        media=row.images("image"),
        extra={"kinds": tuple(map(str, row.list("question_types")))},
    )


TASK = short_answer(
    read,
    rules={"opencompass": by_similarity(lenient_anls_score), "official": by_similarity(anls_score)},
    sampling=Sampling(detail="page"),
    metrics={kind: part(kind) for kind in KINDS},
    sources=(
        Hub(repo="lmms-lab-encoder/DocVQA", config="DocVQA", split="validation"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/DocVQA_VAL.tsv",
            md5="d5ee77e1926ff10690d469c56b73eabf",
        ),
    ),
)
