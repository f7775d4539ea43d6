"""CRPE, relation comprehension
paper: arXiv 2402.19474
year: 2024
family: hallucination
modality: image
size: 7576
split: relation
groups: paper, hallucination
aliases: crpe
licence: Apache-2.0
metric: groups of four consecutive rows (one question, its options rotated) with every row right
official: OpenGVLab/all-seeing@5cb8cea all-seeing-v2/llava/eval/eval_crpe.py
judge: none
published: SAIL-VL2-2B 75.20, SAIL-VL2-AnyRes-2B 75.46, SAIL-VL2-8B 77.61, SAIL-VL2-A3B 76.72; these are shares of
    7576, so accuracy over rows (metric plain), not over groups
prompt: the question as it is; it holds the options and asks for the letter
differs: VLMEvalKit compares the first sign of the reply if it is one sign long or begins with a capital A to D ("A man
    is" chooses A), and else looks for the gold answer in the reply, less its first four signs, in any case. An
    empty reply, at which it stops, is wrong here, and a gold answer that is a mere letter is looked for as the
    option that the question gives. The authors accept one letter and nothing else. They print each category, and
    quote the plain mean of the three (metric overall). lmms-eval looks for any option's text, then for the letter,
    and forms no groups. Rows must be in the order of their file.
"""

import re

from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT, macro
from sailbench.extract import Found
from sailbench.families import choice, needs_target, rule
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Reply, Sample, Score

LETTERS = ("A", "B", "C", "D")
OPTION = re.compile(r"^\(?([A-D])[.):]\s*(.*)$", re.MULTILINE)


def read(row: Row) -> Sample:
    question, answer = row.text("question", "text"), row.text("answer", "correct_option").strip()
    choices = {label: option.strip() for label, option in OPTION.findall(question)}
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=question,
        target=answer[:1],
        media=row.images("image") or row.images("image_path"),
        choices=choices,
        group={"category": row.text("category")} if row.has("category") else {},
        unit=f"rows {row.number // 4}",
        extra={"gold": answer[4:] or choices.get(answer, "")},
    )


@needs_target
def by_start_or_text(sample: Sample, reply: Reply) -> Score:
    said, gold = reply.text, sample.extra["gold"].lower()
    if len(said) == 1 or said.startswith(LETTERS):
        return Score(float(said[0] == sample.target), said[0], "the first sign")
    if said and gold and gold in said.lower():
        return Score(1.0, sample.target, "the text of the answer")
    return Score(0.0, None, "neither a letter at the start nor the text of the answer")


def letter(text: str, _: Sample) -> Found | None:
    return Found(text, "the reply is one sign") if len(text) == 1 else None


TASK = choice(
    read,
    text=as_it_is,
    rules={"opencompass": by_start_or_text, "official": rule(letter)},
    headline=UNITS_ALL_RIGHT,
    metrics={"plain": SAMPLES, "overall": macro("category", UNITS_ALL_RIGHT)},
    sources=(
        Hub(repo="nv-njb/CRPE", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/petter12321/crpe_vlmevalkit/resolve/main/CRPE_RELATION.tsv",
            md5="bad7094cde0b572288f4b119c2d0c656",
        ),
    ),
)
