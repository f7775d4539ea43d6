"""Letters as the authors of spatial benchmarks read them. Expected ones are what the originals return, executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sailbench.metrics import spatial_letters

READERS = {
    "mmsi": spatial_letters.quoted_letter,
    "mindcube": spatial_letters.last_dotted_letter,
    "omnispatial": spatial_letters.answer_line_letter,
    "cambrian": spatial_letters.leading_character,
    "cambrian 3D": lambda text: spatial_letters.leading_character(text, ".:,"),
}


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        ("mmsi", "``B``", "B"),
        ("mmsi", "`B`", "B"),
        ("mmsi", "```B```", "B"),
        ("mmsi", "A, ``no letter``", None),
        ("mmsi", "b", None),
        ("mmsi", "Answer: A B", "B"),
        ("mmsi", r"\boxed{C}", "C"),
        ("mmsi", "A {B} C", "B"),
        ("mmsi", "A {B", "A"),
        ("mindcube", "A. left or B. right", "B"),
        ("mindcube", "I pick B because A. is wrong", "A"),
        ("mindcube", "the SEA. it is", "A"),
        ("mindcube", "<Answer>My answer is C, not D</Answer>", "C"),
        ("mindcube", "<Answer>A or D</Answer> B", "D"),
        ("mindcube", "A\nB\nC", "C"),
        ("mindcube", "A\nB\nsome C here", "A"),
        ("mindcube", 'so "D" or *E*', "E"),
        ("mindcube", "Answer B", "B"),
        ("mindcube", "the answer is D", "D"),
        ("mindcube", "c", None),
        ("omnispatial", "Answer : C", "C"),
        ("omnispatial", "ANSWER:\n\nD", "D"),
        ("omnispatial", "answer: b", "b"),
        ("omnispatial", "Answer: (B)", None),
        ("omnispatial", "Answer: Both", None),
        ("cambrian", "the answer is b", "B"),
        ("cambrian", "Answer: (c) cat.", "C"),
        ("cambrian", "The answer is: B", ":"),
        ("cambrian", "b:", "B"),
        ("cambrian", ":", ":"),
        ("cambrian 3D", ":", None),
        ("cambrian", "(", None),
    ],
)
def test_letters_are_read_as_the_originals_read_them(reader, text, expected):
    found = READERS[reader](text)
    assert expected == (found and found.answer)


@given(st.text(alphabet='ABCDab .:,()`{}*"\n<>/Answer is', max_size=60), st.sampled_from(sorted(READERS)))
def test_no_reply_breaks_a_reader(text, reader):
    found = READERS[reader](text)
    assert found is None or (found.answer and found.how)


@pytest.mark.parametrize("reader", READERS)
def test_endless_replies_are_read_at_once(reader):
    for unit in ("{", "`", "Answer", "Answer :", "<Answer>", "A ", " ", "\n", "(", "answer is "):
        READERS[reader](unit * (200_000 // len(unit)))
