"""Rows of RefCOCO and its kin: one file holds the splits of all three, an expression with its box a row."""

import re
from collections.abc import Callable

from sailbench.aggregate import macro, part, within
from sailbench.families import NORMAL, asking
from sailbench.metrics.boxes import Box, read_box
from sailbench.prompts import as_it_is
from sailbench.rows import Row, Tsv
from sailbench.rules.places import by_box
from sailbench.task import Task
from sailbench.types import Sample

REQUEST = "Please provide the bounding box coordinate of the region this sentence describes: <ref>{}</ref>"
CORNERS = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")
FILE = Tsv(
    url="https://huggingface.co/datasets/mjuicem/RefCOCO-VLMEvalKit/resolve/main/RefCOCO.tsv",
    md5="f50ca356638ddac89b309311fd876a5d",
)
# RefCOCO's "test-A" is testA in the toolkit's tables.
SPLITS = {"val": "val", "test": "test", "testa": "testA", "testb": "testB"}


def place(row: Row) -> tuple[str, str]:
    """Data set and split: of `split` ("RefCOCO+_testA"), else `category` ("RefCOCO+ test-A"), else the file's part."""
    named, _, split = row.text("split", "dataset").partition("_")
    if not split:
        named, _, split = row.text("category", default=f" {row.part or 'all'}").partition(" ")
        split = SPLITS.get(re.sub(r"[\s_-]+", "", split.lower()), split)
    return named, split


def size(row: Row) -> tuple[float, float] | None:
    """Width and height, 1 x 1 where an expression's row has none: its box is in shares then. None: ask the image."""
    if isinstance(row.get("bbox"), list | tuple) and not row.has("width"):
        return None
    width, height = (float(row.text(side, default="1")) for side in ("width", "height"))
    return (width if width > 0 else 1.0), (height if height > 0 else 1.0)


def gold(row: Row, scale: tuple[float, float] | None) -> Box | tuple[()]:
    if all(row.has(corner) for corner in CORNERS):
        left, top, right, bottom = (float(row.text(corner)) for corner in CORNERS)
        return left, top, right, bottom
    if isinstance(row.get("bbox"), list | tuple):  # the hub's: left, top, width, height
        left, top, width, height = map(float, row["bbox"])
        return left, top, left + width, top + height
    box = read_box(row.text("answer"))
    if box is None or scale is None:
        return ()
    width, height = scale if max(map(abs, box)) <= 1.5 else (1.0, 1.0)
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


def reader(name: str) -> Callable[[Row], Sample | None]:
    def read(row: Row) -> Sample | None:
        named, split = place(row)
        if named not in ("", name):
            return None
        expressions = row.list("answer") if row.has("bbox") else []  # the hub's question asks for a caption
        id, scale = row.text("index", "question_id", default=str(row.number)), size(row)
        return Sample(
            id=id if id.startswith(f"{name}_") else f"{name}_{split}_{id}",
            question=REQUEST.format(expressions[0]) if expressions else row.text("question"),
            target=gold(row, scale),
            media=row.images("image"),
            group={"split": split},
            extra={"size": scale},
        )

    return read


def task(name: str, tests: tuple[str, ...]) -> Task:
    """One of the three. The headline weighs its splits alike; `tests` are those that are not `val`."""
    return Task(
        read=reader(name),
        ask=asking(as_it_is, NORMAL),
        rules={"opencompass": by_box},
        headline=macro("split"),
        metrics={"mean_iou": macro("split", part("iou")), **{split: within("split", split) for split in tests}},
        sources=(FILE,),
    )
