"""Mantis-Eval
paper: arXiv 2405.01483
year: 2024
family: multi_image
modality: multi_image
size: 217
split: test
groups: multi_image
aliases: mantis
licence: see the data set's card
metric: accuracy over all questions; for multiple choice and short answers too
official: TIGER-AI-Lab/Mantis@f3a3192 mantis/benchmark/eval.py
judge: none
prompt: the authors' templates: question, options with their labels, letter hint; short answers may begin with an
    analysis and end with "Final Answer:". <image> marks become the images in order, images without a mark come first
differs: VLMEvalKit does not have it. The answer follows the first "Final Answer:", "the answer is" or "Answer:"; of
    options the first letter of any word counts, so that "dog" reads D, and "The correct option is B" is wrong. A
    short answer must equal the gold one but for case: "yes." and "**Final Answer:** yes" are wrong. lmms-eval has the
    same rule, samples with temperature 0.2 and cuts replies at 64 tokens.
"""

from sailbench.extract import Found
from sailbench.families import asking, needs_target, rule, with_choices
from sailbench.metrics.multi_image_answers import first_letter, gold_letter, is_option_text, marked_answer
from sailbench.prompts import LETTER
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Reply, Sample, Sampling, Score

from ._choices import lettered, present

MARK = "<image>"
SHORT = (
    "Given the images, answer the following short answer vqa question:\nQ: {question}\n"
    'You can first give your analysis, and then give your final answer as "Final Answer:"'
)


def read(row: Row) -> Sample:
    kind = row.text("question_type", default="multi-choice")
    options = lettered(row.list("options")) if kind == "multi-choice" else {}
    answer = row.text("answer")
    groups = {"type": kind, "category": row.text("category"), "source": row.text("data_source")}
    return Sample(
        id=row.text("id", "index", default=str(row.number)),
        question=row.text("question"),
        target=gold_letter(answer) if options else answer.strip("()\n "),
        media=row.images("images"),
        choices=options,
        group=present(groups),
    )


def text(sample: Sample) -> str:
    if sample.choices:
        lines = [labelled(label, option) for label, option in sample.choices.items()]
        said = "\n".join([sample.question + "".join(lines), LETTER[0]])
    else:
        said = SHORT.format(question=sample.question)
    images = len(sample.media)
    said = MARK * (images - said.count(MARK)) + said
    return said.replace(MARK, MEDIA_MARK, images)


def labelled(label: str, option: str) -> str:
    """A line for an option, labelled unless it has its label in it already."""
    known = any(f"{label}{sign}" in option.upper() for sign in ").:")
    return f"\n {option}" if known else f"\n ({label}) {option}"


def letter_or_text(said: str, sample: Sample) -> Found | None:
    """A letter; the right one where the whole reply is the right option's text."""
    if found := first_letter(said, len(sample.choices)):
        return found
    option = sample.choices.get(sample.target.upper())
    same = option is not None and is_option_text(said, option, sample.target)
    return Found(sample.target.upper(), "option text") if same else None


def is_letter(answer: str, sample: Sample) -> float:
    return float(answer == sample.target.upper())


@needs_target
def by_short_answer(sample: Sample, reply: Reply) -> Score:
    answer = marked_answer(reply.text)
    return Score(float(answer.lower() == sample.target.lower()), answer or None, "what follows the marker, if any")


TASK = Task(
    read=read,
    ask=asking(text, Sampling()),
    rules={"official": with_choices(rule(letter_or_text, is_letter), by_short_answer)},
    sources=(Hub(repo="TIGER-Lab/Mantis-Eval", split="test"),),
)
