"""TVBench, 16 frames
paper: arXiv 2410.07752
year: 2024
family: video
modality: video
size: 2525
split: the 10 parts that the hub calls train
groups: paper, video
aliases: tvb
licence: CC BY 4.0; the videos are of several sources
metric: accuracy over all questions; the mean of the 10 tasks' accuracies is the metric macro
official: daniel-cores/tvbench@c354322 infer.ipynb, vqa_dataset.py
judge: none
published: none by SAIL-VL2's authors
prompt: the authors' system text, frames, question, options in brackets, "Only give the best option."; without the
    "Best option:(" that answers are to begin with, as the official wrapper has it for MVBench
differs: VLMEvalKit does not have it. The authors' rule is MVBench's: the first line's first word, with "(" in front, is
    right if it is contained in the gold label ("(a)") or contains it. lmms-eval takes the first capital that stands
    alone, articles included, ignores the seconds that Action Sequence and Action Localization are to be cut to, and has
    a prompt of its own. Frames are the middles of 16 equal parts of the row's seconds, as the authors take them.
"""

from sailbench.aggregate import SAMPLES, macro
from sailbench.families import choice
from sailbench.metrics.video_letters import first_opened_token, fits_label
from sailbench.rows import Hub, Row
from sailbench.rules.videos import by_label, gold_labels
from sailbench.types import Sample

from ._choices import lettered, present
from ._videos import BEST, FRAMES, WATCH, bracketed, film, stretch

PARTS = (
    *("action_antonym", "action_count", "action_localization", "action_sequence", "egocentric_sequence"),
    *("moving_direction", "object_count", "object_shuffle", "scene_transition", "unexpected_action"),
)


def read(row: Row) -> Sample:
    part = row.text("task_type", default=row.part)
    choices = lettered(row.list("candidates"))
    last, first = gold_labels(choices, row.text("answer"))
    video, folder = row.text("video"), part.lower().replace(" ", "_")
    return Sample(
        id=row.text("index", default=f"{part}_{row.number}"),
        question=row.text("question"),
        target=last,
        media=stretch(row, film(row, f"video/{folder}/{video}", video)),
        choices=choices,
        group=present({"task": part.replace("_", " ")}),
        extra={"first": first},
    )


def text(sample: Sample) -> str:
    return f"{WATCH}{bracketed(sample.question, sample.choices)}{BEST}"


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={"official": by_label(first_opened_token, fits_label, by_options=False)},
    headline=SAMPLES,
    metrics={"macro": macro("task")},
    sources=tuple(Hub(repo="FunAILab/TVBench", config=part, split="train", media=("video/*",)) for part in PARTS),
)
