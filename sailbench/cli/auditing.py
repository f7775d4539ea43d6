"""`sailbench judges audit`: how good a judge is, against labels of people or of a stronger judge."""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from sailbench.cli.frame import DONE
from sailbench.errors import UsageError
from sailbench.report import inert

if TYPE_CHECKING:
    from sailbench.audit import Audit, Estimate, Scores

RIGHT = 0.5
OPTIONS = ("labels", "verdicts", "against", "right")
# Beyond so many standard errors nobody takes the labelled samples for a random part of the judged.
APART = 3.0
# The commonest; --json has all.
CATEGORIES = 10


def add_options(p: argparse.ArgumentParser) -> None:
    group = p.add_argument_group("audit", "agreement with labels, and the score without the judge's errors")
    group.add_argument("--labels", type=Path, metavar="FILE", help="JSON Lines of {id, label}: 0 to 1, or words")
    group.add_argument(
        "--verdicts", type=Path, metavar="PATH", help="a results folder (default: results), or lines of {id, value}"
    )
    group.add_argument("--against", type=Path, metavar="PATH", help="the same judge asked again: how often it flips")
    group.add_argument("--right", type=float, metavar="X", help="the grade from which an answer is right (0.5)")


def refuse_options(arguments: argparse.Namespace) -> None:
    """Rubrics are shown without any of this."""
    if arguments.task is not None:
        raise UsageError(f"one rubric at a time: {arguments.task!r} is too many (or did you mean `judges audit TASK`?)")
    stray = next((own for own in OPTIONS if getattr(arguments, own) is not None), None)
    if stray is not None:
        raise UsageError(f"--{stray} goes with an audit: sailbench judges audit TASK --labels FILE")


def audit(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from sailbench import audit, registry
    from sailbench.aggregate import SAMPLES

    right = RIGHT if arguments.right is None else arguments.right
    if not 0 < right <= 1:
        raise UsageError(f"--right {right:g} is no grade from which an answer can be right: above 0, at most 1")
    if arguments.task is None or arguments.labels is None:
        raise UsageError("an audit needs a task and labels: sailbench judges audit TASK --labels FILE")
    task = registry.load(arguments.task)
    labels = audit.read_labels(arguments.labels)
    verdicts = audit.read_verdicts(arguments.verdicts or Path("results"), task.name, labels.kind)
    against = audit.read_verdicts(arguments.against, task.name, labels.kind) if arguments.against else None
    made = audit.audit(verdicts, labels, against, audit.Questions(right, task.scale))
    if arguments.json:
        facts = {"task": task.name, "scale": task.scale, "right": right, "mean_of_samples": task.headline is SAMPLES}
        print(inert.as_json(facts | asdict(made), indent=2))
        return DONE
    print(f"{task.name}: {inert.line(made.judge)} judged {made.judged} samples, {made.labelled} of them with a label")
    print(f"{'':<34}{'value':>8}  {'95 % interval':<18}{'n':>7}")
    for line in (*_lines(made), *_notes(made)):
        print(line)
    if made.scores is not None and task.headline is not SAMPLES:
        print("scores here are means over samples; the benchmark's own score is another")
    return DONE


class Line(NamedTuple):
    """A line of the table: the estimate times `unit`, to so many digits."""

    name: str
    own: "Estimate | None"
    unit: float = 100.0
    digits: int = 1

    def __str__(self) -> str:
        if self.own is None:
            return f"{self.name:<34}{'-':>8}  one category only"
        value, *ends = (f"{x * self.unit:.{self.digits}f}" for x in (self.own.value, *(self.own.interval or ())))
        return f"{self.name:<34}{value:>8}  {' to '.join(ends) or '-':<18}{self.own.n:>7}"


def _lines(made: "Audit") -> Iterator[Line]:
    yield Line("agreement", made.agreement)
    yield Line("Cohen's kappa", made.kappa, 1, 3)
    if made.quadratic_kappa is not None:
        yield Line("quadratic kappa", made.quadratic_kappa, 1, 3)
    for kind, by_category in (("sensitivity", made.sensitivity), ("specificity", made.specificity)):
        for category, own in islice(by_category.items(), CATEGORIES):
            yield Line(f"{kind}, {shorten(inert.line(category), 20, placeholder='…')}", own)
    if made.flips is not None:
        yield Line("flips when asked again", made.flips)
    if made.scores is not None:
        yield from _score_lines(made.scores)


def _score_lines(scores: "Scores") -> Iterator[Line]:
    yield Line("score by the judge alone", scores.judge_alone, 1)
    yield Line("score by labels alone", scores.labels_alone, 1)
    yield Line("score corrected, PPI", scores.ppi, 1)
    yield Line(f"score corrected, PPI++ ({scores.power:.2f})", scores.ppi_tuned, 1)


def _notes(made: "Audit") -> Iterator[str]:
    if made.by_rules:
        yield f"{made.by_rules} labels are of samples that rules graded without the judge; those grades stand"
    if made.unread:
        yield f"{made.unread} labels are of samples whose verdict failed or could not be read"
    if made.scores is None:
        return
    apart = abs(made.scores.apart)
    if apart > APART:
        yield f"the judge's mean on labelled samples is {apart:.1f} standard errors off its mean on the others:"
        yield "labels were not drawn at random from the judged, so the corrected scores do not hold"
    else:
        yield "corrected scores hold if labels were drawn at random from the judged"
