"""MME
paper: arXiv 2306.13394
year: 2023
family: general
modality: image
size: 2374
split: test
groups: paper, general
licence: research only, images on request from the authors
metric: accuracy plus accuracy over images with both questions right, a sub-task, summed over 14 sub-tasks (0-2800)
official: BradyFU/Awesome-Multimodal-Large-Language-Models eval_tool/calculation.py, read as
    deepcs233/Visual-CoT@83212ae playground/data/eval/MME/calculation.py
judge: optional
published: SAIL-VL2-2B 76.58, SAIL-VL2-AnyRes-2B 73.36, SAIL-VL2-8B 84.54, SAIL-VL2-A3B 84.00, each the total over 28
    (metric percent)
prompt: question, which asks for yes or no itself, and phrase hint on one line
differs: VLMEvalKit looks for the one word yes or no, and asks an LLM where there is none or both. The authors look for
    "yes", then for "no", within the first four characters in lower case, so that "not" and "none" are no. A picture
    occurs in several sub-tasks; pairs are formed within each. Where only some sub-tasks were run, the total is
    their mean times 14. lmms-eval as the authors, but it strips the reply, removes full stops and takes y and n.
"""

from collections.abc import Sequence

from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT, Aggregate, mean
from sailbench.extract import Found
from sailbench.families import by_yes_no, rule, yes_no
from sailbench.prompts import PHRASE
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Graded, Sample

PERCEPTION = (
    *("existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork", "OCR"),
)
COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")
SUB_TASKS = (*PERCEPTION, *COGNITION)


def read(row: Row) -> Sample:
    sub_task, answer = row.text("category"), row.text("answer").strip().capitalize()
    pair = f"{sub_task}/{row.text('question_id', 'image_path').removeprefix(f'{sub_task}/')}"
    return Sample(
        id=row.text("index") or f"{pair}/{answer}",
        question=row.text("question"),
        target=answer,
        media=row.images("image") or row.images("image_path"),
        unit=pair,
        extra={"sub_task": sub_task},
    )


def text(sample: Sample) -> str:
    return f"{sample.question} {PHRASE}"


def start(text: str, _: Sample) -> Found | None:
    said = next((word for word in ("yes", "no") if word in text.lower()[:4]), None)
    return Found(said.capitalize(), f"{said} within the first four characters") if said else None


def total(*sub_tasks: str) -> Aggregate:
    """The sub-tasks' scores as a share of 2800; those that were not run count as the mean of the others."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        own = [[g for g in graded if g.sample.extra["sub_task"] == name] for name in sub_tasks]
        scores = [value(one) for one in own for value in (SAMPLES, UNITS_ALL_RIGHT)]
        average = mean(scores)
        return None if average is None else average * len(sub_tasks) / len(SUB_TASKS)

    return aggregate


def percent(graded: Sequence[Graded]) -> float | None:
    whole = total(*SUB_TASKS)(graded)
    return None if whole is None else whole / 28


TASK = yes_no(
    read,
    text=text,
    rules={"opencompass": by_yes_no, "official": rule(start)},
    scale=2800.0,
    headline=total(*SUB_TASKS),
    metrics={
        "percent": percent,
        "perception": total(*PERCEPTION),
        "cognition": total(*COGNITION),
        **{name: total(name) for name in SUB_TASKS},
    },
    sources=(
        Hub(repo="lmms-lab-encoder/MME", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MME.tsv",
            md5="b36b43c3f09801f5d368627fb92187c3",
        ),
    ),
    rubric="yes_no",
)
