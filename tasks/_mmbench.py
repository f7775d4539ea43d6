"""Rows of MMBench and its kin: options A to D, a hint, and rotations of one question as rows of their own."""

from sailbench.errors import TaskError
from sailbench.rows import Row
from sailbench.types import Sample

ROTATION = 1_000_000  # a rotated row's index is its question's plus multiples of this


def read(row: Row) -> Sample:
    index = number(row, "index")
    question = number(row, "g_index") if row.has("g_index") else index % ROTATION
    group = {"category": row.text("category"), "l2-category": row.text("l2-category", "L2-category")}
    return Sample(
        id=str(index),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image"),
        choices=row.choices(),
        group={name: place for name, place in group.items() if place},
        unit=str(question),
        extra={"hint": row.text("hint")},
    )


def number(row: Row, column: str) -> int:
    text = row.text(column, default=None)
    try:
        return int(float(text))
    except ValueError as error:
        raise TaskError(f"row {row.number}: {column} is {text!r}, which is no number") from error
