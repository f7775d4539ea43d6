"""Yes/no answers as a detector's: the word that was said is kept, and counted."""

import pytest

from sailbench.families import by_yes_no
from sailbench.rules.binary import detection, measured, said, telling
from sailbench.types import Graded, Reply, Sample, Score

rule = telling(by_yes_no)


def graded(*pairs):
    """(reply, gold) pairs, graded."""
    samples = [Sample(id=str(i), question="?", target=gold) for i, (_, gold) in enumerate(pairs)]
    return [Graded(s, rule(s, Reply(reply))) for s, (reply, _) in zip(samples, pairs, strict=True)]


def f1(counts):
    return counts.f1


def test_the_word_is_told_with_the_grade():
    assert [said(g) for g in graded(("yes", "No"), ("No.", "No"), ("maybe", "Yes"))] == ["Yes", "No", ""]


def test_precision_recall_and_f1_count_what_was_said():
    counts = detection(graded(("yes", "Yes"), ("yes", "No"), ("no", "Yes"), ("no", "No"), ("yes", "Yes")))
    assert (counts.precision, counts.recall) == (2 / 3, 2 / 3)
    assert pytest.approx(2 / 3) == counts.f1


def test_an_unread_reply_misses_a_yes_and_raises_no_false_alarm():
    counts = detection(graded(("maybe", "Yes"), ("maybe", "No")))
    assert (counts.hits, counts.false_alarms, counts.misses) == (0, 0, 1)


def test_either_word_can_be_the_one_that_is_detected():
    own = graded(("no", "No"), ("no", "Yes"))
    assert tuple(getattr(detection(own, "No"), name) for name in ("hits", "false_alarms", "misses")) == (1, 1, 0)


def test_weights_count_a_sample_several_times_or_not_at_all():
    own = graded(("yes", "Yes"), ("no", "Yes"))
    assert pytest.approx(2 * 0.75 / 1.75) == measured(f1, weight=lambda g: 3.0 if g.sample.id == "0" else 1.0)(own)
    assert measured(f1, weight=lambda g: 0.0)(own) is None


def test_nothing_said_gives_zero_and_nothing_graded_nothing():
    assert measured(f1)(graded(("no", "No"))) == 0
    assert measured(f1)([Graded(Sample(id="1", question="?", target="Yes"), Score(None, None, "not asked"))]) is None


@pytest.mark.parametrize(("value", "gold", "word"), [(1.0, "Yes", "Yes"), (0.0, "Yes", "No"), (0.0, "No", "Yes")])
def test_an_assumed_grade_stands_for_the_word_that_leads_to_it(value, gold, word):
    assert word == said(Graded(Sample(id="1", question="?", target=gold), Score(value, None, "assumed")))
