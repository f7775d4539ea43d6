"""LVBench, 16 frames
paper: arXiv 2406.08035
year: 2024
family: video
modality: video
size: 1549
split: the one that the hub calls train
groups: video
aliases: lv_bench
licence: CC BY-NC-SA 4.0; videos are YouTube's
metric: accuracy over all questions; of each of the six kinds, where a question counts for every kind that it is of
official: THUDM/LVBench@f998d95 lvbench/metrics/compute_accuracy.py, lvbench/utils/answer_util.py
judge: none
published: none by SAIL-VL2's authors
prompt: frames, question, options in brackets, "Answer the question with the option letter", as lmms-eval has it
differs: VLMEvalKit does not have it. The authors compare a letter that is given to them; their helper takes the first
    character of what stands before the first closing bracket, behind an opening one if there is any: "B. dog" and
    "A man, so (B)" read B, "The answer is B" reads T, which is no answer, nor is "b". lmms-eval reads letters by
    priority of places. Questions without an answer are left out of the mean by the authors; here they are ungraded
    where the model failed, and wrong where nothing is read.
"""

from sailbench.families import asking, rule
from sailbench.metrics.video_letters import first_word_letter
from sailbench.rows import Hub, Row
from sailbench.rules.videos import by_kinds, means
from sailbench.task import Task
from sailbench.types import Sample

from ._choices import lettered, of_reply, options_in, present
from ._videos import FRAMES, film

KINDS = {
    "key information retrieval": "KIR",
    "event understanding": "EU",
    "summarization": "Sum",
    "entity recognition": "ER",
    "reasoning": "Rea",
    "temporal grounding": "TG",
}


def read(row: Row) -> Sample:
    question, choices = options_in(row.text("question"))
    kinds = [KINDS.get(str(kind), str(kind)) for kind in row.list("question_type")]
    video = row.text("video_path", "key")
    return Sample(
        id=row.text("uid", default=str(row.number)),
        question=question,
        target=row.text("answer"),
        media=film(row, video, f"{video}.mp4", f"videos/{video}"),
        choices=lettered(row.list("options")) or choices,
        group=present({"genre": row.text("type")}),
        extra={"kinds": kinds},
    )


def text(sample: Sample) -> str:
    lines = [f"({label}) {option}" for label, option in sample.choices.items()]
    return "\n".join([sample.question, *lines, "Answer the question with the option letter"])


TASK = Task(
    read=read,
    ask=asking(text, FRAMES),
    rules={"official": by_kinds(rule(of_reply(first_word_letter)), lambda sample: sample.extra["kinds"])},
    metrics=means(KINDS.values()),
    sources=(Hub(repo="lmms-eval/LVBench", split="train", media=("*.zip",)),),
)
