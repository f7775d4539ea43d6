"""Open-ended replies: a judge's weight, ungraded without a readable verdict; means over parts, turns and ratios."""

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.rules.open_ended import Weight, pooled, ratio, weighed
from sailbench.types import Graded, Reply, Sample, Score

SAMPLE = Sample(id="1", question="?", target="5")
HALF = weighed("mmvet", lambda sample, value: Weight(float(value)) if value != 1 else None)


def graded(value, **parts):
    return Graded(SAMPLE, Score(value, "x", "x", parts))


@pytest.mark.parametrize(
    ("text", "verdict", "value", "why"),
    [
        ("five", "0.5", 0.5, "the judge's verdict"),
        ("five", None, None, "needs a judge: mmvet"),
        ("five", "half", None, "the judge's verdict cannot be read"),
        ("five", "1.0", None, "the judge's verdict cannot be read"),  # this rule says that 1 is off its scale
        ("", None, 0.0, "an empty reply"),
        ("", "0.5", 0.5, "the judge's verdict"),
        (" ", "half", None, "the judge's verdict cannot be read"),
    ],
)
def test_a_reply_is_worth_what_can_be_read_of_its_verdict(text, verdict, value, why):
    score = HALF(SAMPLE, Reply(text, verdict))
    assert (value, why) == (score.value, score.why)


def test_a_row_without_a_reference_cannot_be_graded():
    assert HALF(Sample(id="1", question="?", target=""), Reply("five", "0.5")).value is None


def test_pooled_values_count_once_whichever_sample_they_are_of():
    assert pooled("x")([graded(0.5, x=(0.2, 0.4)), graded(1.0, x=(0.9,))]) == pytest.approx(0.5)
    assert pooled("x")([graded(None), graded(1.0, x=(0.9,))]) == 0.9


def test_bounds_of_a_talk_that_is_not_graded_weigh_its_turns():
    task = registry.load("mmdu")
    own = [task.read(Row({"index": i, "question": ["a"] * n, "answer": ["b"] * n})) for i, n in enumerate((3, 1))]
    scores = [Score(None, None, "x"), Score(0.8, "x", "x", {"Overall Score": (0.8,)})]
    made = task.summarize([Graded(s, score) for s, score in zip(own, scores, strict=True)])
    assert pytest.approx((80.0, 20.0, 95.0)) == (made.value, *made.bounds)


def test_a_ratio_is_one_of_means():
    relative = ratio("own", "other")
    assert relative([graded(0.9, own=0.9, other=0.8), graded(0.2, own=0.2, other=0.4)]) == pytest.approx(1.1 / 1.2)
    assert relative([graded(0.0, own=0.0)]) == 0.0
    assert relative([graded(0.5, own=0.5)]) is None
    assert relative([]) is None


# The authors' leaderboard (WildVision-AI/WildVision-Bench@79dacc0 README.md): how often much better, better, tie,
# worse and much worse; then score, win rate and reward.
LEADERBOARD = [
    ((255, 148, 14, 72, 11), (89.15, 80.6, 56.4)),
    ((135, 159, 28, 116, 62), (64.65, 58.8, 18.9)),
    ((0, 1, 499, 0, 0), (50.1, 0.2, 0.1)),  # the reference against itself: the board prints 50.0, where it is fixed
    ((80, 83, 27, 167, 143), (35.57, 32.6, -21.0)),
    ((16, 38, 11, 115, 320), (7.81, 10.8, -68.5)),
]


@pytest.mark.parametrize(("counts", "published"), LEADERBOARD)
def test_the_wildvision_leaderboard_comes_out_of_its_counts(counts, published):
    task = registry.load("wildvision")
    sample = task.read(Row({"index": "1", "question": "?", "claude3_sonnet": "x"}))
    labels = ("B>>A", "B>A", "A=B", "A>B", "A>>B")
    verdicts = [f"[[{label}]]" for label, count in zip(labels, counts, strict=True) for _ in range(count)]
    made = task.summarize([Graded(sample, task.score(sample, Reply("y", v), "opencompass")) for v in verdicts])
    assert pytest.approx(published, abs=0.051) == (made.metrics["score"], made.value, made.metrics["reward"])
