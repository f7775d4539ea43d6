"""MVBench, 16 frames
paper: arXiv 2311.17005
year: 2023
family: video
modality: video
size: 4000
split: the 20 parts of 200 questions that the hub calls train
groups: paper, video
aliases: mvbench_mp4
licence: MIT; the videos are of 11 sources, those of Fine-grained Pose (NTU RGB+D) must be asked for
metric: accuracy over all questions, which is the mean of the 20 tasks' accuracies where all 200 questions are there
official: OpenGVLab/Ask-Anything@4dd8210 video_chat2/mvbench.ipynb
judge: optional
published: none by SAIL-VL2's authors
prompt: the authors' system text, frames, question, options in brackets, "Only give the best option."; the official
    wrapper cuts the "Best option:(" that answers are to begin with
differs: both rules look at the first word only: right is one that is contained in the gold label ("(a)"), or contains
    it, so that "(" and ")" are right for every option; full stops are, too, in the scripts, and failed requests for
    VLMEvalKit, but not here. VLMEvalKit then tries its option rule and an extractor, of whose reply ours reads what its
    option rule does. The authors stop there, and put the "(" that their prompt ends with in front: "B." and "(B) x" are
    right under both, "The answer is B" under VLMEvalKit's alone. Of options with one text the last is the gold one.
    Frames are those of VLMEvalKit's MVBench: the middles of 16 equal parts of the row's seconds, for Episodic Reasoning
    of a folder of frames at 3 a second. Its MVBench_MP4 has the same questions on clips that are cut already.
"""

from sailbench.aggregate import SAMPLES, macro
from sailbench.families import choice
from sailbench.metrics.video_letters import first_opened_token, first_token, fits_label
from sailbench.rows import Hub, Row
from sailbench.rules.videos import by_label, gold_labels
from sailbench.types import Sample

from ._choices import lettered, present
from ._videos import BEST, FRAMES, WATCH, bracketed, film, stretch

# Where the videos of the parts lie, below video/; what was mended in June 2024 lies below video/data0613/.
PLACES = {
    "star/Charades_v1_480": "action_sequence, action_prediction, object_interaction",
    "ssv2_video": "action_antonym",
    "Moments_in_Time_Raw/videos": "fine_grained_action",
    "FunQA_test/test": "unexpected_action",
    "clevrer/video_validation": "object_existence, moving_direction, moving_count, moving_attribute, "
    "counterfactual_inference",
    "perception/videos": "object_shuffle, action_count, state_change, character_order",
    "sta/sta_video": "action_localization",
    "scene_qa/video": "scene_transition",
    "nturgbd": "fine_grained_pose",
    "vlnqa": "egocentric_navigation",
    "tvqa/frames_fps3_hq": "episodic_reasoning",
}
PLACE = {part: place for place, parts in PLACES.items() for part in parts.split(", ")}


def read(row: Row) -> Sample:
    part = row.text("task_type", default=row.part)
    place = PLACE.get(part.lower().replace(" ", "_").replace("-", "_"), "")
    choices = lettered(row.list("candidates"))
    last, first = gold_labels(choices, row.text("answer"))
    video = row.text("video")
    known = f"{row.text('prefix')}/{video}"
    paths = (known,) if row.has("prefix") else (f"video/{place}/{video}", f"video/data0613/{place}/{video}")
    return Sample(
        id=row.text("index", default=f"{part}_{row.number}"),
        question=row.text("question"),
        target=last,
        media=stretch(row, film(row, *paths)),
        choices=choices,
        group=present({"task": part.replace("_", " ")}),
        extra={"first": first},
    )


def text(sample: Sample) -> str:
    return f"{WATCH}{bracketed(sample.question, sample.choices)}{BEST}"


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={
        "opencompass": by_label(first_token, fits_label, by_options=True),
        "official": by_label(first_opened_token, fits_label, by_options=False),
    },
    headline=SAMPLES,
    metrics={"macro": macro("task")},
    sources=tuple(Hub(repo="OpenGVLab/MVBench", config=part, split="train", media=("video/*.zip",)) for part in PLACE),
    rubric="option",
)
