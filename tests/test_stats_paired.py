"""Paired differences, exact tests and tests of several tasks: by hand, and by simulation with seeds."""

import math

import numpy as np
import pytest

from sailbench import stats
from sailbench.stats import Change, Difference
from sailbench.stats.exact import p_net_above
from sailbench.stats.paired import run_noise

MARGIN = 0.01


def singles(gained, lost, pairs):
    return Difference.of((Change(1, 1),) * gained + (Change(-1, 1),) * lost + (Change(0, 1),) * (pairs - gained - lost))


def drawn(rng, gain, loss, pairs):
    """A difference between two runs that gain and lose such shares of independent pairs."""
    return singles(*map(int, rng.multinomial(pairs, [gain, loss, 1 - gain - loss])[:2]), pairs)


def clustered(rng, gain, loss, clusters=250, size=4):
    """The same with clusters in which changes come together (a correlation of 0.15)."""
    weight = (1 - 0.15) / 0.15
    rates = [rng.beta(p * weight, (1 - p) * weight, clusters) if p else 0.0 for p in (gain, loss)]
    totals = rng.binomial(size, rates[0], clusters) - rng.binomial(size, rates[1], clusters)
    return Difference.of([Change(int(total), size) for total in totals])


def shares(draw, *questions, times, seed):
    """How often each question about a drawn difference is answered with yes."""
    rng = np.random.default_rng(seed)
    found = [draw(rng) for _ in range(times)]
    return [sum(question(d) for d in found) / times for question in questions]


