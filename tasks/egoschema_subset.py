"""EgoSchema, the subset with public answers, 16 frames
paper: arXiv 2308.09126
year: 2023
family: video
modality: video
size: 500
split: Subset
groups: video
aliases: egoschema
licence: Ego4D's for the videos
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/egoschema/utils.py; the authors'
    egoschema/EgoSchema@505c787 has a server that compares numbers of options, and reads no text
judge: none
published: none by SAIL-VL2's authors
prompt: frames, question, the five option lines as they are given, letter hint
differs: VLMEvalKit does not have it. Of all letters in brackets, before a space or before a dot the one whose last
    mention comes first is read, within words too: "Not A. The answer is D" reads A, "C walks" C. Else option lines
    with their letters in replies of more than five words; nothing where lmms-eval tosses a coin ("Answer: B) cleans").
    The whole set of 5031 has its answers on the authors' server alone.
"""

import string

from sailbench.extract import Found
from sailbench.families import choice, rule
from sailbench.metrics.video_letters import first_mentioned_option
from sailbench.prompts import LETTER
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import lettered
from ._videos import FRAMES, film


def read(row: Row) -> Sample:
    lines = lettered([str(line).strip() for line in row.list("option")])
    answer, video = row.text("answer"), row.text("video_idx")
    return Sample(
        id=row.text("question_idx", "video_idx", default=str(row.number)),
        question=row.text("question"),
        target=string.ascii_uppercase[int(answer)] if answer.isdecimal() and int(answer) < 5 else answer,
        media=film(row, f"videos/{video}.mp4", f"videos/{video}.MP4"),
        choices={label: line.removeprefix(f"{label}.").strip() for label, line in lines.items()},
        extra={"lines": lines},
    )


def text(sample: Sample) -> str:
    # The hint stays English, as lmms-eval's.
    return "\n".join([sample.question, *sample.extra["lines"].values(), LETTER[0]])


def first_option(text: str, sample: Sample) -> Found | None:
    return first_mentioned_option(text, sample.extra["lines"])


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={"official": rule(first_option)},
    sources=(Hub(repo="lmms-eval/egoschema", config="Subset", split="test", media=("*.zip",)),),
)
