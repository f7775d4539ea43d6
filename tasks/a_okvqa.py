"""A-OKVQA, multiple choice, validation split
paper: arXiv 2206.01718
year: 2022
family: general
modality: image
size: 1145
split: validation
groups: general
aliases: aokvqa, a_okvqa_mc
licence: Apache-2.0
metric: accuracy over all questions
official: allenai/aokvqa@83786de evaluation/eval_predictions.py
judge: optional
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors' predictions are option texts, and a reply must be exactly one
    of them: they take no letters, so that replies to a letter hint are unread under their rule. Their second script
    moves other replies to the option nearest in word vectors; it is left out. The direct-answer setting is another
    benchmark. VLMEvalKit gives no MD5 for its TSV.
"""

from collections.abc import Mapping

from sailbench.extract import Found
from sailbench.families import by_option_match, choice, options_read_by, rule
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import letter_of, lettered, tabled


def read(row: Row) -> Sample:
    if not row.has("choices"):
        return tabled(row)
    return tabled(row, choices=lettered(row.list("choices")), target=letter_of(row.text("correct_choice_idx")))


def exact_option(text: str, choices: Mapping[str, str]) -> Found | None:
    label = next((label for label, own in choices.items() if own == text), None)
    return Found(label, "the reply is the option's text") if label else None


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(options_read_by(exact_option))},
    sources=(
        Hub(repo="HuggingFaceM4/A-OKVQA", split="validation"),
        Tsv(url="https://huggingface.co/datasets/Allen8/A-OKVQA/resolve/main/a-okvqa.tsv"),
    ),
    rubric="option",
)
