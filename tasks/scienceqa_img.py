"""ScienceQA, test split, questions with an image
paper: arXiv 2209.09513
year: 2022
family: math_science_reasoning
modality: image
size: 2017
split: test
groups: general
aliases: scienceqa, scienceqa_test, sqa_img
licence: CC BY-NC-SA 4.0
metric: accuracy over all questions; by subject, topic and grade too
official: lupantech/ScienceQA@2cbf831 models/run_gpt3.py; haotian-liu/LLaVA@c121f04 llava/eval/eval_science_qa.py
judge: optional
prompt: hint (the context) if there is one, question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors look for "The answer is X." once in replies of a model that
    was shown the phrase, and toss a coin where it is not there; LLaVA's version of their script, on record in most
    papers, takes a letter alone or "X. " first and tosses none. lmms-eval wants the letter or "X." at the start.
    The hub's full set has questions without an image; they are left out.
"""

from sailbench.families import by_option_match, choice, options_read_by, rule
from sailbench.metrics.option_letters import announced_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import letter_of, lettered, present, tabled


def read(row: Row) -> Sample | None:
    if "image" in row and not row.has("image") and not row.has("image_path"):
        return None
    kept = ("category", "subject", "topic", "grade")
    listed = row.columns.get("choices")
    choices = dict(listed) if isinstance(listed, dict) else lettered(row.list("choices"))
    return tabled(
        row,
        target=letter_of(row.text("answer")),
        choices=choices or row.choices(),
        group=present({name: row.text(name) for name in kept}),
    )


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(options_read_by(announced_letter))},
    sources=(
        Hub(repo="lmms-lab-encoder/ScienceQA", config="ScienceQA-IMG", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/ScienceQA/ScienceQA_TEST.tsv",
            md5="e42e9e00f9c59a80d8a5db35bc32b71f",
        ),
    ),
    rubric="option",
)
