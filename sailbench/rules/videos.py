"""What video benchmarks share: labels that a reply need only fit, sub-scores by every kind a question is of.

Videos that cannot be read and frames that cannot be decoded are the engine's business; rules see text alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from sailbench import extract
from sailbench.aggregate import Aggregate, part
from sailbench.families import needs_target
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Score


def by_label(said: Callable[[str], str], fits: Callable[[str, str], bool], by_options: bool) -> Rule:
    """Right when what was said fits the gold label; else, if asked for, when VLMEvalKit's option rule reads it.

    Where two options have one text, the gold label is the last of them, as in the scripts; the option rule is to read
    the first, which is the sample's extra "first".
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        own = said(reply.text)
        if own and fits(own, sample.target):
            return Score(1.0, sample.target, "fits the gold label")
        found = extract.option_match(reply.text, sample.choices) if by_options else None
        if found is None and by_options and reply.verdict is not None:
            found = extract.option_match(reply.verdict, sample.choices)
        if found is not None:
            return Score(float(found.answer == sample.extra["first"]), found.answer, found.how)
        fitting = [label for label in sample.choices if own and fits(own, label)]
        if fitting:
            return Score(0.0, fitting[0], "fits another label")
        return Score(0.0, None, "no answer found")

    return grade


def gold_labels(choices: Mapping[str, str], answer: str) -> tuple[str, str]:
    """The label of the gold text as scripts find it, and the first such label where there are several.

    The last one counts. Where none has the text (there are such rows) it is "@", what stands before A, as in the
    scripts: no reply says it.
    """
    having = [label for label, text in choices.items() if text == answer]
    return (having[-1], having[0]) if having else ("@", "")


def by_kinds(own: Rule, kinds: Callable[[Sample], Iterable[str]]) -> Rule:
    """The same rule, with the value once for every kind that the question is of: `part(kind)` is that kind's mean."""

    def grade(sample: Sample, reply: Reply) -> Score:
        score = own(sample, reply)
        parts = {} if score.value is None else dict.fromkeys(kinds(sample), score.value)
        return replace(score, parts={**score.parts, **parts})

    return grade


def means(kinds: Iterable[str]) -> dict[str, Aggregate]:
    """A metric for each kind."""
    return {kind: part(kind) for kind in kinds}
