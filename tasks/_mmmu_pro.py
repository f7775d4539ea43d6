"""MMMU-Pro, both settings: rows, images in the order in which the text names them, and what both rules share."""

import re
from typing import Any

from sailbench.families import Text, by_option_match, options_read_by, rule
from sailbench.metrics.exam_letters import last_answered_option
from sailbench.rows import Row
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Media, Request, Sample, Sampling

from .mmmu_val import DISCIPLINES

DIRECT = "Answer directly with the option letter from the given choices. "
# VLMEvalKit reads one digit.
_NAMED = re.compile(r"<image (\d)>")


def read(row: Row) -> Sample:
    id = row.text("id", "index", default=str(row.number))
    # "test_Diagnostics_and_Laboratory_Medicine_3"
    subject = row.text("subject", "category") or "_".join(id.split("_")[1:-1])
    group = {"subject": subject, "discipline": DISCIPLINES.get(subject.replace(" ", "_"), "")}
    return Sample(
        id=id,
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image", *(f"image_{k}" for k in range(1, 8))),
        choices=row.choices(),
        group={name: place for name, place in group.items() if place},
    )


def interleaved(text: str, media: tuple[Media, ...]) -> tuple[str, tuple[Media, ...]]:
    """The text with a mark where it names an image that is there, and the named images in that order.

    An image named twice is shown twice, one not named is not shown; all are in front of a text that names none.
    """
    named: list[Media] = []

    def mark(found: re.Match[str]) -> str:
        place = int(found[1]) - 1
        if not 0 <= place < len(media):
            return found[0]
        named.append(media[place])
        return MEDIA_MARK

    marked = _NAMED.sub(mark, text)
    return (marked, tuple(named)) if named else (text, media)


def mmmu_pro(text: Text, **options: Any) -> Task:
    def ask(sample: Sample) -> Request:
        said, media = interleaved(text(sample), sample.media)
        return Request(turns=(said,), media=media, sampling=Sampling(enlarge=2))

    by_authors = rule(options_read_by(last_answered_option))
    return Task(read=read, ask=ask, rules={"opencompass": by_option_match, "official": by_authors}, **options)
