"""Letters as the authors of examinations read them. Expected ones are what the originals return, executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sailbench.metrics.exam_letters import boxed_or_announced_letter, is_marked, keyed_letter, last_answered_option

ANIMALS = dict(
    zip("ABCDEFGHIJ", ("dog", "cat", "red fox", "fish", "cow", "pig", "hen", "ox", "owl", "a bee"), strict=True)
)
READERS = {
    "mmmu-pro": lambda text: last_answered_option(text, ANIMALS),
    "visulogic": boxed_or_announced_letter,
    "phyx": keyed_letter,
}


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        ("mmmu-pro", "Answer: B", "B"),
        ("mmmu-pro", "Answer: A\nAnswer: C", "C"),
        ("mmmu-pro", "Answer: BC", "C"),
        ("mmmu-pro", "Answer: none. (D)", "D"),
        ("mmmu-pro", "(A) or (B)?", "B"),
        ("mmmu-pro", "NASA is the answer", "A"),
        ("mmmu-pro", "B. blue whale", "B"),
        ("mmmu-pro", "B)", None),
        ("mmmu-pro", "**B**", None),
        ("mmmu-pro", "it might well be a red fox or an owl", "I"),
        ("mmmu-pro", "a red fox", None),
        ("visulogic", r"Answer: \boxed{\text{B}}", "B"),
        ("visulogic", r"\boxed{A} no, \boxed{C}", "C"),
        ("visulogic", r"\boxed{$D$}", "D"),
        ("visulogic", r"\boxed{B.}", None),
        ("visulogic", r"\boxed{b}", None),
        ("visulogic", "the answer is option: c", "C"),
        ("visulogic", "Answer: B) the star", None),
        ("visulogic", "A\nB", "A"),
        ("visulogic", "A<|endoftext|>", "A"),
        ("visulogic", " d ", None),
        ("phyx", "ANSWER: A", None),
        ("phyx", "answers: A", None),
        ("phyx", "C: 1, D: 2", "D"),
        ("phyx", "The correct choice:\n\nC", "C"),
        ("phyx", r"\boxed{B}", None),
        ("phyx", "answer: none, but B: 3", "B"),
    ],
)
def test_letters_are_read_as_the_originals_read_them(reader, text, expected):
    found = READERS[reader](text)
    assert expected == (found and found.answer)


def test_a_letter_is_marked_by_a_colon_or_by_bold_asterisks():
    assert is_marked("A: 1, B: 2", "B") and is_marked("**D", "D") and is_marked("D**", "D")
    assert not is_marked("It is D.", "D")


@given(st.text(alphabet="ABCDJ .:,()\\{}*$\nboxedtAnswer is", max_size=60), st.sampled_from(sorted(READERS)))
def test_no_reply_breaks_a_reader(text, reader):
    found = READERS[reader](text)
    assert found is None or (len(found.answer) == 1 and found.how)


@pytest.mark.parametrize("reader", READERS)
def test_endless_replies_are_read_at_once(reader):
    for unit in (r"\boxed{", "}", "a}", "answer ", "Answer:", "the answer is ", "(A) ", "A:", " ", "\n"):
        READERS[reader](unit * (200_000 // len(unit)))
