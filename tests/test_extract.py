"""Answers are read out of replies as the toolkits and authors read them, slips included."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sailbench.extract import (
    after_thinking,
    boxed_answer,
    final_math_answer,
    first_capital,
    key_phrases,
    last_named_option,
    option_match,
    without_punctuation,
    yes_no,
)

HARNESS = Path(__file__).resolve().parents[2] / "shared" / "parity" / "harness"
ANIMALS = {"A": "dog", "B": "cat", "C": "bird", "D": "fish"}
MANY = {"A": "red fox", "B": "blue whale", "C": "green frog", "D": "NASA"}


def answer(found):
    return None if found is None else found.answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>A or B?</think>B", "B"),
        ("<think>a</think> b <think>c</think>\n\nd", "d"),
        ("reasoning opened by the template</think> C", "C"),
        ("<think>never closed, so B", ""),
        ("<think>a</think> b <think>c", ""),
        (" no reasoning ", " no reasoning "),
        ("", ""),
    ],
)
def test_reasoning_is_cut(text, expected):
    assert expected == after_thinking(text)


@pytest.mark.skipif(not HARNESS.is_dir(), reason="strings recorded from the official wrapper are not at hand")
def test_boxed_answers_are_the_wrappers():
    cases = [json.loads(line) for line in (HARNESS / "postprocess.jsonl").read_text(encoding="utf-8").splitlines()]
    boxed = [case for case in cases if case["use_cot"]]
    assert [case["result"] for case in boxed] == [boxed_answer(case["response"]) for case in boxed]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"<think>x</think>\boxed{1} or \boxed{2}", "1"),
        (r"\boxed{\sqrt{2}}", r"\sqrt{2}"),
        (r"\boxed{\frac{\sqrt{2}}{2}}", r"\boxed{\frac{\sqrt{2}}{2}}"),
        (r"\boxed{0} <think>never closed \boxed{3}", "3"),
        (r"\boxed{}", ""),
    ],
)
def test_boxes_with_braces_within_braces_are_not_seen(text, expected):
    assert expected == boxed_answer(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "B"),
        ("(B).", "B"),
        ("**B**", "B"),
        ("A dog", "A"),
        ("It is a dog", "A"),
        ("The answer is dog.", "D"),
        ("The answer is blue", "B"),
        ("B because it is clearly visible", None),
        ("The correct answer is **C**, because A and B are wrong", "C"),
        ("dog or cat", None),
        ("B）", None),
        ("E", None),
        ("b", None),
        ("Z", "Z"),
        ("Cannot determine the answer, B", "Z"),
        ("fish " * 10, None),
        ("", None),
    ],
)
def test_vlmevalkit_reads_options_so(text, expected):
    assert expected == answer(option_match(text, ANIMALS))


def test_an_option_that_is_a_letter_itself_yields_to_the_label():
    assert answer(option_match("C", {"A": "C", "B": "A", "C": "B"})) == "C"


def test_a_number_within_another_option_is_not_read():
    assert option_match("The total is 15", {"A": "5", "B": "15", "C": "25", "D": "35"}) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is (B) not (A)", "A"),
        ("NASA is the answer", None),
        ("B)", None),
        ("**B**", None),
        ("B.", "B"),
        ("B. blue whale", None),
        ("I believe it shows a blue whale swimming in it", "B"),
        ("red fox or green frog, one of both", "C"),
        ("A or B", "B"),
        ("'C'!", "C"),
        ("", None),
    ],
)
def test_mmmus_authors_read_options_so(text, expected):
    assert expected == answer(last_named_option(text, MANY))


def test_the_first_capital_wins_once_phrases_are_cut():
    assert answer(first_capital("The answer is C or D", "ABCD", ["The answer is"])) == "C"
    assert answer(first_capital("Best answer: C", "ABCD")) == "B"
    assert first_capital("the answer is e", "ABCD") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes.", "Yes"),
        ("(yes)", "Yes"),
        ("No, it is not", "No"),
        ("Yes, there is no dog", None),
        ("yes/no", None),
        ("Yes-no", None),
        ("Yes.No", None),
        ("not", None),
        ("Nope", None),
        ("Answer:yes", None),
        ("", None),
    ],
)
def test_yes_and_no_are_words_and_exclude_each_other(text, expected):
    assert expected == answer(yes_no(text))


def test_only_the_first_thirty_two_full_stops_are_deleted():
    assert without_punctuation("." * 35) == "..."


def test_a_comma_between_digits_makes_every_sign_vanish():
    assert (without_punctuation("1,000 a-b"), without_punctuation("a-b")) == ("1000 ab", "a b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is 5.", ["5"]),
        ("It is 5. So it costs 7. The total is 12.", ["12"]),
        ("first it is 4\nthen the result is 6", ["4", "6"]),
        ("Paris is the capital of france", ["the capital of france"]),
        ("x = 3\ny = 4", ["4"]),
        ("seven", ["seven"]),
        ("so :", ["so :"]),
        ("", [""]),
    ],
)
def test_mmmus_authors_keep_the_shortest_tail_of_each_line(text, expected):
    assert expected == key_phrases(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So it must be (C).", "c"),
        ("D\nbecause", "d"),
        ("4/3", r"\frac{4}{3}"),
        ("The answer is 4/3.", "4/3"),
        ("the answer should be 7. Not 8.", "7"),
        ("Its area is 12.", "12"),
        (r"so \boxed{1}, no: $\boxed{\dfrac{\sqrt3}2}$", r"\frac{\sqrt{3}}2"),
        (r"\boxed{x = 30^\circ}", "30"),
        ("= 25 km", "25"),
        (".25", "0.25"),
        ("0.5", r"\frac{1}{2}"),
        (r"\sqrt\sqrt3", r"\sqrt\sqrt{3}"),
        (r"\sqrt2\frac", r"\sqrt{2}\frac"),
        ("(b)", "b"),
        ("...", "0"),
        ("$ $", None),
    ],
)
def test_math_vs_authors_read_the_final_answer_so(text, expected):
    assert expected == answer(final_math_answer(text))


@settings(deadline=None)
@given(st.text(alphabet="ABCDZ abé()[].,:*{}\\\n\"'=-/5", max_size=60))
def test_no_reply_makes_a_reader_fail(text):
    readers = (final_math_answer, yes_no, lambda t: option_match(t, ANIMALS), lambda t: last_named_option(t, MANY))
    assert all(found is None or found.answer for found in (read(text) for read in readers))


@settings(deadline=None)
@given(st.sampled_from("ABCD"), st.text(alphabet="xyz ", max_size=20))
def test_a_label_after_words_without_meaning_is_read_by_all(label, prose):
    text = f"{prose} {label}"
    found = (option_match(text, ANIMALS), last_named_option(text, MANY), first_capital(text, "ABCD"))
    assert [label] * 3 == [answer(f) for f in found]
