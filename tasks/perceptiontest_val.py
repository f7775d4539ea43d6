"""Perception Test, validation split, multiple choice, 16 frames
paper: arXiv 2305.13786
year: 2023
family: video
modality: video
size: 19140
split: validation
groups: video
aliases: perceptiontest, perceptiontest_val_mc
licence: CC BY 4.0
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/perceptiontest/val/utils.py; the authors'
    google-deepmind/perception_test@6bd0642 baselines/mc_vqa.ipynb, top-1 accuracy of numbers of options, was not read
judge: none
published: none by SAIL-VL2's authors
prompt: frames, question, three option lines, letter hint
differs: VLMEvalKit does not have it. The first capital A to D that is a word of its own is read, articles included:
    "A person puts C" reads A, "b" nothing. D, which is no option, is not an answer here; lmms-eval reads it, and it is
    always wrong. Skills (column tag) that questions have several of are not told apart.
"""

import string

from sailbench.extract import Found
from sailbench.families import choice, rule
from sailbench.metrics.video_letters import capital_alone
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import lettered, present
from ._videos import FRAMES, film


def read(row: Row) -> Sample:
    answer, video = row.text("answer_id"), row.text("video_name")
    return Sample(
        id=f"{video}_{row.text('question_id', default=str(row.number))}",
        question=row.text("question"),
        target=string.ascii_uppercase[int(answer)] if answer.isdecimal() else "",
        media=film(row, f"videos/{video}.mp4", f"videos/{video}.MP4"),
        choices=lettered(row.list("options")),
        group=present({name: row.text(name) for name in ("area", "reasoning")}),
    )


def letter(text: str, sample: Sample) -> Found | None:
    found = capital_alone(text)
    return found if found and found.answer in sample.choices else None


TASK = choice(
    read,
    sampling=FRAMES,
    rules={"official": rule(letter)},
    sources=(Hub(repo="lmms-eval/PerceptionTest_Val", config="mc_question_val", split="validation", media=("*.zip",)),),
)
