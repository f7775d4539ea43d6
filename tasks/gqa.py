"""GQA, testdev, balanced
paper: arXiv 1902.09506
year: 2019
family: general
modality: image
size: 12578
split: testdev_balanced
groups: general
licence: CC BY 4.0
metric: accuracy over all questions
official: the authors' eval.py as published with the data set (gqadataset.org), read in public copies
judge: none
published: none by SAIL-VL2
prompt: question, phrase hint
differs: the whole reply must be the answer. VLMEvalKit cuts spaces around it and takes any case; the authors want the
    very same text, lmms-eval takes any case and no punctuation. A full stop makes an answer wrong but for lmms-eval.
    The hub has the pictures in another part than the questions, so that they come from VLMEvalKit's TSV here.
"""

from collections.abc import Mapping, Sequence

from sailbench.rows import Row, Tsv
from sailbench.rules.short_answer import by_similarity, short_answer
from sailbench.types import Sample


def read(row: Row) -> Sample:
    types = row.columns.get("types")
    kinds = {name: str(types[name]) for name in ("structural", "semantic")} if isinstance(types, Mapping) else {}
    return Sample(
        id=row.text("index", "id", default=None),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image"),
        group=kinds | ({"answer": "open" if kinds["structural"] == "query" else "binary"} if kinds else {}),
    )


def same_folded(said: str, golds: Sequence[str]) -> float:
    return float(said.strip().lower() in [gold.strip().lower() for gold in golds])


def same(said: str, golds: Sequence[str]) -> float:
    return float(said in golds)


TASK = short_answer(
    read,
    rules={"opencompass": by_similarity(same_folded), "official": by_similarity(same)},
    sources=(
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/GQA_TestDev_Balanced.tsv",
            md5="99b62f22e224d9b2f32dcbe41359d1c9",
        ),
    ),
)
