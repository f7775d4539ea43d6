"""Rules for mathematics and physics: answers of a stated type, in JSON, in LaTeX, by letters, or weighed by a judge.

Where authors ask a language model, what it said is `Reply.verdict`; what rules alone can settle comes first.
"""

import re
from collections.abc import Callable

from sailbench import judge
from sailbench.aggregate import Mean, each
from sailbench.extract import option_match
from sailbench.families import needs_target
from sailbench.metrics import short_answers as short
from sailbench.metrics import symbolic
from sailbench.metrics.competition import TOLERANCE, competition_score, spelled_answer
from sailbench.metrics.typed_answers import chosen_option, in_the_type, number_of
from sailbench.task import Rule
from sailbench.types import Graded, Reply, Sample, Score

First = Callable[[Sample, str], Score | None]
Then = Callable[[Sample, str], Score]

NUMBERS = ("integer", "float")
EMPTY = Score(0.0, None, "empty")
UNREADABLE = Score(None, None, "the judge's reply cannot be read")


def nothing(sample: Sample, text: str) -> Score | None:
    """Rules alone settle nothing."""
    return None


def as_graded(sample: Sample, verdict: str) -> Score:
    return Score(float(verdict), f"{float(verdict):g}", "the judge's verdict")


def judged(rubric: str, then: Then = as_graded, first: First = nothing, heard_first: bool = False) -> Rule:
    """An empty reply is wrong, `first` settles what it can, `then` grades by what the judge was read to say.

    With `heard_first`, what the judge said of a reply counts even where `first` could have settled it.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        settled = first(sample, reply.text) if reply.text.strip() else EMPTY
        if reply.verdict is None or not heard_first:
            if settled is not None:
                return settled
            if reply.verdict is None:
                return Score(None, None, f"needs a judge: {rubric}")
        said = judge.load(rubric).read(reply.verdict)
        return UNREADABLE if said is None else then(sample, str(said))

    return grade


def by_typed_answer(rubric: str) -> Rule:
    """The option or the number of the stated type, as an extractor took it from the reply: MathVista's own rule.

    The target is the answer's text; `extra` has `answer_type` and, for numbers with decimals, `decimals`. Without an
    extraction, a reply that is an option's text or a number of the type is the answer itself.
    """
    return judged(rubric, _typed, _plainly_typed, heard_first=True)


def _plainly_typed(sample: Sample, text: str) -> Score | None:
    if text in sample.choices.values():
        return _typed(sample, text)
    number = None if sample.choices else number_of(text, sample.extra["answer_type"])
    return None if number is None else _typed(sample, str(number))


def _typed(sample: Sample, taken: str) -> Score:
    if sample.choices:
        answer: str | None = chosen_option(taken, list(sample.choices.values()))
    else:
        answer = in_the_type(taken, sample.extra["answer_type"], sample.extra["decimals"])
    return Score(float(answer == sample.target), answer, f"extracted: {taken}")


def by_typed_answer_in_kit(rubric: str) -> Rule:
    """The same by VLMEvalKit's rule: its option rule, or the very number; a list is never right, a slip.

    `extra` has the right option's `key`. Without an extraction the option rule reads the reply, and a reply that is a
    number is one. open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/mathvista.py
    """
    return judged(rubric, _typed_in_kit, _plainly_typed_in_kit, heard_first=True)


def _plainly_typed_in_kit(sample: Sample, text: str) -> Score | None:
    if sample.choices:
        found = option_match(text, sample.choices)
        return None if found is None else Score(float(found.answer == sample.extra["key"]), *found)
    kind = sample.extra["answer_type"]
    return _typed_in_kit(sample, text) if kind not in NUMBERS or number_of(text, kind) is not None else None


def _typed_in_kit(sample: Sample, taken: str) -> Score:
    if sample.choices:
        found = option_match(taken, sample.choices)
        return _unread(taken) if found is None else Score(float(found.answer == sample.extra["key"]), *found)
    kind = sample.extra["answer_type"]
    if kind not in NUMBERS:
        return Score(0.0, taken, "the kit compares nothing with a list")
    number = number_of(taken, kind)
    return _unread(taken) if number is None else Score(float(number == number_of(sample.target, kind)), taken, "number")


def _unread(taken: str) -> Score:
    return Score(0.0, None, f"no answer in what was extracted: {taken}")


@needs_target
def by_short_answer(sample: Sample, reply: Reply) -> Score:
    """DynaMath's own rule; `extra` has the `answer_type`."""
    kind, answer = sample.extra["answer_type"], short.authors_answer(reply.text)
    if not answer:
        return Score(0.0, None, "no short answer")
    return Score(short.authors_short_answer_score(answer, sample.target, kind), answer, "short answer")


def by_short_answer_in_kit(rubric: str) -> Rule:
    """The same by VLMEvalKit's rule, which asks an extractor where it cannot read the reply.

    A choice whose extraction cannot be read either is right if its letter is among the reply's first three signs.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        kind = sample.extra["answer_type"]
        answer = short.kit_answer(reply.text, kind) if reply.text.strip() else ""
        if answer is None and reply.verdict is None:
            return Score(None, None, f"needs a judge: {rubric}")
        if answer is None:
            taken = judge.load(rubric).read(reply.verdict or "")
            if taken is None:
                return UNREADABLE
            answer = short.read_as(str(taken), kind)
        if answer is None and kind == short.CHOICE and sample.target in short.prepared(reply.text)[:3].upper():
            return Score(1.0, sample.target, "among the first three signs")
        if not answer:
            return Score(0.0, None, "no short answer")
        return Score(short.kit_short_answer_score(answer, sample.target, kind), answer, "short answer")

    return grade


def by_competition_answer(identical: bool = False) -> Rule:
    """What the closing sentence announces, judged as OlympiadBench does; `identical` as VLMEvalKit does.

    `extra` has the `closing` words, the `tolerances`, and what the kit takes for the gold answer, `printed`.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        announced = re.findall(f"{re.escape(sample.extra['closing'])}(.*)", reply.text)
        said = announced[-1].strip() if announced else reply.text
        answer = spelled_answer(said)
        if not answer:
            return Score(0.0, None, "no answer found")
        truth = sample.extra["printed"] if identical else sample.target
        try:
            value = competition_score(said, truth, sample.extra["tolerances"] or (TOLERANCE,), identical)
        except symbolic.LateError:
            return Score(0.0, answer, "the comparison took too long")
        return Score(value, answer, "after the closing words" if announced else "no closing words: the whole reply")

    return grade


def over(keep: Callable[[Graded], bool]) -> Mean:
    """The accuracy over the samples that are kept."""
    return Mean(lambda graded: each([g for g in graded if keep(g)]))
