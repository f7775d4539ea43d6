"""Questions that are to be answered with a word or phrase: the whole reply is compared with the true answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sailbench import prompts
from sailbench.families import NORMAL, Read, asking, golds, needs_target
from sailbench.metrics.soft_accuracy import Spelling, soft_accuracy_score
from sailbench.rows import Row
from sailbench.task import Rule, Task
from sailbench.types import Reply, Sample, Sampling, Score

Similarity = Callable[[str, Sequence[str]], float]


def by_similarity(similarity: Similarity) -> Rule:
    """The reply as it came against the true answers. An empty reply answers nothing.

    The originals let an empty reply equal an answer that their spelling leaves nothing of, such as "a". A sample's
    `kinds` (of question, of answer), of which there may be several, each get the value as a part of the grade.
    """

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        said = reply.text.strip()
        value = similarity(reply.text, golds(sample)) if said else 0.0
        parts = dict.fromkeys(sample.extra.get("kinds", ()), value)
        return Score(value, said or None, "the whole reply" if said else "an empty reply", parts)

    return grade


def by_agreement(spelled: Spelling, spelled_truth: Spelling | None = None) -> Rule:
    """VQA accuracy after spelling the reply one way, and people's answers the same or another way."""

    def similarity(said: str, truths: Sequence[str]) -> float:
        return soft_accuracy_score(spelled(said), list(map(spelled_truth or spelled, truths)))

    return by_similarity(similarity)


def short_answer(read: Read, rules: Mapping[str, Rule], sampling: Sampling = NORMAL, **options: Any) -> Task:
    """The question, then a line that asks for a single word or phrase."""
    return Task(read=read, ask=asking(prompts.for_a_phrase, sampling), rules=rules, **options)


def people(row: Row, *columns: str) -> tuple[str, ...]:
    """What people answered: the first of these columns that holds something, a list of texts or of {answer} records."""
    column = next((name for name in columns if row.has(name)), "")
    answers = row.list(column)
    return tuple(str(one.get("answer", "")) if isinstance(one, Mapping) else str(one) for one in answers)
