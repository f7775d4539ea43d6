"""Several scores in one verdict: all of them once and on their scale, or none."""

import pytest

from sailbench.metrics.score_lists import component_scores, constraint_scores, dimension_scores
from sailbench.metrics.written_constraints import CHECKS, constraint_holds

NAMES = ("Creativity", "Overall Score")


@pytest.mark.parametrize(
    ("listed", "scores"),
    [
        ("Score of constraint_2: 0/1, score of constraint_1: 1/1", (1, 0)),
        ("**Score of constraint_1**: 1/1\n**Score of constraint_2**: 1/1", (1, 1)),
        ("Score of constraint_1: 1/1", None),
        ("Score of constraint_1: 1/1, Score of constraint_1: 1/1", None),
        ("Score of constraint_1: 1/1, Score of constraint_2: 1/1, Score of constraint_3: 1/1", None),
        ("Score of constraint_1: 3/5, Score of constraint_2: 1/1", None),
        ("Score of constraint_1: 2/1, Score of constraint_2: 1/1", None),
        ("Score of constraint 1: 1/1, Score of constraint 2: 1/1", None),
        ("", None),
    ],
)
def test_every_constraint_has_one_score_of_0_or_1(listed, scores):
    assert scores == constraint_scores(listed, 2)


@pytest.mark.parametrize(
    ("listed", "scores"),
    [
        ("score of component 1: 2/2, score of component 2: 6/8, total score: 8/10", (1, 0.75, 0.8)),
        ("Score of Component 1: 0/2\nScore of Component 2: 0/8\nTotal Score: 0/10", (0, 0, 0)),
        ("score of component 1: 2/2, score of component 2: 12/8, total score: 10/10", None),
        ("score of component 1: 2/2, score of component 2: 6.5/8, total score: 8/10", None),
        ("score of component 1: 2/2, score of component 2: 6/8, total score: 4/8", None),
        ("score of component 1: 2/2, score of component 2: 0/0, total score: 2/10", None),
        ("score of component 2: 2/2, score of component 1: 6/8, total score: 8/10", None),
        ("score of component 1: 2/2, total score: 8/10", None),
        ("total score: 8/10", None),
    ],
)
def test_every_component_has_its_fraction_and_the_total_comes_last(listed, scores):
    assert scores == component_scores(listed, 2)


@pytest.mark.parametrize(
    ("listed", "scores"),
    [
        ("{'Overall Score': 7, 'Creativity': 10}", (10, 7)),
        ('{"Creativity": 1, "Overall Score": 1}', (1, 1)),
        ("{'Creativity': 0, 'Overall Score': 1}", None),
        ("{'Creativity': 11, 'Overall Score': 1}", None),
        ("{'Creativity': 7.8, 'Overall Score': 1}", None),
        ("{'Creativity': -7, 'Overall Score': 1}", None),
        ("{'Creativity': 7}", None),
        ("{'Creativity': 7, 'Overall Score': 1, 'Overall Score': 10}", None),
        ("{'Creativity': 7, 'Overall Score': 1, 'Kindness': 10}", None),
        ("{'Creativity': 'high', 'Overall Score': 1}", None),
    ],
)
def test_every_dimension_has_one_whole_number_from_1_to_10(listed, scores):
    assert scores == dimension_scores(listed, NAMES)


@pytest.mark.parametrize("text", ["1" * 40_000, "1,111" * 9_000, "1 " * 20_000 + "%", "\n" * 40_000, "a. " * 9_000])
def test_endless_replies_are_checked_at_once(text):
    own = {name: constraint_holds(text, name, []) for name in CHECKS if "number_in_response" in name}
    own |= {name: constraint_holds(text, name, [2]) for name in CHECKS if "precision" in name}
    own |= {name: constraint_holds(text, name, [1, 9]) for name in CHECKS if name.endswith("number_in_range")}
    assert None not in own.values()
    assert len(own) == 6
