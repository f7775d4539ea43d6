"""Boxes and clicks: whose numbers are pixels, and what an image's size is needed for."""

import pytest

from sailbench.metrics.points import clicked_point, listed_places, mask_share, pointed_at
from sailbench.rules.places import by_box, by_click
from sailbench.types import Media, Reply, Sample

BOX = (100.0, 100.0, 300.0, 500.0)


def sample(box=BOX, **extra):
    return Sample(id="1", question="", target=box, extra=extra)


def value(rule, said, own):
    return rule(own, Reply(said)).value


def test_a_box_is_scaled_by_the_image_that_the_row_names(tmp_path):
    from PIL import Image

    Image.new("L", (1000, 1000)).save(tmp_path / "1.png")
    own = Sample(id="1", question="", target=BOX, media=(Media.image(tmp_path / "1.png"),))
    assert value(by_box, "[0.1, 0.1, 0.3, 0.5]", own) == 1


def test_without_a_size_a_box_cannot_be_graded_but_an_unreadable_one_is_wrong():
    assert [value(by_box, said, sample()) for said in ("[100, 100, 300, 500]", "there")] == [None, 0]


def test_clicks_and_boxes_in_pixels_need_no_size():
    assert [value(by_click(clicked_point), f"x={x}, y=200", sample()) for x in (300, 301)] == [1, 0]


def test_shares_and_pixels_meet_by_the_images_size():
    assert value(by_click(clicked_point), "x=0.2, y=0.3", sample(size=(1000.0, 1000.0))) == 1
    assert value(by_click(clicked_point), "x=0.2, y=0.3", sample()) is None


def test_a_reader_of_shares_takes_large_numbers_for_places_off_the_image():
    assert value(by_click(pointed_at, pixels=False), "200, 300", sample(size=(1000.0, 1000.0))) == 0


def test_the_far_edges_move_in_by_the_extra_that_is_named():
    own = sample(one=1)
    edge = "x=300, y=500"
    assert (value(by_click(clicked_point), edge, own), value(by_click(clicked_point, inset="one"), edge, own)) == (1, 0)


@pytest.mark.parametrize("said", ["(1, 2, 0.5, 0.5)", "(" + "9" * 5000 + ", 1)", "(" + "9" * 400 + ".0, 1)"])
def test_places_that_no_script_could_read_are_none(said):
    assert listed_places(said) is None


def test_a_box_beyond_the_canvas_counts_what_is_on_it():
    import numpy as np

    assert mask_share([(600, 440, 700, 500)], np.ones((480, 640))) == 1
    assert mask_share([(700, 500, 710, 510)], np.ones((480, 640))) == 0
