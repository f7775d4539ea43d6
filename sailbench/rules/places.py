"""Rules for answers that are places in an image: a box that must overlap the gold one, a click that must hit it."""

from collections.abc import Callable, Sequence

from sailbench.errors import MediaError
from sailbench.families import needs_target
from sailbench.media import image_size
from sailbench.metrics.boxes import Box, iou_score, on_image, read_box
from sailbench.metrics.points import is_inside
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score

Pair = tuple[float, float]  # across, down
UNSIZED = Score(None, None, "the image's size is not known")


def size_of(sample: Sample) -> Pair | None:
    """Width and height: the row's own (`extra["size"]`), else those of the image, None if that cannot be opened."""
    size: Pair | None = sample.extra.get("size")
    try:
        return size or image_size(sample.media[0])
    except (IndexError, MediaError):
        return None


@needs_target
def by_box(sample: Sample, reply: Reply) -> Score:
    """Right when the reply's box and the gold one, in pixels, share half of what they cover; `parts` has the IoU."""
    box, size = read_box(reply.text), size_of(sample)
    if box is None:
        return Score(0.0, None, "no four numbers", {"iou": 0.0})
    if size is None:
        return UNSIZED
    iou = iou_score(on_image(box, *size), sample.target)
    return Score(float(iou >= 0.5), _listed(box), f"IoU {iou:.3f}", {"iou": iou})


def by_click(read: Callable[[str], Pair | None], pixels: bool = True, inset: str = "") -> Rule:
    """Right when the place that is read lies in the gold box, edges included.

    Numbers above 1 in the gold box are pixels, and in the reply unless it has shares only (`pixels` is False).
    `inset` names the extra that says how much to take off the box's far edges.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        point = read(reply.text)
        if point is None:
            return Score(0.0, None, "no place found")
        far = sample.extra.get(inset, 0)
        left, top, right, bottom = sample.target
        box = (left, top, right - far, bottom - far)
        in_pixels = pixels and _in_pixels(point)
        size = (1.0, 1.0) if in_pixels == _in_pixels(box) else size_of(sample)
        if size is None:
            return UNSIZED
        place = (point[0] / size[0], point[1] / size[1]) if in_pixels else point
        hit = is_inside(place, _box_shares(box, size))
        return Score(float(hit), _listed(point), "in the box" if hit else "not in the box")

    return grade


def _in_pixels(numbers: Sequence[float]) -> bool:
    return max(numbers) > 1


def _box_shares(box: Box, size: Pair) -> Box:
    if not _in_pixels(box):
        return box
    # -1 stands for the image's edge (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/GUI/screenspot.py).
    left, top, right, bottom = (0 if number == -1 else number for number in box)
    return left / size[0], top / size[1], right / size[0], bottom / size[1]


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
