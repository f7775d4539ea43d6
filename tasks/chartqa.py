"""ChartQA, test split
paper: arXiv 2203.10244
year: 2022
family: document_ocr_chart
modality: image
size: 2500
split: test (1250 human, 1250 augmented)
groups: paper, chart
licence: GPL-3.0
metric: relaxed accuracy (numbers within 5 %)
official: google-research/pix2struct@945f27e pix2struct/metrics.py, which all quote; vis-nlp/ChartQA (not read)
judge: none
published: SAIL-VL2's merged 2B base model 85.60
prompt: question, phrase hint
differs: VLMEvalKit cuts spaces around the reply and evaluates a gold answer that is a Python list, any element of which
    is right then ("[2003, 2004]", but not "[Gambia, Niger]"); officially it is text like any other. Percent is a
    hundredth, only 0 is 0, years may be 5 % off, and "1,234", "$5" and "5 million" are no numbers. The official
    wrapper removes one full stop at the end of a reply, which is not done here: "14." is a number anyway. lmms-eval
    as the official rule.
"""

from collections.abc import Sequence

from sailbench.aggregate import within
from sailbench.metrics.relaxed import any_relaxed_score, listed
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_similarity, short_answer
from sailbench.types import Sample, Sampling

SPLITS = ("human", "augmented")


def read(row: Row) -> Sample:
    # "human_test" on the hub, "test_human" in the TSV.
    named = row.text("type", "split")
    split = next((name for name in SPLITS if name in named), "")
    answer = row.columns.get("answer")
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=row.text("question"),
        target=tuple(map(str, answer)) if isinstance(answer, list | tuple) else row.text("answer"),
        media=row.images("image"),
        group={"split": split} if split else {},
    )


def of_elements(said: str, golds: Sequence[str]) -> float:
    return any_relaxed_score(said.strip(), [element for gold in golds for element in listed(gold)])


TASK = short_answer(
    read,
    rules={"opencompass": by_similarity(of_elements), "official": by_similarity(any_relaxed_score)},
    sampling=Sampling(detail="fine"),
    metrics={name: within("split", name) for name in SPLITS},
    sources=(
        Hub(repo="lmms-lab-encoder/ChartQA", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/ChartQA_TEST.tsv",
            md5="c902e0aa9be5582a7aad6dcf52734b42",
        ),
    ),
)
