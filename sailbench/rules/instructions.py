"""Instructions with constraints: rules check some, a judge some in one list, and some by comparison with another reply.

A constraint is a record {key, value, judge: {method, verify_funcs}}; `value` is its words. The other reply answers the
same request without the constraint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sailbench import judge
from sailbench.aggregate import mean
from sailbench.metrics.score_lists import constraint_scores
from sailbench.metrics.written_constraints import constraint_holds
from sailbench.rules.inquiries import Inquiry, listed
from sailbench.rules.open_ended import UNREADABLE, needs
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score

Constraint = Mapping[str, Any]
Scores = dict[str, float | None]

RULES, LIST, COMPARISON = "rule_based", "direct_gpt", "cmp_gpt"


@dataclass(frozen=True, slots=True)
class Rubrics:
    """What judges the constraints that are listed, and what compares."""

    listed: str
    compared: str


def by_method(constraints: Sequence[Constraint], method: str) -> list[Constraint]:
    return [own for own in constraints if own["judge"]["method"] == method]


def composed(instruction: str, constraints: Sequence[Constraint]) -> str:
    """The request: the instruction and the words of every constraint."""
    return " ".join((instruction, *(str(own["value"]) for own in constraints)))


def without(own: Constraint, constraints: Sequence[Constraint], question: str, instruction: str = "") -> str:
    """The request less one constraint; "" where it does not hold the constraint's very words."""
    if instruction:
        return composed(instruction, [other for other in constraints if other["key"] != own["key"]])
    less = question.replace(f" {own['value']}", "", 1)
    return "" if less == question else less


def constraint_inquiries(
    rubrics: Rubrics, constraints: Sequence[Constraint], asides: Mapping[str, str]
) -> tuple[Inquiry, ...]:
    """One inquiry about all that are listed, and one about each comparison. `asides` are requests without a constraint,
    by its key; what cannot be asked aside cannot be compared.
    """
    own = by_method(constraints, LIST)
    lines = "\n".join(f"Constraint_{k}: {one['value']}" for k, one in enumerate(own, 1))
    together = (Inquiry(name=rubrics.listed, rubric=rubrics.listed, slots={"constraints": lines}),) if own else ()
    return *together, *(
        Inquiry(
            name=f"{rubrics.compared}:{one['key']}",
            rubric=rubrics.compared,
            slots={"constraint": str(one["value"])},
            aside=asides[one["key"]],
        )
        for one in by_method(constraints, COMPARISON)
        if asides.get(one["key"])
    )


def by_constraints(rubrics: Rubrics) -> Rule:
    """The mean over the constraints in `extra["constraints"]`; of several with one key the last counts.

    MM-IFEval notes the listed ones first, then those that rules check, then comparisons.
    """

    def grade(sample: Sample, reply: Reply) -> Score:
        constraints = sample.extra["constraints"]
        checked = _checked(reply.text, by_method(constraints, RULES))
        if None in checked.values():
            return Score(None, None, "a rule that is not known, or not with these parameters")
        missing = _missing(rubrics, sample, reply)
        if missing:
            return needs(*missing)
        scores = _listed(rubrics, sample, reply) | checked | _compared(rubrics, sample, reply)
        value = mean(list(scores.values()))
        if value is None or None in scores.values():
            return Score(None, None, UNREADABLE if scores else "no constraint to check")
        return Score(
            value, reply.text.strip(), ", ".join(f"{key}: {own:g}" for key, own in scores.items() if own is not None)
        )

    return grade


def _checked(text: str, constraints: Sequence[Constraint]) -> Scores:
    """Constraints that rules check: 1 if every rule holds, None where one is not known."""
    scores: Scores = {}
    for own in constraints:
        held = [constraint_holds(text, rule["func"], rule["params"]) for rule in own["judge"]["verify_funcs"]]
        scores[own["key"]] = None if None in held else float(all(held))
    return scores


def _verdict(name: str, sample: Sample, reply: Reply) -> str | None:
    """What a judge said to an inquiry; the only verdict of a reply needs no name if the sample needs no other."""
    own = listed(sample)
    alone = len(own) == 1 and own[0].name == name
    return reply.verdicts.get(name, reply.verdict if alone else None)


def _missing(rubrics: Rubrics, sample: Sample, reply: Reply) -> list[str]:
    """The rubrics by which a judge has not yet spoken."""
    constraints = sample.extra["constraints"]
    wanted = [(rubrics.listed, rubrics.listed)] if by_method(constraints, LIST) else []
    wanted += [(rubrics.compared, f"{rubrics.compared}:{own['key']}") for own in by_method(constraints, COMPARISON)]
    return [rubric for rubric, name in wanted if _verdict(name, sample, reply) is None]


def _listed(rubrics: Rubrics, sample: Sample, reply: Reply) -> Scores:
    keys = [own["key"] for own in by_method(sample.extra["constraints"], LIST)]
    if not keys:
        return {}
    text = judge.load(rubrics.listed).read(_verdict(rubrics.listed, sample, reply) or "")
    scores = None if text is None else constraint_scores(str(text), len(keys))
    return dict(zip(keys, scores or (None,) * len(keys), strict=True))


def _compared(rubrics: Rubrics, sample: Sample, reply: Reply) -> Scores:
    scores: Scores = {}
    for own in by_method(sample.extra["constraints"], COMPARISON):
        verdict = _verdict(f"{rubrics.compared}:{own['key']}", sample, reply)
        value = judge.load(rubrics.compared).read(verdict or "")
        scores[own["key"]] = None if value is None else float(value)
    return scores
