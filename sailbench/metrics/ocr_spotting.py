"""Texts with their boxes: how they are read out of a reply, and how many are found where they are and read right.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/spotting_metric.py, spotting_eval/ (ICDAR's end-to-end
script) and IoUscore_metric.py. Coordinates are thousandths of the image, 0 to 1000.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sailbench.metrics.literals import NotLiteralError, python_literal

LARGEST = 1_000_000  # pairs of boxes that are compared

_QUADRUPLE = re.compile(r"[(\[]\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*[)\]]")
_INNERMOST = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_QUOTED = re.compile(r'\s*"(.*)"\s*')
_EDGE_SIGNS = "!?.:,*\"()·[]/'"
_IGNORED = "###"

Box = tuple[int, int, int, int]


class Spotted(NamedTuple):
    """A box and the text in it."""

    box: Box
    text: str


def last_quadruple(text: str) -> Box | None:
    """The last four whole numbers from 0 to 1000 between brackets.

    >>> last_quadruple("(1, 2, 3, 4) or [5,6,7,8]"), last_quadruple("[0.1, 0.2, 0.3, 0.4]")
    ((5, 6, 7, 8), None)
    """
    last = None
    for found in _QUADRUPLE.finditer(text):
        numbers = _coordinates(found.groups())
        last = numbers or last
    return last


def _coordinates(texts: Sequence[str]) -> Box | None:
    try:
        left, top, right, bottom = (int(text) for text in texts)
    except ValueError:
        return None
    box = (left, top, right, bottom)
    return box if all(0 <= number <= 1000 for number in box) else None


def whole_iou_score(box: Sequence[Any], truth: Sequence[Any]) -> float:
    """The overlap of boxes whose coordinates are cut to whole numbers; 0 for what are no boxes.

    Corners in the wrong order are not put right, so that areas may be negative.

    >>> whole_iou_score((0, 0, 2, 2), ("1", 0, 3.9, 2))
    0.3333333333333333
    """
    try:
        one, other = [int(number) for number in box][:4], [int(number) for number in truth][:4]
        wide = min(one[2], other[2]) - max(one[0], other[0])
        high = min(one[3], other[3]) - max(one[1], other[1])
        areas = [(own[2] - own[0]) * (own[3] - own[1]) for own in (one, other)]
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    shared = max(0, wide) * max(0, high)
    together = sum(areas) - shared
    return shared / together if together else 0.0


def spotted_texts(text: str) -> list[Spotted]:
    """Boxes with their texts: from a Python list of (left, top, right, bottom, text), else from any such brackets.

    >>> spotted_texts("[(1, 2, 3, 4, 'a')]") == spotted_texts("boxes: (1, 2, 3, 4, a)")
    True
    """
    try:
        listed = python_literal(text)
    except NotLiteralError:
        items: Iterable[Sequence[Any]] = (inside[1].split(",", 4) for inside in _INNERMOST.finditer(text))
    else:
        items = listed if isinstance(listed, list | tuple) else ()
    found = (_spotted(item) for item in items if isinstance(item, list | tuple) and len(item) >= 5)
    return list(dict.fromkeys(one for one in found if one))


def _spotted(item: Sequence[Any]) -> Spotted | None:
    box = _coordinates([str(number).strip() for number in item[:4]])
    return Spotted(box, str(item[4]).replace("\n", "").strip().strip('"').strip("'")) if box else None


def spotting_score(predictions: Sequence[Spotted], truths: Sequence[Spotted]) -> float:
    """Harmonic mean of recall and precision; a box is found where it overlaps a true one by more than half.

    Each true box takes the first such box that is left, read right or not. True texts "###" are ignored, with the boxes
    that lie in them by more than half. One sign of punctuation at either end of a true text may be missing.

    >>> said = [Spotted((0, 0, 10, 10), "Stop"), Spotted((50, 50, 60, 60), "x")]
    >>> spotting_score(said, [Spotted((0, 0, 10, 9), "STOP!")])
    0.6666666666666666
    """
    said, wanted = ([Spotted(box, _unquoted(text)) for box, text in own] for own in (predictions, truths))
    ignored = [one.box for one in wanted if one.text == _IGNORED]
    wanted = [one for one in wanted if one.text != _IGNORED]
    said = [one for one in said if _has_area(one.box)]
    said = [one for one in said if not any(_shared(own, one.box) / _area(one.box) > 0.5 for own in ignored)]
    if not said or not wanted or len(said) * len(wanted) > LARGEST:
        return 0.0
    right = _read_right(said, wanted)
    recall, precision = right / len(wanted), right / len(said)
    return 2.0 * precision * recall / (precision + recall) if right else 0.0


def _read_right(said: Sequence[Spotted], wanted: Sequence[Spotted]) -> int:
    left, right = list(said), 0
    for truth in wanted:
        found = next((one for one in left if _overlap(truth.box, one.box) > 0.5), None)
        if found is not None:
            left.remove(found)
            right += _same_text(truth.text.upper(), found.text.upper())
    return right


def _same_text(truth: str, said: str) -> bool:
    """Whether the texts are the same, be it without the truth's first or last sign or both, if they are punctuation."""
    first, last = truth[:1] in _EDGE_SIGNS and truth != "", truth[-1:] in _EDGE_SIGNS and truth != ""
    return (
        said == truth
        or (first and said == truth[1:])
        or (last and said == truth[:-1])
        or (first and last and said == truth[1:-1])
    )


def _unquoted(text: str) -> str:
    """ICDAR's files may quote a text, with marks in it escaped."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace("\\\\", "\\").replace('\\"', '"') if quoted else text


def _has_area(box: Box) -> bool:
    return box[0] < box[2] and box[1] < box[3]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(one: Box, other: Box) -> int:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(0, wide) * max(0, high)


def _overlap(one: Box, other: Box) -> float:
    shared = _shared(one, other)
    together = _area(one) + _area(other) - shared
    return shared / together if together else 0.0
