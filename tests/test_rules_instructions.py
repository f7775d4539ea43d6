"""Constraints on a reply: what rules check, what a judge says in a list, and what comes of a comparison."""

import pytest

from sailbench.rules.instructions import Rubrics, by_constraints, constraint_inquiries, without
from sailbench.types import Reply, Sample

RUBRICS = Rubrics("mm_ifeval", "mm_ifeval_compare")
GRADE = by_constraints(RUBRICS)
YES, NO = "Summary: Score of constraint_1: 1/1.", "Summary: Score of constraint_1: 0/1."


def constraint(key, method, **rule):
    return {"key": key, "value": f"Do {key}.", "judge": {"method": method} | ({"verify_funcs": [rule]} if rule else {})}


def digits(key):
    return constraint(key, "rule_based", func="check_whether_has_no_arabic_number_in_response", params=[])


def sample(*constraints, asides=None):
    asked = constraint_inquiries(RUBRICS, constraints, asides or {})
    return Sample(id="1", question="?", target="x", extra={"constraints": constraints, "inquiries": asked})


@pytest.mark.parametrize(("listed", "value"), [(YES, 1.0), (NO, 0.5), ("Summary: Score of constraint_1: 2/1.", None)])
def test_the_only_verdict_of_a_reply_needs_no_name(listed, value):
    own = sample(constraint("tone", "direct_gpt"), digits("digits"))
    assert [GRADE(own, r).value for r in (Reply("One", listed), Reply("One", None, (), {"mm_ifeval": listed}))] == [
        value,
        value,
    ]


def test_rules_alone_need_no_judge():
    assert [GRADE(sample(digits("a")), Reply(text)).value for text in ("One", "1 of them")] == [1.0, 0.0]


def test_of_constraints_with_one_key_rules_outdo_lists_and_comparisons_outdo_rules():
    ruled = sample(digits("tone"), constraint("tone", "direct_gpt"))
    assert GRADE(ruled, Reply("One", NO)).value == 1.0
    compared = sample(digits("tone"), constraint("tone", "cmp_gpt"), asides={"tone": "Just do it."})
    assert GRADE(compared, Reply("One", 'Summary: "False"')).value == 0.0


def test_a_rule_that_is_not_known_leaves_the_reply_ungraded():
    unknown = constraint("rhyme", "rule_based", func="check_whether_it_rhymes", params=[])
    assert GRADE(sample(unknown), Reply("One")).value is None
    assert GRADE(sample(), Reply("One")).why == "no constraint to check"


def test_a_request_less_one_constraint_keeps_the_others():
    both = [constraint("a", "cmp_gpt"), constraint("b", "cmp_gpt")]
    assert without(both[0], both, "Look. Do a. Do b.") == "Look. Do b."
    assert without(both[0], both, "anything", "Look.") == "Look. Do b."
    assert without(both[0], both, "Look, and do both.") == ""
