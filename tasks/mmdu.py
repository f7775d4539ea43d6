"""MMDU
paper: arXiv 2406.11833
year: 2024
family: chat
modality: multi_image
size: 110 dialogues (about 1600 turns)
split: test
groups: chat, multi_image
licence: CC BY-NC 4.0 (data), Apache-2.0 (code)
metric: mean overall score over all turns, times ten; the same for six dimensions
official: Liuziyu77/MMDU@98a1a39 scores/prompt.py, scores/statistic.py
judge: required (gpt-4o; the authors show it the images, VLMEvalKit does not)
prompt: the user's turns, images in place, the model's own earlier answers before each; at most 512 new tokens a turn,
    as the official wrapper has it
media: images as base64 in the TSV; mmdu_pics/ of the hub's laolao77/MMDU beside its benchmark.json, which is read too
differs: the scale asked for is whole numbers from 1 to 10. VLMEvalKit cuts what lies above, drops decimals, and prints
    two means: in "all" a score that is missing counts 0, in "valid" it is left out. The authors leave out a turn that
    lacks one of the six dimensions and take any number. Here a turn's verdict needs all seven scores on the scale; a
    dialogue of which one cannot be read is ungraded, so that there is one mean and not two. A turn without an answer is
    0 without asking. A dialogue's value is the mean of its turns, but turns are what is averaged over. The hub's data
    set is not loaded by name: benchmark.json there lies beside the training set.
"""

from collections.abc import Mapping
from typing import Any

from sailbench.errors import TaskError
from sailbench.rows import Row, Tsv
from sailbench.rules.dialogues import by_turns, turn_inquiries
from sailbench.rules.open_ended import pooled
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Media, Request, Sample, Sampling

RUBRIC = "mmdu"
IMAGE = "<ImageHere>"
FOLDER = "/mmdu_pics/"
OVERALL = "Overall Score"
DIMENSIONS = (
    *("Creativity", "Richness", "Visual Perception", "Logical Coherence"),
    *("Answer Accuracy", "Image Relationship Understanding", OVERALL),
)


def read(row: Row) -> Sample:
    talk: list[Mapping[str, Any]] = row.list("conversations")
    asked = [str(t["value"]) for t in talk if t["from"] == "user"] or [str(q) for q in row.list("question")]
    given = [str(t["value"]) for t in talk if t["from"] == "assistant"] or [str(a) for a in row.list("answer")]
    if len(asked) != len(given):
        raise TaskError(f"row {row.number} has {len(asked)} questions and {len(given)} answers")
    pairs = list(zip(asked, given, strict=True))
    return Sample(
        id=row.text("index", "id", default=str(row.number)),
        question="\n".join(asked),
        target=tuple(given),
        media=pictures(row),
        extra={"turns": tuple(asked), "weight": len(pairs), "inquiries": turn_inquiries(RUBRIC, pairs)},
    )


def pictures(row: Row) -> tuple[Media, ...]:
    """The dialogue's images; paths in the authors' file start at the data folder, but with a slash."""
    cells = row.get("image")
    if not isinstance(cells, list) or not all(isinstance(one, str) and one.startswith(FOLDER) for one in cells):
        return row.images("image")
    own = Row({"image": [one.lstrip("/") for one in cells]}, row.root, row.number)
    own.find = row.find
    return own.images("image")


def ask(sample: Sample) -> Request:
    turns = tuple(turn.replace(IMAGE, MEDIA_MARK) for turn in sample.extra["turns"])
    return Request(turns=turns, media=sample.media, sampling=Sampling(max_tokens=512))


TASK = Task(
    read=read,
    ask=ask,
    rules={"opencompass": by_turns(RUBRIC, DIMENSIONS)},
    headline=pooled(OVERALL),
    metrics={name: pooled(name) for name in DIMENSIONS[:-1]},
    rubric=RUBRIC,
    sources=(
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMDU.tsv",
            md5="848b635a88a078f49aebcc6e39792061",
        ),
    ),
)
