"""Yes or no as a detector's output: what was said is kept with the grade; precision, recall and F1 come of it.

F1 counts what was said, not what was right: a reply that says neither word misses a yes, but raises no false alarm.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sailbench.aggregate import Aggregate, Sums, Term, Totals
from sailbench.task import Rule
from sailbench.types import Graded, Reply, Sample, Score

Weight = Callable[[Graded], float]


def telling(own: Rule) -> Rule:
    """The same rule, with the word that was said among the grade's parts (nothing where none could be read)."""

    def grade(sample: Sample, reply: Reply) -> Score:
        score = own(sample, reply)
        return score if score.value is None else replace(score, parts={**score.parts, "said": score.answer or ""})

    return grade


def said(graded: Graded) -> str:
    """The word that was said; of a grade that is only assumed (for bounds), the word that would lead to it."""
    if "said" in graded.score.parts:
        return str(graded.score.parts["said"])
    right = graded.score.value == 1
    return str(graded.sample.target) if right else {"Yes": "No", "No": "Yes"}[graded.sample.target]


@dataclass(frozen=True, slots=True)
class Detection:
    """How often one of the two words was said rightly, wrongly, and not said where it was right."""

    hits: float
    false_alarms: float
    misses: float

    @property
    def precision(self) -> float:
        return _ratio(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        return _ratio(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.precision * self.recall, self.precision + self.recall)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def once(_: Graded) -> float:
    return 1.0


def detection(graded: Sequence[Graded], word: str = "Yes", weight: Weight = once) -> Detection:
    """The counts for a word over the graded samples."""
    counts = {(s, t): 0.0 for s in (True, False) for t in (True, False)}
    for g in graded:
        if g.score.value is not None:
            counts[said(g) == word, g.sample.target == word] += weight(g)
    return Detection(counts[True, True], counts[True, False], counts[False, True])


def measured(quantity: Callable[[Detection], float], word: str = "Yes", weight: Weight = once) -> Aggregate:
    """An aggregate of the counts, None where nothing with any weight was graded."""

    def terms(graded: Sequence[Graded]) -> Iterable[Term]:
        for g in graded:
            if g.score.value is not None and weight(g):
                yield Term(g.cluster, "n", 1)
                yield Term(g.cluster, (said(g) == word, g.sample.target == word), weight(g))

    def value(held: Totals) -> float | None:
        kinds = ((True, True), (True, False), (False, True))
        return quantity(Detection(*(held.get(kind, 0.0) for kind in kinds))) if held.get("n") else None

    return Sums(terms, value)
