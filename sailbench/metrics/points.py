"""Points in replies: where a model clicks or points, read out of text, and whether that lies in a box or a mask.

Toolkits read different forms, so each reader says whose it is. None of them knows a model's own scale but by the
size of its numbers.
"""

import re
from collections.abc import Sequence
from typing import Any

from sailbench.metrics.boxes import Box

Point = tuple[float, float]

_CLICK = re.compile(r"x=([\d.]+), y=([\d.]+)")


def clicked_point(text: str) -> Point | None:
    """The first "x=1, y=2", as in a call of pyautogui; exactly one space behind the comma, no signs.

    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/GUI/screenspot.py parse_bbox_aguvis, which reads everything
    else as a click at the origin.

    >>> clicked_point("pyautogui.click(x=50, y=120)"), clicked_point("[0.05, 0.24]"), clicked_point("x=1.2.3, y=4")
    ((50.0, 120.0), None, None)
    """
    found = _CLICK.search(text)
    try:
        return (float(found[1]), float(found[2])) if found else None
    except ValueError:
        return None


_TAGGED = re.compile(r"<box>([^<]{0,200})</box>|\[\[([\d., ]{0,200})\]\]")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")
_SIGNED = re.compile(r"-?\d+(?:\.\d*)?")


def pointed_at(text: str) -> Point | None:
    """The place meant by a reply, as shares of width and height: a point, or the middle of a box.

    The readers of the authors' model adapters in a row: two or four numbers in <box> tags (Qwen-VL's parentheses,
    and the brackets that SAIL-VL2 writes) or in double brackets, thousandths where one is above 1; else the
    reply's numbers as shares, if they are exactly two or four.
    njucckevin/SeeClick@0ef37ac pretrain/process_utils.py and screenspot_test.py;
    likaixin2000/ScreenSpot-Pro-GUI-Grounding@bd8bbbb models/internvl.py, gpt4x.py, seeclick.py

    >>> pointed_at("<box>(100,200),(300,400)</box>"), pointed_at("<box>[[100, 200, 300, 400]]</box>")
    ((0.2, 0.3), (0.2, 0.3))
    >>> pointed_at("[[0.1,0.2]]"), pointed_at("click(x=0.5, y=0.25)"), pointed_at("row 1, 2 or 3")
    ((0.1, 0.2), (0.5, 0.25), None)
    """
    if marked := _TAGGED.search(text):
        numbers = [float(number) for number in _DECIMAL.findall(marked[1] or marked[2] or "")]
        point, scale = _middle(numbers), 1000 if max(numbers, default=0.0) > 1 else 1
        return None if point is None else (point[0] / scale, point[1] / scale)
    return _middle([float(number) for number in _SIGNED.findall(text)])


def _middle(numbers: Sequence[float]) -> Point | None:
    if len(numbers) == 4:
        return (numbers[0] + numbers[2]) / 2, (numbers[1] + numbers[3]) / 2
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def is_inside(point: Point, box: Box) -> bool:
    """Whether the point lies in the box, edges included."""
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


CANVAS = (640, 480)
_VECTOR = re.compile(r"\(([-+]?\d+(?:\.\d*)?(?:,\s*[-+]?\d+(?:\.\d*)?)*)\)")


def listed_places(text: str) -> list[tuple[int, ...]] | None:
    """Every "(x, y)" as a pixel and every "(x0, y0, x1, y1)" as a box of pixels; None where a number is unreadable.

    A decimal point in any of its numbers makes a place shares of a canvas of 640 x 480 (in a box the first must
    have it); without one they are pixels. Square brackets and spaces behind the parenthesis are not read.
    wentaoyuan/RoboPoint@adbee8d robopoint/eval/summarize_vqa.py text2pts

    >>> listed_places("[(0.75, 0.75), (480, 360)]"), listed_places("(0.5, 0.5, 1.0, 1.0)"), listed_places("( 1, 2)")
    ([(480, 360), (480, 360)], [(320, 240, 640, 480)], [])
    """
    try:
        vectors = [[float(n) if "." in n else int(n) for n in found.split(",")] for found in _VECTOR.findall(text)]
        return [_pixels(vector) for vector in vectors if len(vector) in (2, 4)]
    except (ValueError, OverflowError):
        return None


def _pixels(vector: Sequence[int | float]) -> tuple[int, ...]:
    shares = [isinstance(number, float) for number in vector]
    if not any(shares):
        return tuple(int(number) for number in vector)
    if len(vector) == 4 and not shares[0]:
        raise ValueError("a box that begins with pixels and goes on with shares")
    return tuple(int(number * CANVAS[i % 2]) for i, number in enumerate(vector))


def mask_share(places: Sequence[tuple[int, ...]], mask: Any) -> float:
    """The mean of the mask (an array of height x width in [0, 1]) over all points; off the image it is 0.

    A box counts as all its pixels that are on a canvas of 640 x 480. 0 without points.
    """
    import numpy as np

    canvas = np.zeros((CANVAS[1], CANVAS[0]))
    own = mask[: CANVAS[1], : CANVAS[0]]
    canvas[: own.shape[0], : own.shape[1]] = own
    total, points = 0.0, 0
    for place in places:
        if len(place) == 2:
            x, y = place
            total += float(mask[y, x]) if 0 <= x < mask.shape[1] and 0 <= y < mask.shape[0] else 0.0
            points += 1
        else:
            x0, y0, x1, y1 = place
            inside = canvas[y0:y1, x0:x1]
            total += float(inside.sum())
            points += inside.size
    return total / points if points else 0.0
