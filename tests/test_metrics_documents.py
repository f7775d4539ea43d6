"""Short answers about documents: overlap of words, and F1 over answerable questions."""

import pytest

from sailbench import registry
from sailbench.metrics.document_answers import loose_overlap_f1, slide_overlap
from sailbench.rows import Row
from sailbench.types import Graded, Reply

# What nttmdlab-nlp/SlideVQA@e1f0bd9 evaluate.py gives: prediction, truth, question, F1, exact match.
SLIDES = [
    ("5%", "5 percent", "", 1, 1),
    ("3", "three dogs", "how many dogs are there?", 1, 1),
    ("red car", "The Red Car", "", 1, 1),
    ("Yes, it is", "yes", "", 1, 1),
    ("no", "north korea", "", 0, 0),
    ("", "", "", 0, 0),
    ("a a a", "a", "", 0, 0),
    ("b b b", "b", "", 0.5, 0),
    ("Sand Diego", "S Diego", "", 1, 1),
    ("x", "x", "how many", 1, 1),
]


@pytest.mark.parametrize(("said", "truth", "question", "f1", "exact"), SLIDES)
def test_slides_are_compared_as_their_authors_do(said, truth, question, f1, exact):
    assert (pytest.approx(f1), exact) == slide_overlap(said, truth, question)


@pytest.mark.parametrize(
    ("said", "truth", "f1"), [("a a a", "a", 1.5), ("the the the", "the red car", 1.0), ("", "a", 0), ("b", "a", 0)]
)
def test_a_repeated_word_counts_every_time_in_vlmevalkit(said, truth, f1):
    assert f1 == loose_overlap_f1(said, truth)


def test_a_near_miss_of_an_unanswerable_question_counts_in_vlmevalkits_f1_alone():
    task = registry.load("mmlongbench_doc")
    golds = ("x", "Not answerable", "Not answerable", "y")
    taken = ("x", "Not answerable", "Not answerable.", "Not answerable")
    samples = [task.read(Row({"question": "?", "answer": gold, "answer_format": "Str"})) for gold in golds]
    for protocol, f1 in (("official", 50.0), ("opencompass", 65.909)):
        replies = [Reply(one, f"Extracted answer: {one}\nAnswer format: String") for one in taken]
        graded = [Graded(s, task.score(s, r, protocol)) for s, r in zip(samples, replies, strict=True)]
        assert f1 == round(task.summarize(graded).metrics["F1"], 3)
