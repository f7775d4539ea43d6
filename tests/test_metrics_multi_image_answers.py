"""Answers of Mantis-Eval and MIRB. Expected ones are what the originals return, executed."""

import pytest

from sailbench.metrics.multi_image_answers import first_letter, first_number, gold_letter, is_option_text, marked_answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(B) dog", "B"),
        ("Final Answer: b", "B"),
        ("the answer is A. Final answer: C", "C"),
        ("The answer is Answer: D", "D"),
        ("dog", "D"),
        ("The correct option is B", None),
        ("42", None),
        ("", None),
        ("ß", None),
    ],
)
def test_the_first_letter_behind_the_marker_is_the_option(text, expected):
    found = first_letter(text, 4)
    assert expected == (found and found.answer)


def test_the_first_of_several_markers_counts():
    assert marked_answer("Answer: 1. Answer: 2") == "1. Answer: 2"
    assert marked_answer("answer: 1. The answer is 2") == "2"


def test_option_texts_are_compared_without_their_labels():
    assert is_option_text("dog", "(A) dog", "A") and is_option_text(" dog ", "A: dog", "A")
    assert is_option_text("dog", "dog", "A") and not is_option_text("Dog", "(A) dog", "A")


def test_the_gold_letter_is_found_in_what_the_data_have():
    assert [gold_letter(one) for one in ("(B)", "B\n", "(c) cat", "12")] == ["B", "B", "c", ""]


@pytest.mark.parametrize(
    ("line", "expected"), [("tenth", "10"), ("first", "1"), ("ZERO", "0"), ("eleven", ""), ("a1b2", "1")]
)
def test_numbers_may_be_spelled_if_the_line_holds_nothing_else(line, expected):
    assert expected == first_number(line)
