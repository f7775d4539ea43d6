"""SEED-Bench, the image part
paper: arXiv 2307.16125
year: 2023
family: general
modality: image
size: 14232
split: test
groups: general
aliases: seedbench, seed_bench, seedbench_image
licence: CC BY-NC 4.0
metric: accuracy over all questions; by dimension too
official: AILab-CVC/SEED-Bench@991e849 eval.py, which ranks options by likelihood; for replies
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/seedbench/utils.py
judge: optional
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. The authors compute each option's likelihood and compare the likeliest
    with the key, which no reply can tell; lmms-eval takes the first character of the reply, whatever the case, so
    "(B)" is wrong and "Dog" reads D. On the hub the video part is in the same split and is left out; result files
    in the authors' format do not say which part a question is of, and are read whole.
"""

from sailbench.families import by_option_match, choice, rule
from sailbench.metrics.option_letters import first_character
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import labels_alone, of_reply, present, tabled

DIMENSIONS = {
    "1": "Scene Understanding",
    "2": "Instance Identity",
    "3": "Instance Attributes",
    "4": "Instance Location",
    "5": "Instances Counting",
    "6": "Spatial Relation",
    "7": "Instance Interaction",
    "8": "Visual Reasoning",
    "9": "Text Understanding",
}


def read(row: Row) -> Sample | None:
    if "video" in row.text("data_type").lower():
        return None
    kind = row.text("question_type_id").removesuffix(".0")
    letters = {letter.upper(): row.text(f"choice_{letter}") for letter in "abcd"}
    return tabled(
        row,
        target=row.text("answer", "gt_answer"),
        choices=row.choices() or present(letters) or labels_alone(4),
        group=present({"category": row.text("category") or DIMENSIONS.get(kind, kind)}),
    )


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(of_reply(first_character))},
    sources=(
        Hub(repo="lmms-lab-encoder/SEED-Bench", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/benchmarks/SEEDBench/SEEDBench_IMG.tsv",
            md5="68017231464752261a2526d6ca3a10c0",
        ),
    ),
    rubric="option",
)
