"""Answers in Chinese as CMMMU reads them. Expected ones are what the original returns, executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sailbench.metrics.chinese_answers import blank_hits, filled_in, judgement, most_named_options

COLOURS = {"A": "红", "B": "蓝", "C": "绿", "D": "黄"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(A)(C)", "AC"),
        ("(A)不对，(B)对，所以选(B)", "B"),
        ("答案是B。因为A不对", "AB"),
        ("Because it is B", "B"),
        ("绿色，还是绿色，不是红色", "C"),
        ("（A）", "A"),
        ("不知道", None),
        ("", None),
    ],
)
def test_options_are_those_named_most_often(text, expected):
    found = most_named_options(text, COLOURS)
    assert expected == (found and found.answer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("对", "对"),
        ("这个说法不正确", "对"),
        ("该说法是错误的", "错"),
        ("答案：对错", None),
        ("是的", None),
        ("True", None),
        ("结果错误\n答案正确\n判断错误", None),  # equal phrases count once
        ("结果错误\n答案正确\n判断不合适", "错"),
        ("", None),
    ],
)
def test_judgements_are_read_by_key_words(text, expected):
    found = judgement(text)
    assert expected == (found and found.answer)


@pytest.mark.parametrize(
    ("text", "truth", "hits"),
    [
        ("5元", "5", 1),
        ("答案是5，也就是5.0元", "5", 1),
        ("1，234", "1234", 0),
        ("3.141", "3.14", 1),
        ("x=2.5e3", "2500", 1),
        ("等于-2", "-2", 1),
        ("答案是黄山\n结果是黄山景区", "黄山", 2),
        ("黄山" + "很" * 21, "黄山", 0),
        ("黄山abc", "黄山", 0),
        ("", "黄山", 0),
    ],
)
def test_a_blank_counts_once_for_every_answer_that_holds_the_truth(text, truth, hits):
    assert hits == blank_hits(filled_in(text, truth), truth)


def test_a_number_that_is_none_equals_nothing():
    assert blank_hits(filled_in("nan", "nan"), "nan") == 0


@given(st.text(alphabet="ABCD是为对不正确错误答案。\n0123.,，e=- ", max_size=60))
def test_no_reply_breaks_a_reader(text):
    assert most_named_options(text, COLOURS) is None or text.strip()
    assert judgement(text) in (None, ("对", "key words"), ("错", "key words"))
    assert blank_hits(filled_in(text, "5"), "5") in (0, 1)


@pytest.mark.parametrize("unit", ["1", "1，", "-", "1.", "是", "是否。", "1e", " ", "\n", "(A)"])
def test_endless_replies_are_read_at_once(unit):
    text = unit * (100_000 // len(unit))
    assert blank_hits(filled_in(text, "黄山"), "黄山") == 0
    assert judgement(text) is None
    most_named_options(text, COLOURS)
