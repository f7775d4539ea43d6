r"""VisuLogic
paper: arXiv 2504.15279
year: 2025
family: math_science_reasoning
modality: image
size: 1000
split: train
groups: general
aliases: visulogic_bench
licence: see the data set's card
metric: accuracy over all questions; in each of six categories too
official: VisuLogic-Benchmark/VisuLogic-Eval@00fba6d evaluation/eval_model.py
judge: optional (the authors' is gpt-4o-mini)
prompt: question (options are in the picture), and the wrapper's request to answer directly, or option lines and
    letter hint where a file has option columns. The official wrapper leaves out the request of the toolkit and the
    authors to reason and to end with "Answer: \boxed{$LETTER}"
differs: one rule: a capital A to D alone in the last box, else at an end of the reply, else announced; a box with
    brackets or a dot counts as none, "(B)" and "B. because" are unread. What VLMEvalKit cannot read is wrong; it
    ignores a judge. The authors ask one, and a reply without a clear option is wrong. lmms-eval reads a third way, in
    any case.
"""

from sailbench.families import choice, rule
from sailbench.metrics.exam_letters import boxed_or_announced_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import of_reply, or_judged, present, tabled


def read(row: Row) -> Sample:
    return tabled(
        row,
        id=row.text("id", "index", default=str(row.number)),
        target=row.text("answer", "label").strip(),
        group=present({"category": row.text("category", "tag")}),
    )


def is_letter(answer: str, sample: Sample) -> float:
    return float(answer.lower() == sample.target.lower())


letter = of_reply(boxed_or_announced_letter)

TASK = choice(
    read,
    rules={"opencompass": rule(letter), "official": or_judged(letter, "visulogic", is_letter)},
    rubric="visulogic",
    sources=(
        Hub(repo="VisuLogic/VisuLogic", split="train", media=("images.zip",)),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/VisuLogic.tsv",
            md5="b0820b5ec1e01dfe3951927f0def73b6",
        ),
    ),
)
