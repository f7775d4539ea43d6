"""ScreenSpot and its kin: which element of a screenshot is meant, asked for as a click."""

from collections.abc import Mapping
from typing import Any

from sailbench.aggregate import within
from sailbench.families import NORMAL, asking
from sailbench.metrics.points import clicked_point, pointed_at
from sailbench.rows import Row
from sailbench.rules.places import by_click
from sailbench.task import Rule, Task
from sailbench.types import Sample

SYSTEM = (
    "You are a GUI agent. You are given a task and a screenshot of the screen. You need to perform pyautogui "
    "click/moveTo action to complete the task. The answer format is `pyautogui.click(x=?, y=?), x and y is necessary`"
)
REQUEST = "Please complete the following tasks by clicking using `pyautogui.click`:\n"

RULES: Mapping[str, Rule] = {
    # VLMEvalKit's boxes end at their last pixel where they are given by width and height.
    "opencompass": by_click(clicked_point, inset="last_pixel"),
    "official": by_click(pointed_at, pixels=False),
}


def text(sample: Sample) -> str:
    return f"{SYSTEM}\n{REQUEST}{sample.question}"


def size(row: Row) -> tuple[float, float] | None:
    """The screenshot's width and height, if the row says them."""
    if len(sides := row.list("img_size")) == 2:
        return float(sides[0]), float(sides[1])
    if row.has("image_width") and row.has("image_height"):
        return float(row["image_width"]), float(row["image_height"])
    return None


def box(row: Row) -> tuple[float, ...]:
    return tuple(float(number) for number in row.list("bbox"))


def task(**options: Any) -> Task:
    """Accuracy over all elements, and over texts and icons apart."""
    metrics = {kind: within("ui_type", kind) for kind in ("text", "icon")} | options.pop("metrics", {})
    return Task(ask=asking(text, NORMAL), rules=RULES, metrics=metrics, **options)
