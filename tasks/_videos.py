"""What video benchmarks share: how many frames, options in brackets or as a record, and where their films lie."""

import json
from collections.abc import Mapping
from typing import Any

from sailbench.errors import TaskError
from sailbench.media import Clip
from sailbench.rows import Row
from sailbench.types import Media, Sampling

FRAMES = Sampling(detail="frame", frames=16)
# MVBench's, without the "Best option:(" that its answers begin with: the official wrapper cuts it.
WATCH = (
    "Carefully watch the video and pay attention to the cause and sequence of events, the detail and movement of "
    "objects, and the action and pose of persons. Based on your observations, select the best option that accurately "
    "addresses the question.\n"
)
BEST = "\nOnly give the best option."


def film(row: Row, *paths: str) -> tuple[Media, ...]:
    """The video at the first of these paths that there is one at; the first path where there is none."""
    there = [medium for path in paths for medium in row.video(path)]
    return tuple(there and [next((medium for medium in there if medium.digest), there[0])])


def stretch(row: Row, films: tuple[Media, ...]) -> tuple[Media, ...]:
    """The films between the row's start and end, in seconds; all of them without these."""
    start, end = (float(row.text(name)) if row.has(name) else None for name in ("start", "end"))
    return tuple(Clip.of(one, start, end) for one in films)


def bracketed(question: str, choices: Mapping[str, str]) -> str:
    """The question and its options, each behind "(A)"."""
    lines = "\n".join(f"({label}) {text}" for label, text in choices.items())
    return f"Question: {question}\nOptions:\n{lines}".rstrip()


def record(row: Row, name: str) -> Mapping[str, Any]:
    """A cell that is a record, or one written as JSON; an empty one where there is none."""
    cell = row.columns.get(name) or {}
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise TaskError(f"row {row.number}: column {name} is not JSON: {error}") from error
    if not isinstance(cell, Mapping):
        raise TaskError(f"row {row.number}: column {name} is no record of names and values")
    return cell
