"""MMIU
paper: arXiv 2408.02718
year: 2024
family: multi_image
modality: multi_image
size: 11698
split: test
groups: paper, multi_image
aliases: mmiu_benchmark
licence: CC BY 4.0
metric: unweighted mean of the 52 tasks' accuracies
official: OpenGVLab/MMIU@36c48ec evaluate.py, evaluate_correct.py
judge: optional (the authors' is gpt-4o-mini)
published: SAIL-VL2-2B 42.61, SAIL-VL2-AnyRes-2B 43.02, SAIL-VL2-8B 45.72, SAIL-VL2-A3B 53.89; over tasks or over
    questions is not said
prompt: question, context (which lists the options), letter hint, as OpenGVLab/InternVL@1304881
    internvl_chat/eval/mmiu/evaluate_mmiu.py has it; rows with option columns as the official wrapper words them
differs: neither VLMEvalKit nor lmms-eval has it. A letter a to n without the punctuation around it is the answer; any
    other reply goes to the judge, whose raw reply counts: right is what the gold answer contains, so "B." is wrong.
    Questions without a gold answer are left out, and those the judge failed at are ungraded, as there.
"""

from sailbench.aggregate import SAMPLES, macro
from sailbench.families import choice
from sailbench.metrics.option_letters import bare_letter
from sailbench.prompts import LETTER, for_a_letter
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import of_reply, or_judged, present, tabled


def read(row: Row) -> Sample | None:
    if not row.has("output") and not row.has("answer"):
        return None
    paths = [str(path) for path in row.list("input_image_path")]
    # "./2D-spatial/forensic_detection_blink/1.png"
    relation = paths[0].removeprefix("./").split("/")[0] if paths else ""
    return tabled(
        row,
        target=row.text("output", "answer"),
        media=row.images("input_image_path") or row.images("image") or row.images("image_path"),
        choices=listed(row.text("options")) if row.has("options") else row.choices(),
        group=present({"task": row.text("task", "category", default="all"), "relation": relation}),
        extra={"hint": row.text("hint"), "context": row.text("context")},
    )


def listed(options: str) -> dict[str, str]:
    """Options as the hub has them, "A: dog" a line."""
    lines = (line.strip() for line in options.split("\n"))
    return {line[0]: line[2:].strip() for line in lines if line[:1].isupper() and line[1:2] == ":"}


def text(sample: Sample) -> str:
    context = sample.extra["context"]
    return f"{sample.question}\n{context}\n{LETTER[0]}" if context else for_a_letter(sample)


def is_in_gold(answer: str, sample: Sample) -> float:
    return float(answer.strip().lower() in sample.target.strip().lower())


TASK = choice(
    read,
    text=text,
    rules={"official": or_judged(of_reply(bare_letter), "mmiu", is_in_gold)},
    rubric="mmiu",
    headline=macro("task"),
    metrics={"micro": SAMPLES},
    sources=(Hub(repo="FanqingM/MMIU-Benchmark", split="test", media=("*.zip",)),),
)
