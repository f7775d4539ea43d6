"""MLVU, development set, multiple choice (M-Avg), 16 frames
paper: arXiv 2406.04264
year: 2024
family: video
modality: video
size: 2174
split: dev
groups: paper, video
aliases: mlvu, mlvu_mcq
licence: CC BY-NC-SA 4.0; the hub asks for agreement
metric: M-Avg; unweighted mean of the 7 tasks' accuracies for the authors, mean over all questions for VLMEvalKit
official: JUNJIE99/MLVU@fd060c1 evaluation/multiple_choice_evaluation/choice_bench.py
judge: optional
published: none by SAIL-VL2's authors
prompt: the authors' system text, which the official wrapper puts right before the question, frames, question, options
    in brackets, "Only give the best option."
differs: both means are metrics (macro, micro); the value is the one that goes with the protocol. Right is a reply that
    is the gold letter, or has it before its first closing bracket: "(A) dog" and "A", but not "A." For VLMEvalKit other
    replies go through its option rule, then an extractor; the authors stop there. lmms-eval reads letters by priority
    of places. Of options with one text the last is the gold one; two questions have no option with the gold text, so
    that nothing is right. The generation tasks (G-Avg: sub_scene, summary) are not part of it and are passed over.
"""

from collections.abc import Sequence
from dataclasses import replace
from operator import eq

from sailbench.aggregate import SAMPLES, macro
from sailbench.families import choice
from sailbench.metrics.video_letters import before_bracket
from sailbench.rows import Hub, Row
from sailbench.rules.videos import by_label, gold_labels
from sailbench.types import Graded, Reply, Sample, Score

from ._choices import lettered, options_in, present
from ._videos import BEST, FRAMES, bracketed, film

WATCH = (
    "Carefully watch this video and pay attention to every detail. Based on your observations, select the best option "
    "that accurately addresses the question."
)
TASKS = ("plotQA", "needle", "ego", "count", "order", "anomaly_reco", "topic_reasoning")


def read(row: Row) -> Sample | None:
    task = row.text("task_type", "question_type").replace("findNeedle", "needle")
    if task not in TASKS:
        return None
    question, choices = options_in(row.text("question"))
    choices = lettered(row.list("candidates")) or choices
    answer, video = row.text("answer"), row.text("video_name", "video")
    last, first = (answer, answer) if answer in choices else gold_labels(choices, answer)
    folder = row.text("prefix", default=f"MLVU/video/{TASKS.index(task) + 1}_{task}")
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=question.removeprefix("Question:").removesuffix("Options:").strip() if choices else question,
        target=last,
        media=film(row, f"{folder}/{video}", f"video/{video}", video),
        choices=choices,
        group=present({"task": task}),
        extra={"first": first},
    )


def text(sample: Sample) -> str:
    return f"{WATCH}{bracketed(sample.question, sample.choices)}{BEST}"


by_authors_letter = by_label(before_bracket, eq, by_options=False)


def by_authors(sample: Sample, reply: Reply) -> Score:
    return replace(by_authors_letter(sample, reply), parts={"authors": True})


TASK_MEAN = macro("task")


def own_mean(graded: Sequence[Graded]) -> float | None:
    """The authors' mean for grades by their rule, VLMEvalKit's for grades by its own."""
    authors = any("authors" in g.score.parts for g in graded)
    return (TASK_MEAN if authors else SAMPLES)(graded)


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={"opencompass": by_label(before_bracket, eq, by_options=True), "official": by_authors},
    headline=own_mean,
    metrics={"macro": TASK_MEAN, "micro": SAMPLES},
    sources=(Hub(repo="sy1998/MLVU_dev", split="test", media=("*.zip",)),),
    rubric="option",
)
