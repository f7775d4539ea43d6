"""MMVP
paper: arXiv 2401.06209
year: 2024
family: general
modality: image
size: 300
split: test (150 pairs)
groups: general
licence: MIT
metric: pairs of pictures with the same question on both of which it is answered rightly
official: tsb0601/MMVP@7635005 scripts/gpt_grader.py
judge: optional
published: none by SAIL-VL2
prompt: question, option lines, letter hint
differs: VLMEvalKit reads the option by its rule, and asks an LLM where that finds none. The authors ask GPT-4 of each
    reply whether it is right, yes or no; without its verdict their rule grades nothing, an unreadable one is no verdict
    (there it is wrong). Pairs are rows 2i and 2i+1 of the file. The hub's data have four golds (1-based 99, 100, 279
    and 280) that differ from the authors' file. lmms-eval takes any a or b that stands apart, articles included.
"""

import re

from sailbench import judge
from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT
from sailbench.extract import Found
from sailbench.families import choice, option, rule
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Reply, Sample, Score

RUBRIC = "mmvp"


def read(row: Row) -> Sample:
    # "(a) Open (b) Closed" on the hub, a column an option in the TSV.
    listed = re.split(r"\s*\([a-z]\)\s*", row.text("Options", "options"))[1:]
    place = int(row.text("Index", default="0")) - 1
    return Sample(
        id=row.text("index", "Index", default=str(row.number)),
        question=row.text("Question", "question"),
        target=row.text("Correct Answer", "answer").strip().strip("()").upper(),
        media=row.images("image"),
        choices=dict(zip("ABCD", listed, strict=False)) or row.choices(),
        unit=f"pair {place // 2}" if place >= 0 else f"rows {row.number // 2}",
        extra={"hint": row.text("hint")},
    )


def extracted(text: str, sample: Sample) -> Found | None:
    """What an extractor said; a judge's yes or no is no option."""
    return Found(text.strip(), "a letter") if text.strip() in sample.choices else None


def by_judge(_: Sample, reply: Reply) -> Score:
    if reply.verdict is None:
        return Score(None, None, f"needs a judge: {RUBRIC}")
    value = judge.load(RUBRIC).read(reply.verdict)
    said = reply.text.strip() or None
    return Score(None, said, "unreadable verdict") if value is None else Score(float(value), said, "the judge's word")


TASK = choice(
    read,
    rules={"opencompass": rule(option, verdict=extracted), "official": by_judge},
    headline=UNITS_ALL_RIGHT,
    metrics={"plain": SAMPLES},
    rubric=RUBRIC,
    sources=(
        Hub(repo="lmms-lab-eval/MMVP", split="train"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMVP.tsv",
            md5="8cb732b141a0cba5b42159df2839e557",
        ),
    ),
)
