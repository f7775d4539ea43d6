"""AMBER, discriminative part
paper: arXiv 2311.07397
year: 2023
family: hallucination
modality: image
size: 14216
split: discriminative
groups: hallucination
aliases: amber, amber_discriminative
licence: Apache-2.0
metric: mean of the accuracies on existence, attribute and relation
official: junyangwang0410/AMBER@534babf inference.py
judge: optional
published: none by SAIL-VL2; a model that always says no gets 63.80, one that always says yes 36.20
prompt: question, yes/no hint and phrase hint on one line
differs: VLMEvalKit looks for the one word yes or no, asks an LLM where there is none or both, and prints accuracies.
    For the authors only the exact replies "Yes" and "No" count; they print accuracy, and precision, recall and F1
    for the word no, each rounded to one decimal with a small constant below the fraction line (metrics precision,
    recall, f1 and f1_*, computed their way under either protocol). lmms-eval has the generative part only.
"""

from collections.abc import Callable, Sequence

from sailbench.aggregate import SAMPLES, Aggregate, macro
from sailbench.extract import Found
from sailbench.families import by_yes_no, rule, yes_no
from sailbench.rows import Row, Tsv
from sailbench.rules.binary import detection, telling
from sailbench.types import Graded, Sample

DIMENSIONS = {
    "discriminative-hallucination": "existence",
    "discriminative-attribute-state": "attribute",
    "discriminative-attribute-number": "attribute",
    "discriminative-attribute-action": "attribute",
    "discriminative-relation": "relation",
    "relation": "relation",
}
PLACES = ("existence", "attribute", "relation", "state", "number", "action")


def read(row: Row) -> Sample | None:
    category = row.text("category", "type")
    if category == "generative":
        return None
    dimension = DIMENSIONS.get(category, category)
    return Sample(
        id=row.text("index", "id", default=None),
        question=row.text("question", "query"),
        target=row.text("answer", "truth").strip().capitalize(),
        media=row.images("image") or row.images("image_path"),
        group={"dimension": dimension}
        | ({"attribute": category.rsplit("-", 1)[-1]} if dimension == "attribute" else {}),
    )


def exact(text: str, _: Sample) -> Found | None:
    return Found(text, "the reply is the word") if text in ("Yes", "No") else None


def on(place: str, aggregate: Aggregate) -> Aggregate:
    """An aggregate of the samples in one dimension, or with one kind of attribute."""
    return lambda graded: aggregate([g for g in graded if place in g.sample.group.values()])


def negatives(quantity: Callable[[float, float], float], start: float = 0.001) -> Aggregate:
    """Of precision and recall for the word no, as the authors round them; all their counts begin with `start`."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        if all(g.score.value is None for g in graded):
            return None
        counts = detection(graded, "No")
        precision = round(counts.hits / (counts.hits + counts.false_alarms + start), 3)
        recall = round(counts.hits / (counts.hits + counts.misses + start), 3)
        return quantity(precision, recall)

    return aggregate


def f1(small: float = 0.0001, start: float = 0.001) -> Aggregate:
    return negatives(lambda precision, recall: round(2 * precision * recall / (precision + recall + small), 3), start)


# The counts for attributes are the sums of three, with three times the constant.
F1 = {name: f1() for name in PLACES} | {"existence": f1(small=0.001), "attribute": f1(start=0.003)}

TASK = yes_no(
    read,
    rules={"opencompass": telling(by_yes_no), "official": telling(rule(exact))},
    headline=macro("dimension"),
    metrics={
        "accuracy": SAMPLES,
        "precision": negatives(lambda precision, _: precision),
        "recall": negatives(lambda _, recall: recall),
        "f1": f1(),
        **{name: on(name, SAMPLES) for name in PLACES},
        **{f"f1_{name}": on(name, own) for name, own in F1.items()},
    },
    sources=(
        Tsv(
            url="https://huggingface.co/datasets/yifanzhang114/AMBER_base64/resolve/main/AMBER.tsv",
            md5="970d94c0410916166e0a76ba75da7934",
        ),
    ),
    rubric="yes_no",
)
