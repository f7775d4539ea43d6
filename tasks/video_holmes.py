"""Video-Holmes, 16 frames
paper: arXiv 2505.21374
year: 2025
family: video
modality: video
size: 1837
split: test
groups: video
aliases: videoholmes
licence: Apache-2.0, for academic purposes
metric: accuracy over all questions
official: TencentARC/Video-Holmes@52ef8da evaluate.py
judge: none
published: none by SAIL-VL2's authors
prompt: frames and VLMEvalKit's text, which asks for <think> and <answer> tags, with its line breaks and indents, and
    the options as a list in Python's spelling without apostrophes; the authors write "A: text, B: text"
differs: both rules look into the last <answer> block; where there is none the authors look through the whole reply, and
    VLMEvalKit calls it wrong. Of A to F the first in the alphabet counts that has a space or a colon behind it or "["
    before it, else the first of all capitals, within words too: "<answer>Answer: E</answer>" and
    "<answer>E) Anna</answer>" read A. lmms-eval asks for a letter alone and tosses a coin.
"""

from collections.abc import Mapping
from typing import Any

from sailbench.extract import Found
from sailbench.families import choice, rule
from sailbench.metrics.video_letters import alphabetical_letter, answer_block
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import present
from ._videos import FRAMES, film, record

# Line breaks and indents are those of the toolkit.
REQUEST = (
    "\n    Based on the given video, reason and answer the single-choice question. Provide your reasoning between the "
    "<think> and </think> tags, and then give your final answer between the <answer> and </answer> tags.     "
    "The question is: {question}. The options are: {options}.     Your answer:\n    "
)


def read(row: Row) -> Sample:
    options = listed(row) or [f"{label}. {text}".replace("'", "") for label, text in named(row).items()]
    video = row.text("video ID", "video")
    return Sample(
        id=row.text("Question ID", "question_id", "index", default=str(row.number)),
        question=row.text("Question", "question"),
        target=row.text("Answer", "answer"),
        media=film(row, f"videos/{video}.mp4", f"videos_cropped/{video}.mp4", f"video/{video}.mp4", f"{video}.mp4"),
        choices={line[:1]: line[2:].strip() for line in options},
        group=present({"type": row.text("Question Type", "question_type")}),
        extra={"options": options},
    )


def listed(row: Row) -> list[str]:
    return [str(line) for line in row.list("candidates")]


def named(row: Row) -> Mapping[str, Any]:
    """Options by letter, A to F; the hub's tables have empty ones for letters that are not there."""
    options = record(row, "Options")
    return {label: options[label] for label in "ABCDEF" if options.get(label) is not None}


def text(sample: Sample) -> str:
    return REQUEST.format(question=sample.question, options=sample.extra["options"])


def of_block(text: str, sample: Sample) -> Found | None:
    block = answer_block(text)
    return None if block is None else alphabetical_letter(block)


def of_block_or_reply(text: str, sample: Sample) -> Found | None:
    block = answer_block(text)
    return alphabetical_letter(text if block is None else block)


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={"opencompass": rule(of_block), "official": rule(of_block_or_reply)},
    sources=(Hub(repo="TencentARC/Video-Holmes", split="test", media=("videos.zip",)),),
)
