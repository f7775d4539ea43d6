"""MATH-Vision, test split
paper: arXiv 2402.14804
year: 2024
family: math_science_reasoning
modality: image
size: 3040
split: test
groups: opencompass, reasoning, paper, math
aliases: mathvision_test
licence: MIT
metric: accuracy over all questions
official: mathllm/MATH-V@a1f5cc3 evaluation/evaluate.py, evaluation/utils.py
judge: optional
published: SAIL-VL2-2B 23.36, SAIL-VL2-AnyRes-2B 19.57, SAIL-VL2-8B 27.63, SAIL-VL2-A3B 28.55,
    SAIL-VL2-2B-Thinking 27.5, SAIL-VL2-8B-Thinking 46.7, SAIL-VL2-A3B-Thinking 44.9
prompt: the TSV's question as it is. The hub has question and options apart; how the TSV words them is assumed from
    VLMEvalKit's sources (its extractor's examples, and wrappers that cut at "Question:" and "Choices:"), not seen
differs: VLMEvalKit reads options by its option rule; an answer without options must be the whole reply or what an
    LLM extracted from it (without one it is unparsed), and equal within 1e-6; a reply of "A" equals every number
    there (an evaluation slip). The authors read the final answer by rules and compare letter or option value,
    numbers after rounding to two decimals. lmms-eval uses the authors' rules.
"""

from sailbench.families import math_answer
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

WITH_OPTIONS = "Please answer the question and provide the correct option letter, e.g., A, B, C, D, at the end."
WITHOUT = "Please answer the question and provide the final answer at the end."


def read(row: Row) -> Sample:
    choices = row.choices("options" if "options" in row else "choices")
    question = row.text("question")
    group = {"subject": row.text("subject", "category"), "level": row.text("level")}
    return Sample(
        id=row.text("id", "index"),
        question=as_in_tsv(question, choices) if "options" in row else question,
        target=row.text("answer"),
        media=row.images("decoded_image") or row.images("image"),
        choices=choices,
        group={name: place for name, place in group.items() if place},
    )


def as_in_tsv(question: str, choices: dict[str, str]) -> str:
    if not choices:
        return f"Hint: {WITHOUT}\nQuestion: {question}"
    options = "\n".join(f"({label}) {text}" for label, text in choices.items())
    return f"Hint: {WITH_OPTIONS}\nQuestion: {question}\nChoices:\n{options}"


TASK = math_answer(
    read,
    sources=(
        Hub(repo="MathLLMs/MathVision", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MathVision.tsv",
            md5="93f6de14f7916e598aa1b7165589831e",
        ),
    ),
    rubric="mathvista",
)
