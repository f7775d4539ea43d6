"""VSI-Bench, 16 frames
paper: arXiv 2412.14171
year: 2024
family: spatial
modality: video
size: 5130
split: test
groups: spatial, video
aliases: vsibench
licence: see the data set's card; videos of ScanNet, ScanNet++ and ARKitScenes
metric: mean over eight tasks: accuracy for options, mean relative accuracy for numbers; object_rel_direction is the
    mean of its three levels
official: vision-x-nyu/thinking-in-space@51e089c lmms_eval/tasks/vsibench/utils.py
judge: none
prompt: "These are frames of a video.", question, options, and the toolkit's request for a letter or a float number, a
    line each (videos keep the toolkit's prompt under the official wrapper); the authors put "Options:" before the
    options and ask numbers as "a single word or phrase"
differs: VLMEvalKit reads the letter or the last number that free reasoning comes to (an article A counts as A, number
    words up to twenty as numbers). With an API key it does not do this but has an LLM grade letters and extract
    numbers; that path is not here. The authors read the first word alone, so that "The answer is B" and "3 chairs."
    part: the first is wrong, the second 3. Both count a number as right within ten tolerances from 50 % down to
    5 %, edges included, though the paper says "less than". lmms-eval now takes the first number or number word.
    In a part of the data without a level of object_rel_direction, VLMEvalKit counts the levels apart.
"""

from sailbench.aggregate import macro
from sailbench.extract import Found
from sailbench.families import asking, rule, with_choices
from sailbench.metrics.relative_accuracy import mean_relative_accuracy_score
from sailbench.metrics.spatial_answers import concluding_letter, concluding_number
from sailbench.prompts import LETTER
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Sample, Sampling

OPENING = "These are frames of a video."
FLOAT = "Answer briefly and directly in one float number."


def read(row: Row) -> Sample:
    lines = [str(line) for line in row.list("candidates" if row.has("candidates") else "options")]
    kind = row.text("question_type")
    path = row.text("video") or f"{row.text('dataset')}/{row.text('scene_name')}.mp4"
    source = row.text("dataset")
    return Sample(
        id=row.text("index", "id", default=str(row.number)),
        question="\n".join([row.text("question"), *lines]),
        target=row.text("answer", "ground_truth").strip(),
        media=row.video(path),
        choices={line[:1]: line[2:].strip() for line in lines},
        group={
            # object_rel_direction_easy, _medium and _hard are one task.
            "task": kind if not kind.startswith("object_rel_direction") else "object_rel_direction",
            "question_type": kind,
            **({"dataset": source} if source else {}),
        },
    )


def text(sample: Sample) -> str:
    return f"{OPENING}\n{sample.question}\n{LETTER[0] if sample.choices else FLOAT}"


def first_word(said: str, sample: Sample) -> Found | None:
    word = said.split(" ")[0].rstrip(".").strip()
    return Found(word, "the first word") if word else None


def first_number(said: str, sample: Sample) -> Found | None:
    word = first_word(said, sample)
    try:
        return word and Found(str(float(word.answer)), "the first word")
    except ValueError:
        return None


def is_letter(answer: str, sample: Sample) -> float:
    return float(answer.lower() == sample.target.lower())


def is_near(answer: str, sample: Sample) -> float:
    return mean_relative_accuracy_score(float(answer), float(sample.target))


TASK = Task(
    read=read,
    ask=asking(text, Sampling(detail="frame", frames=16)),
    rules={
        "opencompass": with_choices(
            rule(lambda said, _: concluding_letter(said), is_letter),
            rule(lambda said, _: concluding_number(said), is_near),
        ),
        "official": with_choices(rule(first_word, is_letter), rule(first_number, is_near)),
    },
    headline=macro("task", macro("question_type")),
    sources=(
        Hub(
            repo="nyu-visionx/VSI-Bench",
            config="full",
            split="test",
            media=("arkitscenes.zip", "scannet.zip", "scannetpp.zip"),
        ),
        Tsv(
            url="https://huggingface.co/datasets/lmms-lab-si/EASI-Leaderboard-Data/resolve/main/VSI-Bench.tsv",
            md5="34544fd83241391d83eff087a1be7d83",
        ),
    ),
)
