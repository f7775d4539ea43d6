"""MTVQA, test split
paper: arXiv 2405.11985
year: 2024
family: multilingual
modality: image
size: 6778
split: test
groups: multilingual, ocr
licence: CC BY-NC 4.0
metric: questions whose reply holds the answer
official: bytedance/MTVQA@efc6a78 scripts/acc.py
judge: none
published: none by SAIL-VL2
prompt: question, as the official wrapper sends it; VLMEvalKit would add that the answer is to be in its language
differs: case does not count. VLMEvalKit removes full stops from answer and reply, so that 3.5 is 35; the authors from
    the reply only, so that an answer with a full stop is never held. VLMEvalKit averages over the questions, the
    authors over the nine languages (metric mean_of_languages). A row on the hub is a picture with its questions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sailbench.aggregate import macro
from sailbench.errors import TaskError
from sailbench.families import contains
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.short_answer import by_similarity
from sailbench.types import Sample

MOST = 24  # questions that are looked for in a picture's row


def read(row: Row) -> Sample | None:
    own: Mapping[str, Any] = row
    id = row.text("index", "question_id", default=str(row.number))
    if row.has("qa_pairs"):
        pairs, place = row.list("qa_pairs"), int(row.part.rpartition(" ")[2] or 0)
        if len(pairs) > MOST:
            raise TaskError(f"row {row.number} has {len(pairs)} questions; no more than {MOST} are looked for")
        if place >= len(pairs):
            return None
        own, id = pairs[place], f"{row.text('id', default=None)}_{place}"
    question, answer = (str(own.get(name) or "").strip() for name in ("question", "answer"))
    if not question:
        return None
    return Sample(
        id=id,
        question=question,
        target=answer,
        media=row.images("image"),
        group={"language": row.text("category", "lang")},
    )


def without_stops(said: str, golds: Sequence[str]) -> float:
    reply = said.strip().lower().replace(".", "")
    return float(any(gold.strip().lower().replace(".", "") in reply for gold in golds))


def with_stops(said: str, golds: Sequence[str]) -> float:
    reply = said.strip().lower().replace(".", "")
    return float(any(gold.strip().lower() in reply for gold in golds))


TASK = contains(
    read,
    text=as_it_is,
    rules={"opencompass": by_similarity(without_stops), "official": by_similarity(with_stops)},
    metrics={"mean_of_languages": macro("language")},
    sources=(
        *(Hub(repo="ByteDance/MTVQA", split="test", part=f"question {place}") for place in range(MOST)),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MTVQA_TEST.tsv",
            md5="d87c17dbab934b7cd89c0a3c1c5657f4",
        ),
    ),
)
