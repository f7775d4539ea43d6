"""MMStar
paper: arXiv 2403.20330
year: 2024
family: general
modality: image
size: 1500
split: val
groups: opencompass, paper, general
licence: see the data set's card; images keep their own
metric: accuracy over all questions
official: MMStar-Benchmark/MMStar@88f243a eval/vlmeval/evaluate/mmstar.py
judge: optional
published: SAIL-VL2-2B 64.07, SAIL-VL2-AnyRes-2B 63.40, SAIL-VL2-8B 70.73, SAIL-VL2-A3B 68.93
prompt: question, option lines, letter hint. The hub holds questions and options in one text, in two formats; how the
    TSV words those of MathVista's is not known, here their hint stays. "nan" is what became of empty options and of
    "None", and is no option, as in VLMEvalKit; two questions (268, 273) have it for the right one
differs: VLMEvalKit reads by its option rule. The authors look at the first character, which may be the first of a
    word ("Dog" reads D), also behind a bracket, "option " and "the answer is ". Both average over questions;
    lmms-eval averages over the 18 finer categories (metric l2_macro) and reads letters by priority of places.
"""

import re
from dataclasses import replace

from sailbench.aggregate import macro
from sailbench.families import by_option_match, choice, rule
from sailbench.metrics.option_letters import opening_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import of_reply, options_in, present, tabled

LABEL = re.compile(r"(?:^|, )([A-D]): ")


def read(row: Row) -> Sample:
    own = tabled(row, group=present({"category": row.text("category"), "l2-category": row.text("l2_category")}))
    if own.choices:
        return own
    question, options, listed = own.question.rpartition("\nOptions: ")
    parts = LABEL.split(listed)
    if options and parts[1::2] == list("ABCD"[: len(parts) // 2]):
        choices = dict(zip(parts[1::2], parts[2::2], strict=True))
    else:
        question, choices = options_in(own.question)
        question = question.removesuffix("\nChoices:")
    return replace(own, question=question, choices={k: v for k, v in choices.items() if v != "nan"})


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(of_reply(opening_letter))},
    metrics={"l2_macro": macro("l2-category")},
    sources=(
        Hub(repo="Lin-Chen/MMStar", split="val"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMStar.tsv",
            md5="e1ecd2140806c1b1bbf54b43372efb9e",
        ),
    ),
    rubric="option",
)
