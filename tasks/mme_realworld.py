"""MME-RealWorld, English
paper: arXiv 2408.13257
year: 2024
family: high_resolution
modality: image
size: 23609
split: test
groups: general, ocr
aliases: mmerealworld, mme_real_world
licence: academic research only
metric: accuracy over all questions; for perception and reasoning also the unweighted mean of their domains (avg_c)
official: yfzhang114/MME-RealWorld@87096fc evaluation/eval_your_results.py
judge: none
prompt: VLMEvalKit's own, which the official wrapper keeps: question, "(A)" lines, request for only the letter
differs: both take the first capital A to E anywhere, once phrases are cut out, so that "Based on the image, C" reads B;
    else the first option that contains the reply. VLMEvalKit looks into <answer> tags first and compares with bare
    labels; the authors compare with whole options, and two missing commas keep four phrases in ("Best answer: C"
    reads B). In both scripts a reply with nothing left reads A; here it is unread. Both print fractions of 1.
"""

from sailbench.aggregate import Aggregate, macro, within
from sailbench.extract import Found
from sailbench.families import choice, rule
from sailbench.metrics.option_letters import capital_or_fragment
from sailbench.rows import Hub, Row
from sailbench.types import Sample, Sampling

from ._choices import present, tabled

LISTED = "The choices are listed below:\n"
REQUEST = (
    "Select the best answer to the above multiple-choice question based on the image. "
    "Respond with only the letter (A, B, C, D, or E) of the correct option. \nThe best answer is:"
)
ALL = ("The best answer is", "The correct answer is", "The answer is", "The answer")
PHRASES = (*ALL, "The best option is", "The correct option is", "Best answer:", "Best option:")
# Glued together where the authors' list lacks a comma; so they are never found.
AUTHORS_PHRASES = (*ALL, "The best option isThe correct option is", "Best answer:Best option:")
LABELS = {label: f"({label})" for label in "ABCDE"}


def read(row: Row) -> Sample:
    block = listed(row)
    lines = block.removeprefix(LISTED).split("\n")
    task, _, domain = row.text("category").partition("/")
    task, domain = row.text("Task", default=task), row.text("Subtask", default=domain)
    kind = row.text("l2-category", "Category").lower()
    kind = f"{kind.split('/')[0]}/attribute" if "attribute" in kind else kind
    groups = {"task": task, "domain": f"{task}/{domain}", "category": f"{task}/{domain}/{kind}"}
    return tabled(
        row,
        id=row.text("index", "Question_id", default=str(row.number)),
        question=row.text("question", "Text"),
        target=row.text("answer", "Ground truth"),
        media=row.images("image") or row.images("bytes") or row.images("Image"),
        choices=row.choices() or {line[1:2]: line[4:] for line in lines if line},
        group=present(groups) if task else {},
        extra={"block": block},
    )


def listed(row: Row) -> str:
    """The options as the prompt lists them; VLMEvalKit's TSV has them so, other files as a list."""
    name = next((name for name in ("multi-choice options", "Answer choices") if row.has(name)), "")
    if name and row.text(name).startswith(LISTED):
        return row.text(name)
    lines = row.list(name) if name else [f"({label}) {own}" for label, own in row.choices().items()]
    return LISTED + "\n".join(map(str, lines))


def text(sample: Sample) -> str:
    return f"{sample.question} {sample.extra['block']}\n{REQUEST}"


def as_in_kit(said: str, sample: Sample) -> Found | None:
    _, opened, rest = said.partition("<answer>")
    inside, closed, _ = rest.partition("</answer>")
    return capital_or_fragment(inside.strip().upper() if opened and closed else said, PHRASES, LABELS)


def as_authors_read(said: str, sample: Sample) -> Found | None:
    options = {label: f"({label}) {own}" for label, own in sample.choices.items()}
    return capital_or_fragment(said, AUTHORS_PHRASES, options)


def of_task(name: str) -> dict[str, Aggregate]:
    domains = within("task", name, macro("domain"))
    return {name.lower(): within("task", name), f"{name.lower()}_avg_c": domains}


TASK = choice(
    read,
    text=text,
    sampling=Sampling(detail="fine"),
    rules={"opencompass": rule(as_in_kit), "official": rule(as_authors_read)},
    metrics={**of_task("Perception"), **of_task("Reasoning")},
    sources=(Hub(repo="yifanzhang114/MME-RealWorld-Lmms-eval", split="train"),),
)
