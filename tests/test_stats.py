"""Error bars against closed forms and simulation."""

import math
import random
import statistics

import pytest

from sailbench import stats


def test_alone_every_sample_gives_the_usual_standard_error():
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    assert stats.clustered_stderr(values, range(5)) == pytest.approx(statistics.stdev(values) / math.sqrt(5))


def test_copies_of_a_sample_add_no_certainty():
    values = [0.0, 1.0, 1.0]
    tripled = [v for v in values for _ in range(3)]
    clusters = [i for i in range(3) for _ in range(3)]
    assert stats.clustered_stderr(tripled, clusters) == pytest.approx(stats.clustered_stderr(values, range(3)))


def test_one_cluster_has_no_standard_error():
    assert stats.clustered_stderr([1.0, 0.0], ["a", "a"]) is None


def test_the_jackknife_of_a_mean_is_the_closed_form():
    values = [0.0, 1.0, 1.0, 0.0, 0.5, 1.0]
    jackknife = stats.jackknife_stderr(values, range(6), lambda left: sum(left) / len(left))
    assert jackknife == pytest.approx(stats.clustered_stderr(values, range(6)))


def test_samples_that_share_media_through_others_are_one_component():
    assert stats.components([["a"], ["b"], ["a", "c"], ["c"], []]) == [0, 1, 0, 0, 4]


def test_nominal_95_percent_intervals_cover_95_percent():
    rng = random.Random(1)
    hits = 0
    for _ in range(1000):
        shared = [rng.random() for _ in range(80)]
        values = [float(rng.random() < p) for p in shared for _ in range(4)]
        stderr = stats.clustered_stderr(values, [i // 4 for i in range(320)])
        low, high = stats.interval(sum(values) / 320, stderr, 80, 1.0)
        hits += low <= 0.5 <= high
    assert 930 <= hits <= 970


def test_all_wrong_does_not_prove_that_the_score_is_zero():
    low, high = stats.interval(0.0, 0.0, 24, 100.0)
    assert low == 0.0 and high == pytest.approx(14.25, abs=0.01)
    assert stats.interval(100.0, 0.0, 24, 100.0) == pytest.approx((85.75, 100.0), abs=0.01)
