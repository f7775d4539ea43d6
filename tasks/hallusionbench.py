"""HallusionBench, questions with an image
paper: arXiv 2310.14566
year: 2023
family: hallucination
modality: image
size: 951
split: image
groups: opencompass, paper, hallucination
aliases: hallusion, hallusion_bench
licence: BSD-3-Clause
metric: mean of aAcc (questions), fAcc (figures with every question right), qAcc (questions right on every figure)
official: tianyi-lab/HallusionBench@744007c utils.py
judge: optional
published: SAIL-VL2-2B 51.74, SAIL-VL2-AnyRes-2B 51.60, SAIL-VL2-8B 55.10, SAIL-VL2-A3B 52.81
prompt: question, yes/no hint and phrase hint on one line
differs: VLMEvalKit looks for the one word yes or no, and asks an LLM where there is none or both. The authors ask
    GPT-4 whether the reply is correct, incorrect or unclear (unclear counts as right without a figure), over all
    1129 questions; without its verdict their rule grades nothing. Both leave 178 questions without a figure out
    of the image split. Rows of the authors' result files have no gt_answer; theirs is looked up by its place.
    lmms-eval asks GPT unless the reply is plain yes or no.
"""

from sailbench.aggregate import SAMPLES, Mean, all_right, mean_of
from sailbench.errors import TaskError
from sailbench.families import by_yes_no, yes_no
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Reply, Sample, Score

from ._hallusionbench import gold

IDS = ("set_id", "figure_id", "question_id")
ANSWERS = {"1": "Yes", "0": "No", "Yes": "Yes", "No": "No"}


def read(row: Row) -> Sample | None:
    if row.text("visual_input") == "0" and ("image" in row or "filename" in row):
        return None
    kind, own_set, figure, question = place = place_of(row)
    return Sample(
        id=row.text("index") or "_".join(place),
        question=row.text("question").strip(),
        target=ANSWERS.get(row.text("gt_answer", "answer")) or gold(*place),
        media=row.images("image") or row.images("filename"),
        group={"category": kind.partition("_")[0], "l2-category": kind},
        unit=f"{kind}_{own_set}",
        extra={"figure": f"{kind}_{own_set}_{figure}", "pair": f"{kind}_{own_set}_{question}"},
    )


def place_of(row: Row) -> list[str]:
    """Kind ("VD_illusion"), set, figure and question: of columns, or of the end of the TSV's index."""
    if not row.has("index"):
        category, *rest = (row.text(name).strip() for name in ("category", "subcategory", *IDS))
        return [f"{category}_{rest[0]}", *rest[1:]]
    ids = row.text("index").split("_")[-3:]
    if len(ids) < 3:
        raise TaskError(f"row {row.number}: index {row.text('index')!r} does not end in set, figure and question")
    return [row.text("l2-category"), *ids]


def by_judge(sample: Sample, reply: Reply) -> Score:
    said = (reply.verdict or "").lower()
    word = next((w for w in ("incorrect", "correct", "unclear") if w in said), None)
    if word is None:
        return Score(None, None, "the authors' rule needs their judge's word")
    return Score(float(word == "correct"), word, "the judge's word")


figures = Mean(all_right(lambda g: str(g.sample.extra["figure"])))
pairs = Mean(all_right(lambda g: str(g.sample.extra["pair"])))

TASK = yes_no(
    read,
    rules={"opencompass": by_yes_no, "official": by_judge},
    headline=mean_of(SAMPLES, figures, pairs),
    metrics={"aAcc": SAMPLES, "fAcc": figures, "qAcc": pairs},
    sources=(
        Hub(repo="lmms-lab-encoder/HallusionBench", split="image"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/HallusionBench.tsv",
            md5="0c23ac0dc9ef46832d7a24504f2a0c7c",
        ),
    ),
)
