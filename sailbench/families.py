"""The shapes nearly every benchmark has. Each takes what is peculiar and returns a Task; the rest has defaults.

A rule is made of a reader (text -> the answer in it, or None) and a comparison with the target. Whatever the
family, `text` (how a sample is worded), `sampling`, `rules` and any other field of Task can be given.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sailbench import extract, prompts
from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT, Mean, Point, each
from sailbench.extract import Found
from sailbench.metrics.math_match import close_match_score, rounded_match_score
from sailbench.metrics.open_answer import open_answer_score
from sailbench.metrics.text_match import containment_score
from sailbench.rows import Row
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Request, Sample, Sampling, Score

Read = Callable[[Row], Sample | None]
Text = Callable[[Sample], str]
Reader = Callable[[str, Sample], Found | None]
Comparison = Callable[[str, Sample], float]
Match = Callable[[str, str], float]

NORMAL = Sampling()


def asking(text: Text, sampling: Sampling) -> Callable[[Sample], Request]:
    """The usual request: one turn about the sample's media."""
    return lambda sample: Request(turns=(text(sample),), media=sample.media, sampling=sampling)


def is_target(answer: str, sample: Sample) -> float:
    return float(answer == sample.target)


def needs_target(grade: Rule) -> Rule:
    """A row without a gold answer (an unpublished test set) cannot be graded: neither right nor wrong."""
    missing = Score(None, None, "the row gives no answer to compare with")
    return lambda sample, reply: missing if sample.target in (None, "", ()) else grade(sample, reply)


def rule(read: Reader, compare: Comparison = is_target, verdict: Reader | None = None) -> Rule:
    """Read the answer, compare it. What cannot be read is wrong and counts as unparsed.

    With `verdict`, an unreadable reply is read from what an extractor made of it, where one was asked.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        found, source = read(reply.text, sample), ""
        if found is None and verdict is not None and reply.verdict is not None:
            found, source = verdict(reply.verdict, sample), " in the extractor's reply"
        if found is None:
            return Score(0.0, None, "no answer found")
        return Score(compare(found.answer, sample), found.answer, found.how + source)

    return grade


def with_choices(choice_rule: Rule, open_rule: Rule) -> Rule:
    """One rule for questions with options, another for those without."""
    return lambda sample, reply: (choice_rule if sample.choices else open_rule)(sample, reply)


def options_read_by(read: Callable[[str, Mapping[str, str]], Found | None]) -> Reader:
    """A reader of one of the sample's options."""
    return lambda text, sample: read(text, sample.choices)


option = options_read_by(extract.option_match)
by_option_match = rule(option, verdict=option)
by_last_named_option = rule(options_read_by(extract.last_named_option))


def by_first_capital(phrases: Sequence[str] = (), letters: str = "ABCD", verdict: Reader | None = None) -> Rule:
    """The first capital among the letters, once the phrases that announce it are cut out."""
    return rule(lambda text, _: extract.first_capital(text, letters, phrases), verdict=verdict)


def _yes_no(text: str, sample: Sample) -> Found | None:
    return extract.yes_no(text)


by_yes_no = rule(_yes_no, verdict=_yes_no)


def whole_reply(text: str, sample: Sample) -> Found | None:
    """Everything that was said; nothing of an empty reply."""
    return Found(text.strip(), "the whole reply") if text.strip() else None


def golds(sample: Sample) -> tuple[str, ...]:
    """The true answers, be it one or several."""
    return (sample.target,) if isinstance(sample.target, str) else tuple(map(str, sample.target))


def by_containment(exact_symbols: Callable[[Sample], bool] = lambda _: False) -> Rule:
    """Right when the reply holds a gold answer; formulae by their exact symbols."""
    return rule(whole_reply, lambda said, sample: containment_score(said, golds(sample), exact_symbols(sample)))


@needs_target
def by_key_phrases(sample: Sample, reply: Reply) -> Score:
    """Right when a gold answer is among the numbers and phrases behind the reply's key words."""
    phrases = extract.key_phrases(reply.text)
    answer = "; ".join(phrases) or None
    return Score(open_answer_score(phrases, golds(sample)), answer, "phrases behind key words" if answer else "empty")


def by_whole_or_extracted(match: Match) -> Rule:
    """Right when the whole reply matches the target, else judged by what an extractor made of it.

    Without an extractor only a reply of one word counts as read.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        said, taken = reply.text.strip(), (reply.verdict or "").strip()
        if said and match(said, sample.target):
            return Score(1.0, said, "the whole reply")
        if taken:
            return Score(match(taken, sample.target), taken, "what the extractor took from the reply")
        return Score(0.0, said if len(said.split()) == 1 else None, "the whole reply is not the answer")

    return grade


def _math_answer(text: str, sample: Sample) -> Found | None:
    return extract.final_math_answer(text)


def _letter_or_value(answer: str, sample: Sample) -> float:
    """The right letter, or the right option's value."""
    return max(rounded_match_score(answer, own) for own in (sample.target, sample.choices.get(sample.target, "")))


by_math_answer = rule(_math_answer, _letter_or_value)
by_option_or_number = with_choices(by_option_match, by_whole_or_extracted(close_match_score))


def choice(
    read: Read,
    text: Text = prompts.for_a_letter,
    sampling: Sampling = NORMAL,
    rules: Mapping[str, Rule] | None = None,
    **options: Any,
) -> Task:
    """Questions with lettered options."""
    return Task(read=read, ask=asking(text, sampling), rules=rules or {"opencompass": by_option_match}, **options)


def first_of_unit(graded: Sequence[Graded]) -> list[Point]:
    """Of each unit only the sample that the unit is named for."""
    return each([g for g in graded if g.sample.id == g.sample.unit])


def circular_choice(read: Read, **options: Any) -> Task:
    """Every question several times with its options rotated; right only if all rotations (a unit) are.

    `plain` is the accuracy over all rows, `first_rotation` over the questions as they were written.
    """
    metrics = {"plain": SAMPLES, "first_rotation": Mean(first_of_unit)}
    return _choice_but(read, options, headline=UNITS_ALL_RIGHT, metrics=metrics)


def yes_no(read: Read, **options: Any) -> Task:
    """Questions to be answered with yes or no; targets are Yes and No."""
    return _choice_but(read, options, text=prompts.for_yes_or_no, rules={"opencompass": by_yes_no})


def contains(read: Read, **options: Any) -> Task:
    """Questions whose reply must hold one of the gold answers."""
    return _choice_but(read, options, text=prompts.for_a_phrase, rules={"opencompass": by_containment()})


def math_answer(read: Read, **options: Any) -> Task:
    """Mathematical questions, with options or without, whose answers are compared by value."""
    rules = {"opencompass": by_option_or_number, "official": by_math_answer}
    return _choice_but(read, options, text=prompts.as_it_is, rules=rules)


def _choice_but(read: Read, options: Mapping[str, Any], **defaults: Any) -> Task:
    """The same record with other defaults, which a task's own options override."""
    return choice(read, **{**defaults, **options})
