"""POPE
paper: arXiv 2305.10355
year: 2023
family: hallucination
modality: image
size: 9000
split: random, popular and adversarial, 3000 each (5127 distinct questions)
groups: hallucination
licence: MIT
metric: F1 for the word yes, over all three categories together
official: AoiDragon/POPE@08d957b evaluate.py
judge: optional
published: none by SAIL-VL2
prompt: question
differs: VLMEvalKit looks for the one word yes or no, and asks an LLM where there is none or both; what stays unread is
    no "yes" in F1, and wrong in accuracy. The authors take the reply up to its first full stop without commas: one of
    the words No, no and not makes it no, anything else yes, be it "NO", "Nope" or empty. They print each category;
    LLaVA and InternVL quote the mean of the three (metric mean_f1). VLMEvalKit's TSV names the categories of a
    question in one cell; it counts once for each. lmms-eval compares the whole reply.
"""

from collections.abc import Callable, Sequence

from sailbench.aggregate import mean_of
from sailbench.extract import Found
from sailbench.families import by_yes_no, rule, yes_no
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.binary import Detection, measured, said, telling
from sailbench.types import Graded, Sample

CATEGORIES = ("random", "popular", "adversarial")


def read(row: Row) -> Sample:
    categories = tuple(name.strip() for name in row.text("category").split(",") if name.strip())
    return Sample(
        id=row.text("index") or "/".join((*categories, row.text("question_id", "id", default=None))),
        question=row.text("question"),
        target=row.text("answer").strip().capitalize(),
        media=row.images("image"),
        group={"category": categories[0]} if len(categories) == 1 else {},
        extra={"categories": categories},
    )


def first_sentence(text: str, _: Sample) -> Found | None:
    words = text.split(".")[0].replace(",", "").split(" ")
    denial = next((word for word in words if word in ("No", "no", "not")), None)
    return Found("No", f"{denial} in the first sentence") if denial else Found("Yes", "no denial in the first sentence")


def times(graded: Graded) -> float:
    """How often a question counts: once for each category that it is in."""
    return max(1, len(graded.sample.extra["categories"]))


def within(category: str) -> Callable[[Graded], float]:
    return lambda graded: float(category in graded.sample.extra["categories"])


def f1(counts: Detection) -> float:
    return counts.f1


def accuracy(graded: Sequence[Graded]) -> float | None:
    return _share(graded, lambda g: g.score.value == 1)


def yes_ratio(graded: Sequence[Graded]) -> float | None:
    return _share(graded, lambda g: said(g) == "Yes")


def _share(graded: Sequence[Graded], holds: Callable[[Graded], bool]) -> float | None:
    known = [g for g in graded if g.score.value is not None]
    return sum(times(g) for g in known if holds(g)) / sum(map(times, known)) if known else None


by_category = {f"f1_{name}": measured(f1, weight=within(name)) for name in CATEGORIES}

TASK = yes_no(
    read,
    text=as_it_is,
    rules={"opencompass": telling(by_yes_no), "official": telling(rule(first_sentence))},
    headline=measured(f1, weight=times),
    metrics={
        "accuracy": accuracy,
        "precision": measured(lambda counts: counts.precision, weight=times),
        "recall": measured(lambda counts: counts.recall, weight=times),
        "yes_ratio": yes_ratio,
        "mean_f1": mean_of(*by_category.values()),
        **by_category,
    },
    sources=(
        Hub(repo="lmms-lab-encoder/POPE", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/POPE.tsv",
            md5="c12f5acb142f2ef1f85a26ba2fbe41d5",
        ),
    ),
    rubric="yes_no",
)
