"""ActivityNet-QA, 16 frames
paper: arXiv 1906.02467
year: 2019
family: video
modality: video
size: 8000
split: test
groups: paper, video
aliases: activitynetqa
licence: MIT for questions, for non-commercial use; videos are ActivityNet's
metric: share of replies that the judge calls a match, as Video-ChatGPT made usual; its mean score from 0 to 5 is the
    metric score, equality of words, by which the data set's authors compare, the metric exact
official: mbzuai-oryx/Video-ChatGPT@659e04b quantitative_evaluation/evaluate_activitynet_qa.py;
    MILVLG/activitynet-qa@2cf80ae evaluation/eval.py for exact
judge: required (gpt-3.5-turbo; numbers by different versions differ by 5 to 10 points)
published: none by SAIL-VL2's authors
prompt: frames, question with a capital and a question mark, request for a single word or phrase, as lmms-eval has it
differs: VLMEvalKit does not have it. The judge replies with a dictionary of pred (yes or no) and score, of which the
    whole part counts (4.8 is 4). What cannot be read is asked for again without end by Video-ChatGPT, and ungraded
    here. Kinds of questions are the authors', of which those from yes/no on they call free.
"""

import re
from collections.abc import Sequence

from sailbench import judge
from sailbench.aggregate import Aggregate, part
from sailbench.families import asking, needs_target
from sailbench.prompts import PHRASE
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Score

from ._choices import present
from ._videos import FRAMES, film

KINDS = ("motion", "spatial relation", "temporal relation")
FREE = ("yes/no", "color", "object", "location", "number", "other")


def read(row: Row) -> Sample:
    number, video = row.text("type"), row.text("video_name")
    kind = (*KINDS, *FREE)[int(number)] if number in tuple("012345678") else ""
    broad = "free" if kind in FREE else kind
    return Sample(
        id=row.text("question_id", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=film(row, *(f"all_test/v_{video}.{ending}" for ending in ("mp4", "webm", "mkv"))),
        group=present({"type": broad, "answer_type": kind if broad == "free" else ""}),
    )


def text(sample: Sample) -> str:
    return f"{sample.question.capitalize()}? {PHRASE}"


def told(verdict: str) -> tuple[str, int] | None:
    """Yes or no, and the whole part of the score, of "{'pred': 'yes', 'score': 4.8}"."""
    own = str(judge.load("activitynet_qa").read(verdict) or "").lower()
    match, score = re.search("yes|no", own), re.search(r"\d", own)
    return (match[0], int(score[0])) if match and score else None


@needs_target
def grade(sample: Sample, reply: Reply) -> Score:
    said = reply.text.strip()
    exact = {"exact": float(said == sample.target)}
    if not said:
        return Score(0.0, None, "an empty reply", {**exact, "score": 0.0})
    found = told(reply.verdict) if reply.verdict is not None else None
    if found is None:
        why = "needs a judge: activitynet_qa" if reply.verdict is None else "the judge's verdict cannot be read"
        return Score(None, None, why, exact)
    match, score = found
    return Score(float(match == "yes"), said, f"{match}, {score} of 5", {**exact, "score": score / 5})


def of_five(own: Aggregate) -> Aggregate:
    """On the published scale from 0 to 5, of which the summary makes percents."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        value = own(graded)
        return None if value is None else value * 5 / 100

    return aggregate


TASK = Task(
    read=read,
    ask=asking(text, FRAMES),
    rules={"official": grade},
    rubric="activitynet_qa",
    metrics={"score": of_five(part("score")), "exact": part("exact")},
    sources=(Hub(repo="lmms-eval/ActivityNetQA", split="test", media=("*.zip",)),),
)
