"""How good a judge is: its verdicts beside labels of people or of a stronger judge, and the score that it distorts.

`verdicts` reads both, `agreement` compares them, `correction` takes the judge's errors out of the score.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sailbench.audit.agreement import Estimate, Pair, flip_rate, kappa, pairs, quadratic_kappa, recall, share
from sailbench.audit.correction import Scores, corrected
from sailbench.audit.verdicts import Verdicts, read_labels, read_verdicts
from sailbench.errors import DataError

__all__ = ["Audit", "Estimate", "Questions", "Scores", "Verdicts", "audit", "read_labels", "read_verdicts"]


@dataclass(frozen=True, slots=True)
class Questions:
    """What an audit needs to know: from which grade on an answer is right, and the benchmark's scale."""

    right: float = 0.5
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A judge beside labels. Sensitivity and specificity are by category; of grades there is one, "right".

    `by_rules` and `unread` count labels of samples that rules graded without the judge, and of those whose verdict
    failed or could not be read: they say nothing of its verdicts. `flips` is the share that differed when it was
    asked again.
    """

    judge: str
    judged: int
    labelled: int
    by_rules: int
    unread: int
    agreement: Estimate
    kappa: Estimate | None
    quadratic_kappa: Estimate | None = None
    sensitivity: Mapping[str, Estimate] = field(default_factory=dict)
    specificity: Mapping[str, Estimate] = field(default_factory=dict)
    flips: Estimate | None = None
    scores: Scores | None = None


def audit(verdicts: Verdicts, labels: Verdicts, against: Verdicts | None, questions: Questions) -> Audit:
    """Everything there is to say of the judge; DataError where labels and verdicts do not fit together."""
    known = verdicts.matching(labels)
    judged = {own: label for own, label in labels.by_id.items() if known[own].judged}
    both = pairs(known, judged)
    if not both:
        raise DataError(f"of {len(labels.by_id)} labelled samples none has a verdict of {verdicts.name} to compare")
    _common_words(verdicts.name, both)
    graded = labels.kind == "grades"
    return Audit(
        judge=verdicts.name,
        judged=sum(v.judged and v.value is not None for v in verdicts.by_id.values()),
        labelled=len(both),
        by_rules=len(labels.by_id) - len(judged),
        unread=len(judged) - len(both),
        agreement=share([p.said == p.label for p in both], [p.cluster for p in both]),
        kappa=kappa(both),
        quadratic_kappa=quadratic_kappa(both) if graded and _several(both) else None,
        sensitivity=recall(both, questions.right, where=True),
        specificity=recall(both, questions.right, where=False),
        flips=None if against is None else flip_rate(verdicts, against),
        scores=corrected(verdicts, labels, questions.scale) if graded else None,
    )


def _several(both: list[Pair]) -> bool:
    """Whether there are more grades than right and wrong; of two, both kappas are the same."""
    return len({word for pair in both for word in (pair.said, pair.label)}) > 2


def _common_words(judge: str, both: list[Pair]) -> None:
    said, labels = {str(p.said) for p in both}, {str(p.label) for p in both}
    if isinstance(both[0].label, str) and not said & labels:
        raise DataError(
            f"labels and verdicts of {judge} share no word: {min(labels)!r} is a label, {min(said)!r} is not"
        )
