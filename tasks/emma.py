"""EMMA
paper: arXiv 2501.05444
year: 2025
family: math_science_reasoning
modality: multi_image
size: 2788
split: test
groups: math, multi_image
licence: see the data set's card
metric: accuracy over all questions
official: hychaochao/EMMA@838b6de evaluation/evaluate.py, evaluation/utils.py, evaluation/calculate_acc.py
judge: required (gpt-4o-mini, for questions without options)
prompt: VLMEvalKit's for the data set: context, question with its pictures in place, options, letter or phrase request,
    direct answer. The official wrapper would send the bare question, without context and options. The authors ask for
    the answer in a box, so that replies to this prompt fit their rule badly
differs: VLMEvalKit reads options by its option rule and asks a judge whether other answers are correct; it has no way
    without a judge. Its three tries end in wrong, here a verdict that cannot be read leaves the question ungraded. The
    authors' default needs no judge: a bare letter or "B:", a number, the last box, what follows "answer is"; right is
    what is the gold letter or its option, as text or as a number with two decimals ("B. foo" and "**B**" are not read).
    Their other mode has a model judge the whole reply. lmms-eval asks for reasoning and has a model judge.
"""

import re

from sailbench.extract import Found
from sailbench.families import by_option_match, rule
from sailbench.metrics.announced_answers import announced_answer, announced_match_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import judged
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Reply, Request, Sample, Score

DIRECT = (
    "Please ensure that your output only contains the final answer without any additional content (such as "
    "intermediate reasoning steps)."
)
LETTER = "Answer with the option's letter from the given choices. "
PHRASE = "Answer the question using a single word or phrase. "
IMAGE = re.compile(r"<image[ _]([1-9])>")
by_judge = judged("emma")


def read(row: Row) -> Sample:
    subject, category = row.text("subject"), row.text("category")
    places = {"subject": subject, "type": row.text("type"), "task": f"{subject} {row.text('task')}".strip()}
    if subject == "Coding":  # a chart may be of several categories
        places |= {f"category {kind.strip()}": subject for kind in category.split(";")}
    else:
        places["category"] = f"{subject} {category}".strip()
    return Sample(
        id=row.text("pid", "index"),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image") or row.images(*(f"image_{k}" for k in range(1, 6))),
        choices=row.choices(),
        group={name: place for name, place in places.items() if place},
        extra={"context": row.text("context")},
    )


def ask(sample: Sample) -> Request:
    options = "".join(f"{label}: {text}\n" for label, text in sample.choices.items())
    parts = (sample.extra["context"], sample.question, options, LETTER if options else PHRASE)
    text = "\n\n".join(part for part in parts if part) + DIRECT
    numbers = [int(k) for k in IMAGE.findall(text)]
    if not numbers or max(numbers) > len(sample.media):
        return Request(turns=(text,), media=sample.media)
    return Request(turns=(IMAGE.sub(MEDIA_MARK, text),), media=tuple(sample.media[k - 1] for k in numbers))


def by_option_or_judge(sample: Sample, reply: Reply) -> Score:
    lettered = bool(sample.choices) and len(sample.target) == 1
    return (by_option_match if lettered else by_judge)(sample, reply)


def announced(text: str, sample: Sample) -> Found | None:
    found = announced_answer(text)
    return found if found and found.answer else None


def letter_or_option(answer: str, sample: Sample) -> float:
    truths = (sample.target, sample.choices.get(sample.target.upper(), sample.target))
    return max(announced_match_score(answer, truth) for truth in truths)


TASK = Task(
    read=read,
    ask=ask,
    rules={"opencompass": by_option_or_judge, "official": rule(announced, letter_or_option)},
    rubric="emma",
    sources=(
        Hub(repo="lmms-lab-encoder/EMMA", config="All", split="test"),
        Tsv(url="https://opencompass.openxlab.space/utils/VLMEval/EMMA.tsv"),
    ),
)
