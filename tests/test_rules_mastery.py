"""Mastery of composite problems: the authors' four classes, strictly and loosely, over whole problems."""

from itertools import product

import pytest

from sailbench.rules.mastery import CLASSES, concept_accuracy, credits, step_accuracy, whole_accuracy
from sailbench.types import Graded, Sample, Score


def graded(unit, **values):
    """A problem's rows; `one`, `two`, `three` are its steps and `multi` itself."""
    names = {"one": "1", "two": "2", "three": "3", "multi": "multi"}
    for name, value in values.items():
        extra = {"step": names[name], "steps": 3 if unit.startswith("3") else 2, "concept": f"c{names[name]}"}
        own = Sample(id=f"{unit}/{name}", question="Q", target="A", unit=unit, extra=extra)
        yield Graded(own, Score(value, "A", "given"), cluster=unit)


def score(problem, loose=False):
    return credits(loose)(list(problem))


@pytest.mark.parametrize(("one", "two", "multi"), list(product((0.0, 1.0), repeat=3)))
def test_two_steps_are_credited_as_in_the_authors_tables(one, two, multi):
    strict = (one and two and multi) + 0.5 * (one and two and not multi)
    loose = ((one or two) and multi) + 0.5 * (one and two and not multi)
    problem = list(graded("2steps_1", one=one, two=two, multi=multi))
    assert (score(problem), score(problem, loose=True)) == (strict, loose)


def test_the_score_is_what_the_authors_formula_gives():
    kinds = [(1, 1, 0)] * 100 + [(0, 1, 1)] * 50 + [(0, 0, 0)] * 200 + [(1, 1, 1)] * 175
    rows = [g for k, (a, b, m) in enumerate(kinds) for g in graded(f"2steps_{k}", one=a, two=b, multi=m)]
    assert pytest.approx((525 - 0.5 * 100 - 50 - 200) / 525) == score(rows)
    assert pytest.approx((525 - 0.5 * 100 - 200) / 525) == score(rows, loose=True)
    assert pytest.approx(50 / 225) == CLASSES["rote memorization"](rows)
    assert pytest.approx(200 / 525) == CLASSES["insufficient knowledge"](rows)


def test_a_row_that_is_missing_is_wrong():
    assert score(graded("3steps_1", one=1.0, two=1.0, multi=1.0)) == 0.0
    assert score(graded("3steps_1", one=1.0, two=1.0, multi=1.0), loose=True) == 1.0
    assert score(graded("2steps_1", one=1.0, two=1.0)) == 0.5


def test_a_problem_that_depends_on_an_ungraded_row_is_ungraded_and_others_are_not():
    assert score(graded("2steps_1", one=None, two=1.0, multi=1.0)) is None
    assert score(graded("2steps_1", one=None, two=0.0, multi=1.0)) == 0.0
    assert score(graded("2steps_1", one=None, two=1.0, multi=1.0), loose=True) == 1.0
    assert score(graded("2steps_1", one=0.0, two=1.0, multi=None)) == 0.0


def test_classes_leave_out_problems_that_are_not_wholly_graded():
    rows = [*graded("2steps_1", one=None, two=0.0, multi=0.0), *graded("2steps_2", one=1.0, two=1.0, multi=1.0)]
    assert CLASSES["complete mastery"](rows) == 1.0
    assert CLASSES["rote memorization"](list(graded("2steps_1", one=0.0, two=0.0, multi=0.0))) is None


def test_steps_and_problems_are_counted_apart_and_concepts_weigh_the_same():
    rows = [
        *graded("2steps_1", one=1.0, two=0.0, multi=1.0),
        *graded("3steps_1", one=1.0, two=1.0, three=0.0, multi=0.0),
    ]
    assert (step_accuracy()(rows), whole_accuracy(2)(rows), whole_accuracy(3)(rows)) == (0.6, 1.0, 0.0)
    assert concept_accuracy(["c1", "c2", "c9"])(rows) == 0.75
    assert concept_accuracy(["c9"])(rows) is None
