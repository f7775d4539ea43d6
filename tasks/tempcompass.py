"""TempCompass, its four kinds of questions, 16 frames
paper: arXiv 2403.00476
year: 2024
family: video
modality: video
size: 7540
split: test
groups: paper, video
aliases: temp_compass
licence: see the data set's card
metric: accuracy over all questions; by task and by temporal aspect, and the mean of the four tasks (task_mean)
official: llyx97/TempCompass@e1b4631 eval_multi-choice.py, eval_yes_no.py, eval_caption_matching.py, eval_captioning.py
judge: required (the authors' is gpt-3.5-turbo-1106): captions are graded by it alone, other replies where rules fail
published: SAIL-VL2-2B 61.86, SAIL-VL2-AnyRes-2B 62.79, SAIL-VL2-8B 65.66, SAIL-VL2-A3B 67.72
prompt: frames, question with its options, "Please directly give the best option:" or "Please answer yes or no:";
    captioning is asked as its rows say
differs: the judge chooses an option by the caption, without seeing the true one; its choice must be "X. text" and name
    one option. Where no rule reads the reply the authors ask it for Correct or Incorrect; so does VLMEvalKit if told
    to, but by default such replies are wrong there, also with a space or line break at their ends, which the authors
    cut off. Of "A. walking" the letter counts alone; "A: running" and "(A) running" are read by no rule; "Not sure" is
    no. A judge that fails takes a point off in VLMEvalKit; here the reply is ungraded.
"""

from sailbench import judge
from sailbench.aggregate import SAMPLES, macro
from sailbench.extract import Found
from sailbench.families import choice, needs_target
from sailbench.metrics.temporal_answers import caption_said, is_caption, is_chosen, option_said, yes_no_said
from sailbench.rows import Hub, Row
from sailbench.rules.inquiries import Inquiry
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score

from ._choices import present
from ._videos import FRAMES, film

CHOICE = "tempcompass_caption"
SUFFIXES = {
    "multi-choice": "\nPlease directly give the best option:",
    "caption_matching": "\nPlease directly give the best option:",
    "yes_no": "\nPlease answer yes or no:",
    "captioning": "",
}


def read(row: Row) -> Sample:
    question, options = row.text("question"), [str(option) for option in row.list("candidates")]
    asked = "\n".join([question, *options])
    task = kind(row, asked)
    captioning = task == "captioning"
    video = row.text("video_id", "video")
    # Of a caption the judge is asked another question, without being told the answer.
    chooses = Inquiry(name=CHOICE, rubric=CHOICE, slots={"question": row.text("mc_question")})
    return Sample(
        id=f"{task}_{row.text('index', default=str(row.number))}",
        question=asked,
        target=row.text("mc_answer") if captioning else row.text("answer"),
        media=film(row, f"videos/{video}.mp4"),
        group=present({"task": task, "aspect": row.text("dim")}),
        extra={"task": task} | ({"inquiries": (chooses,)} if captioning else {}),
    )


def kind(row: Row, asked: str) -> str:
    """Which of the tasks a row is of: said by the data set's part or a column, else told by its columns and options."""
    named = row.text("task_type", default=row.part)
    if named in SUFFIXES:
        return named
    if row.has("mc_question"):
        return "captioning"
    if row.text("answer") in ("yes", "no"):
        return "yes_no"
    options = asked.split("\n")[1:]
    named_options = all(option.startswith(("Caption ", "Option ", "Sentence ")) for option in options)
    return "caption_matching" if options and named_options else "multi-choice"


def text(sample: Sample) -> str:
    return sample.question + SUFFIXES[sample.extra["task"]]


def said(text: str, sample: Sample) -> tuple[Found | None, bool]:
    """What a rule reads, and whether it is right."""
    task, gold = sample.extra["task"], sample.target
    if task == "yes_no":
        found = yes_no_said(text)
        return found, found is not None and found.answer == gold
    if task == "caption_matching":
        found = caption_said(text, sample.question.split("\n")[1:])
        return found, found is not None and is_caption(found.answer, gold)
    found = option_said(text, gold) if task == "multi-choice" else None
    return found, found is not None and found.answer in (gold, gold[:1])


def judged(sample: Sample, verdict: str) -> Score:
    captioning = sample.extra["task"] == "captioning"
    value = judge.load(CHOICE if captioning else "tempcompass").read(verdict)
    if value is None:
        return Score(None, None, "the judge's verdict cannot be read")
    if captioning:
        return Score(float(is_chosen(str(value), sample.target)), str(value), "the option that the judge chose")
    return Score(float(value), "right" if value else "wrong", "what the judge said")


def by_rules_or_judge(strips: bool, unread: float | None) -> Rule:
    """What rules do not read is the judge's; without one it is `unread`, but for captions, which need it."""

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        own = reply.text.replace("</s>", "").strip() if strips else reply.text
        found, right = said(own, sample)
        if found is not None:
            return Score(float(right), found.answer, found.how)
        if not own.strip():
            return Score(0.0, None, "an empty reply")
        captioning = sample.extra["task"] == "captioning"
        verdict = reply.verdicts.get(CHOICE, reply.verdict) if captioning else reply.verdict
        if verdict is not None:
            return judged(sample, verdict)
        if unread is None or captioning:
            return Score(None, None, f"needs a judge: {CHOICE if captioning else 'tempcompass'}")
        return Score(unread, None, "no answer found")

    return grade


TASK = choice(
    read,
    text=text,
    sampling=FRAMES,
    rules={
        "opencompass": by_rules_or_judge(strips=False, unread=0.0),
        "official": by_rules_or_judge(strips=True, unread=None),
    },
    rubric="tempcompass",
    headline=SAMPLES,
    metrics={"task_mean": macro("task")},
    sources=tuple(
        Hub(repo="lmms-eval/TempCompass", config=task, split="test", media=("tempcompass_videos.zip",))
        for task in SUFFIXES
    ),
)
