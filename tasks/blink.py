"""BLINK, validation split
paper: arXiv 2404.12390
year: 2024
family: general
modality: multi_image
size: 1901
split: val
groups: general, multi_image
aliases: blink_val
licence: Apache-2.0
metric: accuracy; unweighted mean over the 14 sub-tasks for the authors, mean over all questions for VLMEvalKit
official: zeyofu/BLINK_Benchmark@2d6a779 eval/test_benchmark.py, eval/evaluate.py
judge: optional (the authors' is gpt-3.5-turbo, VLMEvalKit's gpt-4o-mini)
prompt: question, option lines, letter hint. On the hub the question is what its prompt says before the options, which
    is assumed to be the TSV's; before three sub-tasks the authors say that nobody is to be recognized
differs: both means are metrics (macro, micro); the value is the one that goes with the protocol. VLMEvalKit reads by
    its option rule. The authors want one bracketed label in the last paragraph, or in the whole reply, that is a word
    of its own: "**(A)**" and "(A)." go to their judge, whose reply must be exactly "(A)". Without it such replies are
    ungraded. lmms-eval takes the first letter of the reply, and weights sub-tasks by size.
"""

from collections.abc import Sequence
from dataclasses import replace

from sailbench.aggregate import SAMPLES, macro
from sailbench.extract import Found
from sailbench.families import by_option_match, choice
from sailbench.metrics.option_letters import bracketed_label
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Graded, Reply, Sample, Score

from ._choices import labels_alone, lettered, or_judged, present, tabled

# By how many options its questions have, for the authors' answer files, which name none.
SUBTASKS = {
    2: "Art_Style, Jigsaw, Multi-view_Reasoning, Object_Localization, Relative_Depth, Spatial_Relation, "
    "Visual_Similarity",
    3: "Relative_Reflectance",
    4: "Counting, Forensic_Detection, Functional_Correspondence, IQ_Test, Semantic_Correspondence, "
    "Visual_Correspondence",
}
OPTIONS = {name: count for count, names in SUBTASKS.items() for name in names.split(", ")}


def read(row: Row) -> Sample | None:
    id = row.text("idx", "index", "id", default=str(row.number))
    if id.startswith("test_"):
        return None
    # "val_Art_Style_1"
    named = "_".join(id.split("_")[1:-1]) if id.startswith("val_") else row.part
    subtask = row.text("sub_task", "category", default=named).replace(" ", "_")
    question, _, _ = row.text("prompt", "question").partition("\n(A)")
    return tabled(
        row,
        id=id,
        question=question,
        target=row.text("answer").strip("()"),
        media=row.images(*(f"image_{k}" for k in range(1, 5))) or row.images("image") or row.images("image_path"),
        choices=lettered(row.list("choices")) or row.choices() or labels_alone(OPTIONS.get(subtask, 0)),
        group=present({"sub_task": subtask}),
    )


def label(text: str, sample: Sample) -> Found | None:
    found = bracketed_label(text, sample.choices)
    return found and Found(f"({found.answer})", found.how)


def is_label(answer: str, sample: Sample) -> float:
    return float(answer == f"({sample.target})")


by_label = or_judged(label, "blink", is_label)


def by_authors(sample: Sample, reply: Reply) -> Score:
    return replace(by_label(sample, reply), parts={"authors": True})


SUBTASK_MEAN = macro("sub_task")


def own_mean(graded: Sequence[Graded]) -> float | None:
    """The authors' mean for grades by their rule, VLMEvalKit's for grades by its own."""
    authors = any("authors" in g.score.parts for g in graded)
    return (SUBTASK_MEAN if authors else SAMPLES)(graded)


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": by_authors},
    rubric="blink",
    headline=own_mean,
    metrics={"macro": SUBTASK_MEAN, "micro": SAMPLES},
    sources=(
        *(Hub(repo="BLINK-Benchmark/BLINK", config=name, split="val") for name in sorted(OPTIONS)),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/BLINK.tsv",
            md5="d5e8af148b10ac69f535ff7b23f3f989",
        ),
    ),
)
