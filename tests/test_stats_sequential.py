"""Deciding while samples come in: wrong no more often than alpha however often one looks, and soon when it is plain."""

import math

import numpy as np
import pytest

from sailbench.stats import Change, Plan, watch
from sailbench.stats.sequential import SHARES, Fortune

MARGIN = 0.01


def stream(rng, gain, loss):
    """Fifteen rounds of 100 clusters of two samples, which gain and lose independently."""
    totals = rng.binomial(2, gain, 1500) - rng.binomial(2, loss, 1500)
    changes = [Change(int(total), 2) for total in totals]
    return (changes[i : i + 100] for i in range(0, 1500, 100))


def outcomes(gain, loss, times, alpha=0.05, tasks=1):
    rng = np.random.default_rng(29)
    plan = Plan(margin=MARGIN, alpha=alpha, largest={str(t): 2 for t in range(tasks)})
    for _ in range(times):
        streams = [stream(rng, gain, loss) for _ in range(tasks)]
        rounds = ({str(t): own for t, own in enumerate(several)} for several in zip(*streams, strict=True))
        yield watch(rounds, plan)


def share(found, verdict):
    return sum(one.verdict == verdict for one in found) / len(found)


def allowed(alpha, times):
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / times)


@pytest.mark.parametrize(("gain", "tasks"), [(0.0, 1), (0.05, 1), (0.05, 3)])
def test_fifteen_looks_at_a_loss_of_just_the_margin_keep_the_level(gain, tasks):
    found = list(outcomes(gain, gain + MARGIN, times=300, tasks=tasks))
    assert share(found, "regression") <= allowed(0.05, 300)
    assert share(found, "pass") <= allowed(0.05, 300)


def test_a_plain_test_looked_at_as_often_does_not_keep_it():
    rng, alarms = np.random.default_rng(31), 0
    for _ in range(300):
        totals = (rng.binomial(2, 0.05, 1500) - rng.binomial(2, 0.06, 1500)) / 2
        for seen in range(100, 1501, 100):
            own = totals[:seen]
            if (own.mean() + MARGIN) / (own.std(ddof=1) / math.sqrt(seen)) < -1.645:
                alarms += 1
                break
    assert alarms / 300 > allowed(0.05, 300)


def test_a_strong_regression_takes_a_tenth_of_the_samples():
    found = list(outcomes(0.02, 0.14, times=100, alpha=0.01))
    assert share(found, "regression") == 1.0
    assert np.mean([one.samples for one in found]) <= 300


def test_a_candidate_that_hardly_differs_passes_early():
    found = list(outcomes(0.001, 0.001, times=100, alpha=0.01))
    assert share(found, "pass") >= 0.95
    assert np.mean([one.samples for one in found]) <= 2000


def test_rounds_that_are_not_needed_are_not_made():
    made = []

    def rounds():
        for number in range(10):
            made.append(number)
            yield {"t": [Change(-1, 1)] * 20}

    outcome = watch(rounds(), Plan(margin=MARGIN, alpha=0.01, largest={"t": 1}))
    assert (outcome.verdict, outcome.rounds, outcome.samples, made) == ("regression", 1, 20, [0])


def test_one_bad_task_among_good_ones_is_found():
    plan = Plan(margin=MARGIN, alpha=0.01, largest={"bad": 1, "good": 1})
    rounds = [{"bad": [Change(-1, 1), Change(0, 1)] * 20, "good": [Change(0, 1)] * 40}] * 5
    assert watch(rounds, plan).verdict == "regression"


def test_a_pass_needs_every_task():
    plan = Plan(margin=MARGIN, alpha=0.05, largest={"long": 1, "short": 1})
    rounds = [{"long": [Change(0, 1)] * 100, "short": [Change(0, 1)] * (2 if n == 0 else 0)} for n in range(10)]
    outcome = watch(rounds, plan)
    assert outcome.verdict is None and outcome.sound < 1.1


def test_the_fortune_is_the_mean_over_the_bets():
    fortune = Fortune()
    fortune.bet(np.array([0.5, -0.2]))
    assert fortune.evidence == pytest.approx(np.mean([(1 + 0.5 * s) * (1 - 0.2 * s) for s in SHARES]))
