"""Where2Place, points in free space
paper: arXiv 2406.10721
year: 2024
family: grounding_counting
modality: image
size: 100
split: test
groups: grounding, spatial
licence: see the data set's card
metric: share of a reply's points that lie in the gold mask, mean over the questions
official: wentaoyuan/RoboPoint@adbee8d robopoint/eval/summarize_vqa.py
judge: none
prompt: question, the authors' format request ("a list of tuples ... between 0 and 1"), and lmms-eval's "Return only
    list of tuples"; rows of the authors' own file carry the request already. VLMEvalKit has no such task, so the
    official wrapper has no prompt for it
differs: the authors read pairs and boxes in parentheses: with a decimal point shares of 640 x 480, else pixels; all
    pixels of a box are points; points off the image count 0, so (1.0, 1.0) misses; shares are cut, not rounded. A
    mask is grey / 255, so that its JPEG edges count in part. They leave replies whose parsing fails (a box of pixels
    and shares, huge numbers) out of the mean; here they are unread and 0. lmms-eval takes whole numbers for shares
    too, ignores boxes, and rounds masks to 0 and 1. Square brackets and a space after "(" are read by none.
"""

from sailbench.errors import MediaError
from sailbench.families import NORMAL, asking, needs_target
from sailbench.media import open_image
from sailbench.metrics.points import listed_places, mask_share
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Score

FORMAT = (
    "Your answer should be formatted as a list of tuples, i.e. [(x1, y1), (x2, y2), ...], where each tuple contains "
    "the x and y coordinates of a point satisfying the conditions above. The coordinates should be between 0 and 1, "
    "indicating the normalized pixel locations of the points in the image."
)
ONLY = "Return only list of tuples, don't add anything else."


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("question_id", default=str(row.number)),
        question=f"{row['question']} {FORMAT} {ONLY}" if row.has("question") else row.text("text"),
        target=next(iter(row.images("mask")), None),
        media=row.images("image"),
    )


@needs_target
def in_mask(sample: Sample, reply: Reply) -> Score:
    import numpy as np

    places = listed_places(reply.text)
    try:
        mask = np.asarray(open_image(sample.target).convert("L")) / 255
    except MediaError as error:
        return Score(None, None, str(error))
    if not places:
        return Score(0.0, None, "no points in parentheses")
    return Score(mask_share(places, mask), str(places), "share of the points that lie in the mask")


TASK = Task(
    read=read,
    ask=asking(as_it_is, NORMAL),
    rules={"official": in_mask},
    sources=(Hub(repo="FlagEval/Where2Place", split="test"),),
)
