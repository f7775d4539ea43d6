"""Deciding while samples come in: wrong no more often than alpha however often one looks, and soon when it is plain."""

import math

import numpy as np
import pytest

from sailbench.stats import Change, Ledger, Plan, watch
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
        yield watch(rounds, Ledger(plan))


def chase(rng, losses, chased, alpha=0.05, size=240):
    """Tasks that gain one in a hundred; a round has 64 samples, a part of them of the task that looks worst."""
    left = {str(t): list(rng.choice([-1, 0, 1], size, p=[loss, 0.99 - loss, 0.01])) for t, loss in enumerate(losses)}
    ledger = Ledger(Plan(margin=MARGIN, alpha=alpha, largest=dict.fromkeys(left, 1)))

    def rounds():
        while open := {name: own for name, own in left.items() if own}:
            leader = ledger.leader(open) if chased else None
            each = math.ceil(64 * (1 - chased if leader else 1) / len(open))
            wanted = {name: each + math.ceil(64 * chased) * (name == leader) for name in open}
            taken = {name: [own.pop() for _ in range(min(wanted[name], len(own)))] for name, own in open.items()}
            yield {name: [Change(int(total), 1) for total in own] for name, own in taken.items()}

    return watch(rounds(), ledger)


def share(found, verdict):
    return sum(one.verdict == verdict for one in found) / len(found)


def allowed(alpha, times):
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / times)


@pytest.mark.parametrize(("gain", "tasks"), [(0.0, 1), (0.05, 1), (0.05, 3)])
def test_fifteen_looks_at_a_loss_of_just_the_margin_keep_the_level(gain, tasks):
    found = list(outcomes(gain, gain + MARGIN, times=300, tasks=tasks))
    assert share(found, "regression") <= allowed(0.05, 300)
    assert share(found, "pass") <= allowed(0.05, 300)


def test_chasing_the_task_that_looks_worst_keeps_the_level():
    rng = np.random.default_rng(37)
    found = [chase(rng, [0.02] * 4, chased=0.75) for _ in range(100)]
    assert share(found, "regression") <= allowed(0.05, 100)


def test_a_loss_in_one_of_eight_tasks_is_found_in_a_third_of_the_samples_by_chasing_it():
    rng = np.random.default_rng(41)
    worlds = ([chase(rng, [0.2, *[0.01] * 7], part, alpha=0.01) for _ in range(20)] for part in (0, 0.75))
    spread, chased = (np.median([one.samples for one in found]) for found in worlds)
    assert chased <= min(spread / 2, 8 * 240 / 3)


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

    outcome = watch(rounds(), Ledger(Plan(margin=MARGIN, alpha=0.01, largest={"t": 1})))
    assert (outcome.verdict, outcome.rounds, outcome.samples, made) == ("regression", 1, 20, [0])


def test_one_bad_task_among_good_ones_is_found():
    plan = Plan(margin=MARGIN, alpha=0.01, largest={"bad": 1, "good": 1})
    rounds = [{"bad": [Change(-1, 1), Change(0, 1)] * 20, "good": [Change(0, 1)] * 40}] * 5
    assert watch(rounds, Ledger(plan)).verdict == "regression"


def test_a_pass_needs_every_task():
    plan = Plan(margin=MARGIN, alpha=0.05, largest={"long": 1, "short": 1})
    rounds = [{"long": [Change(0, 1)] * 100, "short": [Change(0, 1)] * (2 if n == 0 else 0)} for n in range(10)]
    outcome = watch(rounds, Ledger(plan))
    assert outcome.verdict is None and outcome.sound < 1.1


def test_the_fortune_is_the_mean_over_the_bets():
    fortune = Fortune()
    fortune.bet(np.array([0.5, -0.2]))
    mean = np.mean([(1 + 0.5 * s) * (1 - 0.2 * s) for s in SHARES])
    assert fortune.log_evidence == pytest.approx(math.log(mean))


def test_evidence_of_tasks_is_multiplied_with_a_part_of_the_stake_kept_back_or_share_by_share():
    seen = {"a": [Change(-1, 1)] * 2, "b": [Change(0, 1)]}
    ledger = Ledger(Plan(margin=MARGIN, alpha=0.05, largest=dict.fromkeys(seen, 1)))
    ledger.see(seen)
    won, kept = (0.99 / 1.01, -0.01 / 1.01)
    fortunes = [[(1 + won * s) ** 2 for s in SHARES], [1 + kept * s for s in SHARES]]
    products = [math.prod(1 - q + q * np.mean(own) for own in fortunes) for q in (0.5, 0.75, 1)]
    assert ledger.outcome.worse == pytest.approx(np.mean([*products, np.mean(np.prod(fortunes, axis=0))]))
    assert (ledger.leader("ab"), ledger.leader("b")) == ("a", None)