def allowed(alpha, times):
    """The level with three standard errors of the simulation."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / times)


def passes(d):
    return d.p_above(-MARGIN) <= 0.05


def fails(d):
    return d.p_below(-MARGIN) <= 0.05


def test_the_difference_is_the_clustered_one():
    d = stats.difference([1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "c"])
    assert (d.mean, d.n, len(d.changes), d.gained, d.lost) == (-0.25, 4, 3, 1, 2)
    assert d.stderr == pytest.approx(stats.clustered_stderr([0.0, 1.0, -1.0, -1.0], ["a", "a", "b", "c"]))


def test_mcnemar_is_the_binomial_test_of_changed_pairs():
    assert stats.mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert stats.mcnemar(1, 9, mid_p=True) == pytest.approx(2 * (1 + 10) / 2**10 - 10 / 2**10)
    assert (stats.mcnemar(0, 0), stats.mcnemar(4, 4)) == (1.0, 1.0)


def test_without_a_change_it_takes_299_pairs_to_exclude_a_loss_of_one_point():
    assert singles(0, 0, 298).p_above(-MARGIN) > 0.05 > singles(0, 0, 299).p_above(-MARGIN)
    assert singles(0, 0, 299).lower(0.05) == pytest.approx(-(1 - 0.05 ** (1 / 299)), abs=2e-5)


def test_the_exact_test_never_exceeds_its_level():
    pairs, seen = 120, {}
    for gain in (0.0, 0.01, 0.05):
        loss = gain + 0.05
        false = 0.0
        for lost in range(26):
            for gained in range(18):
                p = seen.setdefault((gained, lost), p_net_above(gained, lost, pairs, -0.05))
                ways = math.comb(pairs, gained) * math.comb(pairs - gained, lost)
                rest = pairs - gained - lost
                false += (p <= 0.05) * ways * gain**gained * loss**lost * (1 - gain - loss) ** rest
        assert false <= 0.05


@pytest.mark.parametrize(("gain", "pairs"), [(0.0, 5000), (0.01, 900), (0.04, 2000)])
def test_false_passes_and_false_alarms_of_single_pairs_keep_their_level(gain, pairs):
    false = shares(lambda rng: drawn(rng, gain, gain + MARGIN, pairs), passes, fails, times=500, seed=3)
    assert max(false) <= allowed(0.05, 500)


def test_false_passes_and_false_alarms_of_clusters_keep_their_level():
    false = shares(lambda rng: clustered(rng, 0.04, 0.05), passes, fails, times=1000, seed=5)
    assert max(false) <= allowed(0.05, 1000)


def test_the_interval_of_a_paired_difference_covers_95_percent():
    def covers(d):
        return d.lower(0.025) <= -0.03 <= d.upper(0.025)

    (share,) = shares(lambda rng: clustered(rng, 0.05, 0.08), covers, times=1500, seed=8)
    assert 0.93 <= share <= 0.97


@pytest.mark.parametrize(("gain", "clusters", "size"), [(0.0, 60, 15), (0.0, 200, 4), (0.005, 100, 3)])
def test_a_few_changed_clusters_allow_for_one_more_and_keep_their_level(gain, clusters, size):
    def draw(rng):
        return clustered(rng, gain, gain + MARGIN, clusters, size)

    assert draw(np.random.default_rng(0)).method == "t, one more change"
    assert max(shares(draw, passes, fails, times=300, seed=7)) <= allowed(0.05, 300)


def test_without_a_change_the_limit_of_clusters_follows_the_rule_of_three():
    assert Difference.of([Change(0, 4)] * 200).lower(0.05) == pytest.approx(-3 * 2 / 800, rel=0.02)


def test_the_limits_of_a_difference_are_where_its_p_value_is_alpha():
    few, many = (clustered(np.random.default_rng(1), *loss) for loss in ((0.003, 0.004), (0.03, 0.05)))
    for d in (singles(3, 9, 900), singles(60, 90, 2000), few, many):
        assert d.p_above(d.lower(0.05)) == pytest.approx(0.05, abs=2e-3)
        assert d.p_below(d.upper(0.05)) == pytest.approx(0.05, abs=2e-3)
        assert d.lower(0.05) < d.mean < d.upper(0.05)


def test_the_same_answers_leave_nothing_to_estimate():
    same = stats.difference([1.0, 0.0], [1.0, 0.0], "ab", same=True)
    assert (same.lower(0.05), same.upper(0.05), same.p_above(-MARGIN), same.method) == (0.0, 0.0, 0.0, "same answers")


def test_one_cluster_proves_nothing():
    d = stats.difference([1.0] * 50, [0.0] * 50, ["a"] * 50)
    assert (d.p_below(-MARGIN), d.lower(0.05), d.upper(0.05)) == (1.0, -1.0, 1.0)


def test_holm_by_hand():
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_any_false_alarm_among_four_tasks_keeps_its_level():
    times, alarms = 400, 0
    rng = np.random.default_rng(13)
    for _ in range(times):
        tasks = [drawn(rng, 0.06, 0.06 + MARGIN, 500) for _ in range(4)]
        adjusted = stats.holm([d.p_below(-MARGIN) for d in tasks])
        alarms += min(adjusted) <= 0.025 or stats.pooled(tasks, 0.025).upper < -MARGIN
    assert alarms / times <= allowed(0.05, times)


def test_the_pooled_interval_covers_95_percent_over_unequal_tasks():
    times, hits = 600, 0
    rng = np.random.default_rng(17)
    for _ in range(times):
        tasks = [drawn(rng, 0.02, 0.05, 1500), drawn(rng, 0.1, 0.1, 200), clustered(rng, 0.05, 0.06)]
        limits = stats.pooled(tasks, 0.025)
        hits += limits.lower <= -0.04 / 3 <= limits.upper
    assert 0.93 <= hits / times <= 0.97


def test_the_sample_size_that_is_named_decides_in_four_of_five_cases():
    seen = singles(40, 80, 1000)
    needed = stats.samples_needed(1000, seen.stderr, seen.mean + MARGIN, 0.05)
    (found,) = shares(lambda rng: drawn(rng, 0.04, 0.08, needed), fails, times=600, seed=19)
    assert found == pytest.approx(0.8, abs=0.05)


def test_no_number_of_samples_decides_on_the_border():
    assert stats.samples_needed(100, 0.01, 0.0, 0.05) is None


def test_the_detectable_difference_is_found_in_four_of_five_cases():
    least = stats.detectable(singles(50, 50, 1000).stderr, 0.05)

    def worse(d):
        return d.p_below(0.0) <= 0.05

    (found,) = shares(lambda rng: drawn(rng, 0.05 - least / 2, 0.05 + least / 2, 1000), worse, times=600, seed=23)
    assert found == pytest.approx(0.8, abs=0.05)


def test_noise_of_whole_runs_is_what_samples_do_not_explain():
    shifted = [singles(0, 60, 1000), singles(60, 0, 1000)]
    assert run_noise([singles(30, 30, 1000)]) == 0.0
    assert run_noise(shifted) == pytest.approx(math.sqrt(0.06**2 - shifted[0].stderr ** 2))


def test_noise_widens_the_limits_and_agrees_with_the_p_value():
    quiet = singles(40, 60, 1000)
    noisy = Difference.of(quiet.changes)
    noisy = type(noisy)(**{name: getattr(noisy, name) for name in noisy.__slots__} | {"noise": 0.02})
    assert noisy.lower(0.05) < quiet.lower(0.05) < quiet.upper(0.05) < noisy.upper(0.05)
    assert noisy.p_above(noisy.lower(0.05)) == pytest.approx(0.05, abs=2e-3)


def test_an_estimated_difference_has_the_jackknifes_value_and_error():
    pseudo = [0.1, -0.3, 0.05, 0.2, -0.4, 0.05]
    own = stats.estimated(-0.05, pseudo, stats.Behind(n=100, clusters=40, gained=20, lost=20))
    assert (own.n, own.clusters, own.mean, own.method) == (100, 40, -0.05, "t, jackknife")
    assert own.stderr == pytest.approx(np.std(pseudo, ddof=1) / math.sqrt(6))


def test_an_estimated_difference_without_pseudo_values_proves_nothing():
    own = stats.estimated(-0.2, None, stats.Behind(n=9, clusters=9, gained=0, lost=2))
    assert (own.mean, own.lower(0.05), own.upper(0.05), own.p_below(-0.1)) == (-0.2, -1.0, 1.0, 1.0)


def test_where_a_sample_weighs_more_no_change_proves_less():
    plain, heavy = (
        stats.estimated(0.0, [0.0] * 50, stats.Behind(n=50, clusters=50, gained=0, lost=0, weight=w)) for w in (1, 3)
    )
    assert heavy.lower(0.05) == pytest.approx(3 * plain.lower(0.05)) and plain.lower(0.05) < -0.05
    assert heavy.planning_stderr == pytest.approx(3 * plain.planning_stderr)
