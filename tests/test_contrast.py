"""How far a headline differs between two runs of the same samples: by hand, and by simulation with seeds."""

import random

import pytest

from sailbench.aggregate import SAMPLES, macro, mean_of
from sailbench.contrast import Measure, contrast, measure_of
from sailbench.rules.binary import measured
from sailbench.types import Graded, Sample, Score


def graded(values, kinds, target="Yes"):
    made = []
    for i, (value, kind) in enumerate(zip(values, kinds, strict=True)):
        sample = Sample(id=str(i), question="", target=target, group={"kind": kind})
        parts = {"said": target if value else "No" if target == "Yes" else "Yes"}
        made.append(Graded(sample, Score(value, "x", "", parts), cluster=str(i)))
    return made


def found(value, old, new, better=1):
    return contrast(Measure("own", value), (old, new), better, False)


def test_a_rare_kind_weighs_as_much_as_a_frequent_one():
    kinds = "x" * 8 + "y" * 2
    own = found(macro("kind"), graded([1.0] * 10, kinds), graded([1.0] * 9 + [0.0], kinds))
    assert (own.baseline, own.candidate, own.difference.mean) == (1.0, 0.75, -0.25)
    assert (own.difference.n, own.difference.lost) == (10, 1)


@pytest.mark.parametrize("value", [macro("kind"), mean_of(SAMPLES, macro("kind"))], ids=["sums", "any"])
def test_where_lower_is_better_the_sign_turns_and_the_values_stay(value):
    old, new = graded([1.0, 0.0] * 20, "xy" * 20), graded([1.0, 1.0] * 20, "xy" * 20)
    own = found(value, old, new, better=-1)
    assert (own.baseline, own.candidate, own.difference.mean) == (0.5, 1.0, -0.5)
    assert (own.difference.gained, own.difference.lost) == (0, 20)


def test_a_sample_that_one_side_could_not_grade_counts_on_neither():
    old, new = graded([1.0, 0.0, 1.0, 1.0], "xxyy"), graded([1.0, 0.0, None, 1.0], "xxyy")
    own = found(macro("kind"), old, new)
    assert (own.baseline, own.candidate, own.difference.n) == (0.75, 0.75, 3)
    assert found(macro("kind"), old, graded([None] * 4, "xxyy")) is None


class Side:
    def __init__(self, value, *lines):
        self.record, self.lines = {"value": value, "scale": 100.0}, {line["id"]: line for line in lines}


def line(id, value, **more):
    return {"id": id, "value": value, "answer": "x", **more}


def test_the_headline_is_taken_where_it_gives_what_the_summary_says():
    groups = [line("1", 1.0, group={"k": "a"}), line("2", 0.0, group={"k": "b"}), line("3", 0.0, group={"k": "b"})]
    assert measure_of(macro("k"), Side(50.0, *groups)).name == "the task's headline"
    assert measure_of(SAMPLES, Side(100 / 3, *groups)).name == "samples"
    assert measure_of(macro("k"), Side(50.0, *[line(own["id"], own["value"]) for own in groups])).name != "samples"
    assert measure_of(lambda graded: graded[0].sample.extra["gone"], Side(100 / 3, *groups)).name == "samples"


def runs(rng, n, change, loss):
    """Two runs, right on eight in ten: as many answers are lost as gained, and `loss` of the right ones besides."""
    kinds = [rng.choices("abc", (6, 3, 1))[0] for _ in range(n)]
    old = [float(rng.random() < 0.8) for _ in range(n)]
    new = [float(rng.random() >= change + loss) if v else float(rng.random() < 4 * change) for v in old]
    return graded(old, kinds), graded(new, kinds)


@pytest.mark.parametrize("value", [macro("kind"), measured(lambda counts: counts.recall)], ids=["macro", "recall"])
def test_limits_hold_their_level_at_the_true_difference(value):
    """A false regression has a probability of 0.05 at most: of 120 draws 12 would be three standard errors more."""
    rng, above, below = random.Random(3), 0, 0
    for _ in range(120):
        own = found(value, *runs(rng, 250, 0.03, 0.1)).difference
        above += own.lower(0.05) > -0.08
        below += own.upper(0.05) < -0.08
    assert above <= 13 and below <= 13
