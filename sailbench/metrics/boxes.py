"""Boxes in replies: four numbers read out of text, brought to an image's scale, compared by their overlap."""

import re
from collections.abc import Sequence

Box = tuple[float, float, float, float]  # left, top, right, bottom

_NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_BETWEEN = r"(?:\s*,\s*|\s+)"
_BRACKETED = re.compile(rf"\[\s*{_BETWEEN.join([f'({_NUMBER})'] * 4)}\s*\]")
_LOOSE = re.compile(_NUMBER)


def read_box(text: str) -> Box | None:
    """The first four numbers within square brackets, else the first four anywhere, digits of words included.

    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/refcoco.py

    >>> read_box("<box>[[100, 100, 300, 500]]</box>"), read_box("x1=7"), read_box("(1,2),(3,4)")
    ((100.0, 100.0, 300.0, 500.0), None, (1.0, 2.0, 3.0, 4.0))
    """
    bracketed = _BRACKETED.search(text)
    numbers = bracketed.groups() if bracketed else _LOOSE.findall(text)[:4]
    if len(numbers) < 4:
        return None
    left, top, right, bottom = map(float, numbers)
    return left, top, right, bottom


def on_image(box: Box, width: float, height: float) -> Box:
    """The box in pixels, corners in order, cut at the image's edges. Its scale is told by its largest number.

    Up to 1.5 they are fractions, up to 1000 thousandths, else pixels. Same source as `read_box`.

    >>> on_image((300, 500, 100, 100), 2000, 1000), on_image((0.1, 0.1, 0.3, 0.5), 2000, 1000)
    ((200.0, 100.0, 600.0, 500.0), (200.0, 100.0, 600.0, 500.0))
    """
    largest = max(map(abs, box))
    share = 1.0 if largest <= 1.5 else 1000.0
    if largest <= 1000:
        box = (box[0] / share * width, box[1] / share * height, box[2] / share * width, box[3] / share * height)
    across = sorted(min(max(x, 0.0), width) for x in (box[0], box[2]))
    down = sorted(min(max(y, 0.0), height) for y in (box[1], box[3]))
    return across[0], down[0], across[1], down[1]


def iou_score(box: Sequence[float], truth: Sequence[float]) -> float:
    """The area that two boxes share over the area that they cover together; boxes that merely touch share none.

    >>> iou_score((0, 0, 2, 2), (1, 0, 3, 2)), iou_score((0, 0, 1, 1), (1, 0, 2, 1))
    (0.3333333333333333, 0.0)
    """
    wide = min(box[2], truth[2]) - max(box[0], truth[0])
    high = min(box[3], truth[3]) - max(box[1], truth[1])
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    together = _area(box) + _area(truth) - shared
    return shared / together if together > 0 else 0.0


def _area(box: Sequence[float]) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
