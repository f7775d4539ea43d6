"""CountBenchQA
paper: arXiv 2302.12066
year: 2023
family: grounding_counting
modality: image
size: 491
split: test
groups: counting
aliases: countbench
licence: see huggingface.co/datasets/vikhyatk/CountBenchQA
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cf lmms_eval/tasks/countbenchqa/utils.py; google-research/big_vision@4a12790,
    whose authors wrote the questions, has no script for them
judge: none
published: none by SAIL-VL2
prompt: question, phrase hint. Never with the picture's caption, as lmms-eval has it: captions state the number
differs: VLMEvalKit wants the number's digits anywhere in the reply ("12" holds 2), lmms-eval wants nothing else than
    the digits. Number words are wrong to both.
"""

from collections.abc import Sequence

from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_similarity, short_answer
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer", "number"),
        media=row.images("image"),
    )


def holds(said: str, golds: Sequence[str]) -> float:
    return float(any(gold in said for gold in golds))


def same(said: str, golds: Sequence[str]) -> float:
    return float(said.strip() in golds)


TASK = short_answer(
    read,
    rules={"opencompass": by_similarity(holds), "official": by_similarity(same)},
    sources=(
        Hub(repo="vikhyatk/CountBenchQA", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CountBenchQA.tsv",
            md5="fc73c8d4ffa665431448753f094d56ff",
        ),
    ),
)
