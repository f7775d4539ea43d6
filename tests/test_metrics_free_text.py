"""Readers of free text: no reply, however long or odd, breaks or delays them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sailbench.metrics.boxes import on_image, read_box
from sailbench.metrics.coco_objects import named_objects, singular, vocabulary
from sailbench.metrics.intervals import read_interval
from sailbench.metrics.penn import penn_words
from sailbench.metrics.points import clicked_point, listed_places, pointed_at
from sailbench.metrics.spatial_answers import concluding_letter, concluding_number

READERS = (
    *(read_box, read_interval, clicked_point, pointed_at, listed_places, penn_words),
    *(concluding_letter, concluding_number, lambda text: named_objects(text, vocabulary())),
)
HOSTILE = (
    *("1" * 20000, "[" + "1" * 20000, "(" + "11," * 10000, "<box>" * 10000, "<answer " * 10000, "answer" + " " * 20000),
    *("A" + "*" * 20000 + "x", "5 - " * 10000, "a." * 10000, "a@" * 10000, "'" * 20000, "a!a?" * 10000, "<a" * 10000),
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:8])
def test_hostile_replies_take_no_time(text):
    start = time.process_time()
    for read in READERS:
        read(text)
    assert time.process_time() - start < 3


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_any_text_can_be_read(text):
    for read in READERS:
        read(text)


@given(st.lists(st.floats(-2000, 2000), min_size=4, max_size=4))
def test_a_box_on_an_image_is_ordered_and_inside(numbers):
    left, top, right, bottom = on_image(tuple(numbers), 640, 480)
    assert 0 <= left <= right <= 640
    assert 0 <= top <= bottom <= 480


def test_a_list_of_words_replaces_our_own():
    words = vocabulary("person, man\nsports ball, ball\n")
    assert named_objects("A man with a ball and a dog.", words) == ["person", "sports ball"]


def test_every_object_has_its_name_and_two_word_names_stay_whole():
    words = vocabulary()
    assert len(set(words.values())) == 80
    assert named_objects("A baby bear, a teddy bear and bears.", words) == ["bear", "teddy bear", "bear"]


@pytest.mark.parametrize(
    ("word", "one"),
    [("people", "person"), ("bus", "bu"), ("ties", "ty"), ("scissors", "scissors"), ("donuts", "donut")],
)
def test_singulars_are_those_of_the_authors_package(word, one):
    assert singular(word) == one
