"""MMBench-Video, 16 frames
paper: arXiv 2406.14515
year: 2024
family: video
modality: video
size: 1998
split: test
groups: paper, video
aliases: mmbench_video_nopack
licence: see the data set's card; videos are YouTube's
metric: mean of the judge's grades from 0 to 3, over all questions; also by dimension, where a question counts for each
    of its own, and with ungraded replies as 0 (metric all)
official: open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/mmbench_video.py, vlmeval/dataset/utils/mmbench_video.py,
    which is its authors' own
judge: required (gpt-4-1106 in the paper, gpt-4-turbo in VLMEvalKit)
published: none by SAIL-VL2's authors
prompt: the number of frames and what to do with them, frames, question; each question by itself (nopack)
differs: VLMEvalKit prints two means, one with failed replies and grades as 0 (all) and one without (valid); the value
    is the latter, with bounds. It takes any whole number for a grade; here 0 to 3 are read, others are ungraded. The
    hub has the videos as pickles, which are not opened here: the folder `video` is to be made by the authors' script.
"""

from collections.abc import Sequence

from sailbench import judge
from sailbench.aggregate import SAMPLES, Mean, Point
from sailbench.families import asking, needs_target
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.videos import by_kinds, means
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Score

from ._videos import FRAMES, film

# A reply's dimensions and what they are part of.
DIMENSIONS = {
    "CP": "Video Topic, Video Emotion, Video Scene, Video Style",
    "FP-S": "OCR, Object Recognition, Attribute Recognition, Event Recognition, Human Motion, Counting",
    "FP-C": "Spatial Relationship, Human-object Interaction, Human Interaction",
    "HL": "Hallucination",
    "LR": "Structuralized Image-Text Understanding, Mathematical Calculation",
    "AR": "Physical Property, Function Reasoning, Identity Reasoning",
    "RR": "Natural Relation, Physical Relation, Social Relation",
    "CSR": "Common Sense Reasoning",
    "TR": "Counterfactual Reasoning, Causal Reasoning, Future Prediction",
}
ABOVE = {leaf: name for name, leaves in DIMENSIONS.items() for leaf in leaves.split(", ")}
PERCEPTION = ("CP", "FP-C", "FP-S", "HL")
REQUEST = (
    "\nYou will be provided with {} separate frames uniformly sampled from a video, the frames are provided in "
    "chronological order of the video.\nPlease analyze these images and provide the answer to the question about the "
    "video content.\nPlease directly reply with your response to the only question.\n"
)


def read(row: Row) -> Sample:
    own = [str(one) for one in row.list("dimensions")]
    above = {ABOVE[one] for one in own if one in ABOVE}
    broad = {"Perception" if one in PERCEPTION else "Reasoning" for one in above}
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=film(row, f"video/{row.text('video')}.mp4", row.text("video_path")),
        extra={"kinds": [*own, *sorted(above), *sorted(broad)]},
    )


def text(sample: Sample) -> str:
    # The toolkit's own "Answer:" is cut by the wrapper, the space behind it stays.
    return f"{REQUEST.format(FRAMES.frames)}Question: {sample.question} "


@needs_target
def grade(sample: Sample, reply: Reply) -> Score:
    if not reply.text.strip():
        return Score(0.0, None, "an empty reply")
    if reply.verdict is None:
        return Score(None, None, "needs a judge: mmbench_video")
    value = judge.load("mmbench_video").read(reply.verdict)
    if value is None:
        return Score(None, None, "the judge's verdict cannot be read")
    return Score(float(value) / 3, reply.text.strip(), f"{value:.0f} of 3")


def failures_as_nothing(graded: Sequence[Graded]) -> list[Point]:
    return [Point(g.score.value or 0.0, g.cluster) for g in graded]


TASK = Task(
    read=read,
    ask=asking(text, FRAMES),
    rules={"opencompass": by_kinds(grade, lambda sample: sample.extra["kinds"])},
    rubric="mmbench_video",
    headline=SAMPLES,
    metrics={"all": Mean(failures_as_nothing), **means(("Perception", "Reasoning", *DIMENSIONS, *ABOVE))},
    scale=3.0,
    sources=(
        Hub(repo="opencompass/MMBench-Video", split="test", media=("video/*",)),
        Tsv(
            url="https://huggingface.co/datasets/opencompass/MMBench-Video/resolve/main/MMBench-Video.tsv",
            md5="98f7df3eb1007fc375ea6fe88a98e2ff",
        ),
    ),
)
