"""MIRB, multi-image relational benchmark
paper: arXiv 2406.12742
year: 2024
family: multi_image
modality: multi_image
size: 925
split: test
groups: multi_image
aliases: mirb_test
licence: see the data set's card
metric: mean of four dimensions (knowledge, reasoning, perception, multi-hop), each the mean of its subsets'
    accuracies
official: ys-zong/MIRB@04c35b9 evals/eval.py, results_summary.py
judge: none
prompt: the authors' instruction for the subset, a line break, the question; images in front
differs: VLMEvalKit does not have it. The authors read the first line, or what is before the first full stop. Analogy
    and attribute are no unless "yes" occurs, so that an empty reply is right there for no; here it is wrong. Counts
    take the first integer, all else must be equal but for case: "(B)" is wrong for B. They choose letters by the
    probability of the next token where a model gives it. lmms-eval has MMMU's parser for open answers instead, and
    prints the mean over all questions (metric micro).
"""

from sailbench.aggregate import SAMPLES, macro, mean_of, within
from sailbench.families import asking, needs_target
from sailbench.metrics.multi_image_answers import first_line, first_number, line_match_score, yes_score
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

from ._choices import present

WORD, SYMBOL = "Answer with a single word.", "Answer with the option symbol."
VIEWS = "The following images are different views of the same 3D scene. Answer with a single number."
# What is asked for in each subset, by dimension.
INSTRUCTIONS = {
    "knowledge": {"food": SYMBOL, "sightseeing": WORD},
    "reasoning": {"codeu": SYMBOL, "plot_code": WORD, "analogy": WORD, "3d_scene": VIEWS},
    "perception": {"image_jigsaw": SYMBOL, "count": "Answer with a single number.", "attribute": WORD},
    "multi_hop": {"visual_chain": WORD, "arxiv": "Answer with the paper title."},
}
DIMENSIONS = {subset: dimension for dimension, subsets in INSTRUCTIONS.items() for subset in subsets}
NUMBERS = ("count", "visual_chain", "3d_scene")
YES_OR_NO = ("analogy", "attribute")
CONTAINED = "sightseeing"


def read(row: Row) -> Sample:
    subset = row.text("subset", default=row.part)
    return Sample(
        id=row.text("question_id", default=str(row.number)),
        question=row.text("questions", "question"),
        target=row.text("answers", "answer"),
        media=row.images("image_list") or row.images("images"),
        group=present({"subset": subset, "dimension": DIMENSIONS.get(subset, "")}),
    )


def text(sample: Sample) -> str:
    subset, dimension = sample.group.get("subset", ""), sample.group.get("dimension", "")
    return f"{INSTRUCTIONS.get(dimension, {}).get(subset, WORD)}\n{sample.question}"


@needs_target
def by_subset(sample: Sample, reply: Reply) -> Score:
    line, subset = first_line(reply.text), sample.group.get("subset")
    if not line:
        return Score(0.0, None, "an empty reply")
    if subset in NUMBERS:
        number = first_number(line)
        return Score(line_match_score(number, sample.target), number or None, "first number of the first line")
    yes_or_no = subset in YES_OR_NO or (subset == CONTAINED and sample.target.lower() in ("yes", "no"))
    value = yes_score(line, sample.target) if yes_or_no else line_match_score(line, sample.target, subset == CONTAINED)
    return Score(value, line, "the first line")


MEANS = {dimension: within("dimension", dimension, macro("subset")) for dimension in INSTRUCTIONS}

TASK = Task(
    read=read,
    ask=asking(text, Sampling()),
    rules={"official": by_subset},
    headline=mean_of(*MEANS.values()),
    metrics={**MEANS, "micro": SAMPLES},
    sources=(Hub(repo="VLLMs/MIRB-hf", split="test"),),
)
