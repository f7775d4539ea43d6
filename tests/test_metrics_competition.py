"""Competition answers are compared as their authors do, and no answer from a stranger can occupy the machine."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sailbench.metrics import symbolic
from sailbench.metrics.competition import competition_score, spelled_answer

ENDLESS = r"\pi^{9^{9^{9^{9}}}}"


@pytest.fixture
def worker():
    own = symbolic.Worker()
    yield own
    own.stop()


def test_a_late_answer_stops_the_worker_and_the_next_one_gets_another(worker):
    assert worker.ask("same_expression", ("0.5", r"\frac{1}{2}", 1e-8), 30.0) == "equal"
    started = time.monotonic()
    with pytest.raises(symbolic.LateError):
        worker.ask("same_expression", (ENDLESS, "1", 1e-8), 1.0)
    assert time.monotonic() - started < 20
    assert worker.ask("same_expression", ("a+b", "b+a", 1e-8), 30.0) == "equal"


def test_a_question_that_sympy_cannot_read_is_neither_equal_nor_unequal(worker):
    assert worker.ask("same_expression", (r"\frac", "1", 1e-8), 30.0) == "error"
    assert worker.ask("same_expression", ("a", "i < b", 1e-8), 30.0) == "unequal"


@pytest.mark.parametrize("text", ["", "1" * 1001, "(" * 61, "words " * 40])
def test_what_is_no_answer_is_not_looked_at(text):
    assert symbolic.answer("same_expression", text, "1", 1e-8) == "error"


@pytest.mark.parametrize("text", ["9" * 900, r"\frac" * 150, "{" * 60, r"\sqrt" * 100, "1+" * 400 + "1", "2^" * 300])
def test_kilobytes_of_latex_are_graded(text):
    started = time.monotonic()
    with suppress(symbolic.LateError):  # given up, in time
        assert competition_score(text, "7") == 0
    assert time.monotonic() - started < 3 * symbolic.SECONDS


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="12xyπ.,+-*/^=()[]{}$\\ %是", max_size=12))
def test_no_answer_raises_and_every_answer_equals_itself(text):
    said = spelled_answer(text)
    with suppress(symbolic.LateError):  # given up, in time
        competition_score(text, "7")
        assert competition_score(text, text) == float(bool(said))


def test_boxes_win_over_formulae_and_those_over_the_whole_text():
    assert spelled_answer("so $a$\n" + r"\boxed{b} or \boxed{{c}}") == "b,{c}"
    assert spelled_answer("first $a$\nthen $b$, $c$.") == "b,c"
    assert spelled_answer("it is a.") == "it is a"
