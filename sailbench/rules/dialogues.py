"""Talks of several turns, each of which a judge scores in several dimensions."""

from collections.abc import Sequence

from sailbench import judge
from sailbench.aggregate import mean
from sailbench.metrics.score_lists import dimension_scores
from sailbench.rules.inquiries import Inquiry, listed
from sailbench.rules.open_ended import UNREADABLE, needs
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score

TOP = 10


def turn_inquiries(rubric: str, turns: Sequence[tuple[str, str]]) -> tuple[Inquiry, ...]:
    """One inquiry a turn, "turn_1" and so on, about its question and the answer that it is measured by."""
    return tuple(
        Inquiry(name=f"turn_{k + 1}", rubric=rubric, turn=k, slots={"question": question, "target": answer})
        for k, (question, answer) in enumerate(turns)
    )


def by_turns(rubric: str, dimensions: Sequence[str]) -> Rule:
    """The mean of the last dimension over the sample's inquiries, each about a turn; every dimension's values as parts.

    A turn without an answer gets 0 throughout. One verdict that lacks a score, or has one off the scale of 1 to 10,
    leaves the whole talk ungraded.
    """

    def grade(sample: Sample, reply: Reply) -> Score:
        turns = listed(sample)
        scores = [_turn_scores(own, reply, len(turns) == 1, dimensions) for own in turns]
        if "needed" in scores:
            return needs(rubric)
        known = [own for own in scores if not isinstance(own, str)]
        if len(known) < len(scores) or not known:
            return Score(None, None, UNREADABLE)
        parts = {name: tuple(own[k] / TOP for own in known) for k, name in enumerate(dimensions)}
        said = "\n\n".join(own.judged(reply).strip() for own in turns).strip()
        return Score(mean(parts[dimensions[-1]]), said or None, f"the verdicts on {len(known)} turns", parts)

    return grade


def _turn_scores(own: Inquiry, reply: Reply, alone: bool, dimensions: Sequence[str]) -> tuple[int, ...] | str:
    """A turn's scores; or "needed" or "unreadable" as to the verdict that they would come from."""
    verdict = own.verdict(reply, alone)
    if verdict is None:
        return "needed" if own.judged(reply).strip() else (0,) * len(dimensions)
    text = judge.load(own.rubric).read(verdict)
    scores = None if text is None else dimension_scores(str(text), dimensions)
    return "unreadable" if scores is None else scores
