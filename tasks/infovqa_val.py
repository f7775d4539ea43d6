"""InfographicVQA, validation split
paper: arXiv 2104.12756
year: 2021
family: document_ocr_chart
modality: image
size: 2801
split: validation
groups: paper, doc, ocr
aliases: infovqa, infographicvqa
licence: see rrc.cvc.uab.es, task 17
metric: ANLS
official: shunk031/ANLS@6472e1d anls/metrics/score.py, the metric as its paper defines it
judge: none
published: SAIL-VL2's merged 2B base model 75.35
prompt: question, phrase hint
differs: as in docvqa_val: a similarity of exactly one half counts in VLMEvalKit, in lmms-eval and in the organizers'
    own script (infographicsvqa_eval.py, read in OpenGVLab/InternVL@2410d1d), and is 0 by the paper and the reference
    package. The kinds of answer are the hub's; the TSV has none.
"""

from sailbench.aggregate import part
from sailbench.metrics.anls import anls_score, lenient_anls_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_similarity, people, short_answer
from sailbench.types import Sample, Sampling

KINDS = ("single span", "multi-span", "question span", "non-extractive", "arithmetic", "counting", "comparison")


def read(row: Row) -> Sample:
    kinds = (*row.list("answer_type"), *row.list("operation/reasoning"))
    return Sample(
        id=row.text("questionId", "index", default=None),
        question=row.text("question"),
        target=people(row, "answers", "answer"),
        media=row.images("image"),
        extra={"kinds": tuple(map(str, kinds))},
    )


TASK = short_answer(
    read,
    rules={"opencompass": by_similarity(lenient_anls_score), "official": by_similarity(anls_score)},
    sampling=Sampling(detail="dense"),
    metrics={kind: part(kind) for kind in KINDS},
    sources=(
        Hub(repo="lmms-lab-encoder/DocVQA", config="InfographicVQA", split="validation"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/InfoVQA_VAL.tsv",
            md5="2342e9c225222f0ef4dec545ebb126fe",
        ),
    ),
)
