"""The queue over several engines gives each request out once at a time, and none is lost with a worker."""

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sailbench.cli import main
from sailbench.errors import ModelError, UsageError
from sailbench.executors import Spread, check
from sailbench.executors.leases import Ledger, Terms
from sailbench.models.engines import Choice


def ledger(items, workers=("a", "b"), **terms):
    made = Ledger(list(items), kind=lambda item: item, terms=Terms(**terms), count=len(items))
    for worker in workers:
        made.join(worker)
    return made


def filled(own, worker):
    given = []
    while items := own.lease(worker):
        given += items
    return given


def test_everything_is_leased_once_and_settled():
    own, answered = ledger(range(50)), []
    while own.open:
        for worker in ("a", "b"):
            answered += [own.settle(worker, item.number) for item in own.lease(worker)]
    assert sorted(answered) == list(range(50))


def test_what_a_lost_worker_held_is_leased_again():
    own = ledger(range(6), held=3)
    first = [item.content for item in filled(own, "a")]
    assert own.lose("a") == []
    answered = []
    while own.open:
        answered += [own.settle("b", item.number) for item in own.lease("b")]
    assert sorted(answered) == list(range(6)) and set(first) <= set(answered)


def test_an_answer_of_a_worker_that_was_given_up_does_not_count():
    own = ledger(range(2))
    (item,) = own.lease("a")
    own.lose("a")
    assert own.settle("a", item.number) is None
    assert [again.number for again in own.lease("b")] == [item.number]


def test_what_was_lost_twice_is_leased_alone():
    own = ledger(range(8), workers="abcd", held=4, bundle=4)
    lost = [item.content for item in filled(own, "a")]
    own.lose("a")
    again = [item.content for item in filled(own, "b")]
    assert set(lost) & set(again)
    own.lose("b")
    assert [len(own.lease("c")), len(own.lease("c"))] == [1, 0]


def test_the_third_loss_is_the_end_of_a_request_and_of_no_other():
    own, ended, answered = ledger(range(20), workers=(), held=8), [], []
    for number in range(9):
        own.join(number)
        while own.open and (items := own.lease(number)):
            if any(item.content == 7 for item in items):
                ended += own.lose(number)
                break
            answered += [own.settle(number, item.number) for item in items]
    assert (ended, sorted(answered)) == ([7], [i for i in range(20) if i != 7])


def test_neighbours_of_one_kind_are_leased_together():
    own = Ledger(["x", "x", "y"], kind=lambda item: item)
    own.join("a")
    assert [[item.content for item in own.lease("a")] for _ in range(2)] == [["x", "x"], ["y"]]


def test_near_the_end_no_worker_holds_more_than_an_even_part():
    own = ledger(range(10), workers="abcde", held=96)
    assert len(filled(own, "a")) == 2


def test_when_nobody_is_left_the_rest_is_handed_back():
    own = ledger(range(9), workers="a", held=4)
    filled(own, "a")
    own.lose("a")
    assert sorted(own.rest()) == list(range(9))
    assert not own.open


@given(st.integers(0, 60), st.integers(1, 5), st.integers(0, 10_000))
def test_whatever_dies_when_each_item_ends_exactly_once(n, workers, seed):
    chance = Random(seed)
    own, ended, names = ledger(range(n), range(workers), held=7, bundle=3), [], workers
    held = {worker: [] for worker in range(workers)}
    while own.open:
        worker = chance.choice(list(held))
        held[worker] += [item.number for item in own.lease(worker)]
        if chance.random() < 0.1:
            ended += own.lose(worker)
            del held[worker]
            own.join(names)
            held[names], names = [], names + 1
        elif held[worker]:
            ended.append(own.settle(worker, held[worker].pop(chance.randrange(len(held[worker])))))
    assert sorted(ended) == list(range(n))


def test_without_ray_one_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModelError, match=r"pip install 'sailbench\[ray\]'"):
        check(Choice("fake"), Spread(executor="ray"))


@pytest.mark.parametrize(
    ("choice", "spread", "said"),
    [
        (Choice("fake"), Spread(gpus=1), "--gpus-per-worker goes with --executor ray"),
        (Choice("fake", deterministic=True), Spread(executor="ray"), "--deterministic is for one engine"),
        (Choice("openai:x"), Spread(executor="ray"), "a server is asked from here"),
        (Choice("fake", tensor_parallel=4), Spread(executor="ray", gpus=2), "as many --gpus-per-worker"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_read(choice, spread, said):
    pytest.importorskip("ray", reason="the extra ray is not installed")
    with pytest.raises(UsageError, match=said):
        check(choice, spread)


def test_the_command_line_refuses_gpus_for_workers_that_are_here(capsys):
    assert main(["run", "--model", "fake", "--tasks", "demo_count", "--gpus-per-worker", "1"]) == 2
    assert "--executor ray" in capsys.readouterr().err
