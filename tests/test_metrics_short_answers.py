"""Similarities of short answers hold their bounds for any text, and endless texts are compared at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sailbench.metrics.anls import anls_score, lenient_anls_score
from sailbench.metrics.relaxed import any_relaxed_score, listed, relaxed_list_score, relaxed_score
from sailbench.metrics.soft_accuracy import evalai_spelling, kit_spelling, soft_accuracy_score, vqa_spelling

texts = st.text(alphabet="ab A.,'%[]()0159-\n\té", max_size=20)


@settings(deadline=None)
@given(texts, st.lists(texts, min_size=1, max_size=3))
def test_the_lenient_anls_is_never_below_the_strict_one_for_folded_texts(said, truths):
    said, truths = " ".join(said.split()), [" ".join(truth.split()) for truth in truths]
    strict, lenient = anls_score(said, truths), lenient_anls_score(said, truths)
    assert 0 <= strict <= lenient <= 1
    assert lenient - strict in (0, 0.5)


@settings(deadline=None)
@given(texts, texts)
def test_relaxed_scores_stay_in_bounds_and_a_text_matches_itself(said, truth):
    assert relaxed_score(said, truth) in (0, 1)
    assert 0 <= relaxed_list_score(said, truth) <= 1
    assert relaxed_score(truth, truth) == 1


@settings(deadline=None)
@given(texts)
def test_spelling_twice_changes_nothing_that_soft_accuracy_sees(text):
    for spelled in (kit_spelling, vqa_spelling, evalai_spelling):
        assert soft_accuracy_score(spelled(text), [spelled(text)] * 4) == 1


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("[2009-2010, 2011]", ["-1", "2011"]),
        ("[None, [1, 2]]", ["None", "[1, 2]"]),
        ("[one, two]", ["[one, two]"]),
        ("(1, 2)", ["(1, 2)"]),
        ("[]", []),
        ("[2**60000]", ["[2**60000]"]),
    ],
)
def test_gold_lists_are_those_that_python_would_evaluate(text, elements):
    assert listed(text) == elements


@pytest.mark.parametrize("sign", ["-", "[", "(", "1+", "'", "[a',", "{", "0x", "a' "])
def test_endless_texts_are_compared_at_once(sign):
    text = sign * 40_000
    for short in (text, text[:2900], f"[{text[:2900]}]"):
        assert listed(short) and any_relaxed_score(short, ["5"]) == 0
        assert relaxed_list_score(short, "5") == relaxed_list_score("5", short) == 0
