"""Error bars against closed forms and simulation."""

import math
import random
import statistics

import numpy as np
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


def few_clusters(rng, clusters=12, size=5):
    """Values of few clusters with different means; the true mean is 0.5."""
    shared = rng.beta(4, 4, size=(clusters, 1))
    return (rng.random((clusters, size)) < shared).astype(float)


def covered(draw, limits, times=1500, truth=0.5):
    rng = np.random.default_rng(11)
    bounds = [limits(draw(rng)) for _ in range(times)]
    return sum(low <= truth <= high for low, high in bounds) / times


def t_limits(values):
    clusters = [i for i in range(len(values)) for _ in values[0]]
    flat = values.ravel().tolist()
    return stats.interval(sum(flat) / len(flat), stats.clustered_stderr(flat, clusters), len(values), 1.0)


def test_twelve_clusters_are_covered_by_students_t():
    assert 0.93 <= covered(few_clusters, t_limits) <= 0.97


def test_clusters_taken_for_single_samples_are_not_covered():
    def naive(values):
        return t_limits(values.reshape(-1, 1))

    assert covered(lambda rng: few_clusters(rng, size=20), naive) < 0.85


def test_the_bootstrap_covers_a_ratio_that_is_no_mean():
    def precision(rng):
        return list(zip(rng.random(60) < 0.5, rng.random(60) < 0.5, strict=True))

    def share(pairs):
        chosen = [right for right, said in pairs if said]
        return sum(chosen) / len(chosen)

    def limits(pairs):
        pseudo = stats.pseudo_values(pairs, range(60), share)
        return stats.bootstrap_interval(share(pairs), pseudo, 1.0, draws=400)

    assert 0.93 <= covered(precision, limits, times=600) <= 0.97


def test_the_bootstrap_is_the_same_each_time_and_stays_on_the_scale():
    points = [100.0] * 18 + [0.0] * 2
    first, second = (stats.bootstrap_interval(90.0, points, 100.0, seed=4) for _ in range(2))
    assert first == second
    assert 0.0 <= first[0] < 90.0 < first[1] <= 100.0
    assert 90.0 - first[0] > first[1] - 90.0


def test_pseudo_values_of_a_mean_are_its_clusters():
    values = [0.0, 1.0, 1.0, 0.5]
    pseudo = stats.pseudo_values(values, range(4), lambda left: sum(left) / len(left))
    assert sorted(pseudo) == pytest.approx(sorted(values))
