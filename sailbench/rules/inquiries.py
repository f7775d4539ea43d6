"""What judges are asked of a reply. Of most replies it is one thing; some benchmarks ask several.

A sample that needs several verdicts lists its inquiries in `extra["inquiries"]`; what a judge said to each stands in
`Reply.verdicts` by the inquiry's name. Any other sample of a task with a rubric needs one, which is `Reply.verdict`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sailbench import judge
from sailbench.task import Task
from sailbench.types import Reply, Request, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One thing that is asked of a judge, by a rubric.

    `turn` is the turn whose answer is judged, the last one if None. `slots` go before the sample's own. `aside` is a
    question that the model itself answers besides the sample's; the rubric has that answer in the slot `$aside`.
    """

    name: str
    rubric: str
    turn: int | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    aside: str = ""

    def judged(self, reply: Reply) -> str:
        """The answer that is to be judged; "" where the model gave none."""
        if self.turn is None:
            return reply.text
        return reply.turns[self.turn] if self.turn < len(reply.turns) else ""

    def verdict(self, reply: Reply, alone: bool) -> str | None:
        """What a judge said; the only verdict of a reply needs no name if the inquiry is `alone`."""
        return reply.verdicts.get(self.name, reply.verdict if alone else None)


def listed(sample: Sample) -> tuple[Inquiry, ...]:
    """The inquiries that the sample itself lists."""
    return tuple(sample.extra.get("inquiries", ()))


def inquiries(task: Task, sample: Sample) -> tuple[Inquiry, ...]:
    """Everything that a judge is asked of a reply to this sample."""
    alone = (Inquiry(name=task.rubric, rubric=task.rubric),) if task.rubric else ()
    return listed(sample) if "inquiries" in sample.extra else alone


def asides(task: Task, sample: Sample) -> dict[str, Request]:
    """What the model is asked besides the sample's own question, by the name of the inquiry that needs it."""
    return {
        own.name: replace(task.ask(sample), turns=(own.aside,)) for own in inquiries(task, sample) if own.aside.strip()
    }


def prompts(task: Task, sample: Sample, reply: Reply, answers: Mapping[str, str]) -> dict[str, str]:
    """What is still to be asked of a judge, by the inquiry's name. `answers` are those to `asides`.

    Nothing is asked about an answer that was not given, or before the model has answered the question aside.
    """
    asked = {}
    for own in inquiries(task, sample):
        said = own.judged(reply)
        ready = not own.aside or own.name in answers
        if own.name not in reply.verdicts and said.strip() and ready:
            slots = {**own.slots, "aside": answers.get(own.name, "")}
            asked[own.name] = judge.load(own.rubric).ask(sample, said, **slots)
    return asked
