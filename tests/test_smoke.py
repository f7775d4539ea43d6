"""The smoke tasks' rows in the package: enough of them, small, sound, balanced, and drawn from their seeds again."""

from collections import Counter
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from recipes.nano import draw, smoke
from sailbench import data, media, registry

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "sailbench" / "smoke"
TASKS = registry.groups()["smoke"]
TEXT = ("ocr", "math")  # their pictures have letters, whose edges differ a little between versions of FreeType
FONTS = len(draw.faces()) == 1 + len(draw.FACES)


@cache
def samples(name):
    task = registry.load(name)
    return [task.read(row) for row in data.rows(task)]


def targets(name):
    return Counter(sample.target for sample in samples(name))


def seen(record):
    """A row's pictures as the model's code opens them."""
    from sailbench.rows import Row

    row = Row(record, number=0)
    pictures = [media.open_image(one) for one in row.images("image", "images")]
    return pictures + [frame for one in row.videos("video") for frame in media.frames(one, smoke.VIDEO_FRAMES)]


def difference(one, other):
    """The mean over all pixels, of 255."""
    import numpy as np

    pair = [np.asarray(image.convert("RGB"), dtype=float) for image in (one, other)]
    return float(abs(pair[0] - pair[1]).mean())


def test_there_are_eight_tasks_of_three_megabytes_in_all():
    files = sorted(FOLDER.iterdir())
    assert [f"smoke_{path.stem}" for path in files] == TASKS == [f"smoke_{name}" for name in sorted(smoke.TABLES)]
    assert sum(path.stat().st_size for path in files) <= 3 << 20


@pytest.mark.parametrize("name", TASKS)
def test_rows_are_as_many_as_the_card_says_each_with_an_id_of_its_own(name):
    ids = {sample.id for sample in samples(name)}
    assert len(samples(name)) == len(ids) == int(registry.cards()[name].facts["size"]) >= 200


@pytest.mark.parametrize("name", TASKS)
def test_pictures_are_opened_by_the_real_decoders_at_the_side_of_one_tile(name):
    for sample in samples(name) if name != "smoke_video" else samples(name)[::8]:
        opened = [media.open_image(one) for one in sample.media if one.kind == "image"]
        opened += [frame for one in sample.media if one.kind == "video" for frame in media.frames(one, 4)]
        assert {image.size for image in opened} == {(draw.SIDE, draw.SIDE)}
        assert len(opened) == {"smoke_multi": 2, "smoke_video": 4}.get(name, 1)


def test_videos_are_of_eight_frames():
    assert {media.frame_count(sample.media[0]) for sample in samples("smoke_video")[::8]} == {smoke.VIDEO_FRAMES}


def test_questions_of_yes_or_no_have_as_many_of_each():
    assert targets("smoke_yesno") == {"Yes": 120, "No": 120}
    assert set(targets("smoke_multi")) == {"Yes", "No"}
    for skill in ("shape", "colour", "count"):
        asked = [sample.target for sample in samples("smoke_multi") if sample.group["skill"] == skill]
        assert abs(asked.count("Yes") / len(asked) - 0.5) <= 0.15


def test_paired_questions_share_a_picture_and_are_answered_both_ways():
    pairs = {}
    for sample in samples("smoke_yesno"):
        pairs.setdefault(sample.unit, []).append(sample)
    assert all(len({s.media[0].digest for s in pair}) == 1 for pair in pairs.values())
    assert all(sorted(s.target for s in pair) == ["No", "Yes"] for pair in pairs.values())


def test_sums_are_asked_once_at_once_and_once_with_reasoning():
    first, second = samples("smoke_math")[::2], samples("smoke_math")[1::2]
    assert {s.group["mode"] for s in first} == {"direct"} and {s.group["mode"] for s in second} == {"think"}
    assert [(s.media[0].digest, s.target) for s in first] == [(s.media[0].digest, s.target) for s in second]
    thinking = {registry.load("smoke_math").ask(s).sampling.thinking for s in second}
    assert thinking == {True}


def test_letters_of_right_options_are_spread():
    letters = targets("smoke_mcq")
    assert set(letters) == set("ABCD") and min(letters.values()) >= 40
    assert all(len(set(sample.choices.values())) == 4 for sample in samples("smoke_mcq"))


def test_no_single_answer_does_well_where_a_word_or_number_is_asked_for():
    for name, most in (("smoke_ocr", 0.05), ("smoke_chart", 0.2), ("smoke_math", 0.2), ("smoke_video", 0.25)):
        ((_, count),) = targets(name).most_common(1)
        assert count / len(samples(name)) <= most, name


def test_sums_have_the_values_of_what_is_written():
    from sailbench.metrics.arithmetic import arithmetic_value

    for row in data.rows(registry.load("smoke_math")):
        assert arithmetic_value(row.text("expression"), {}) == int(row.text("answer"))


def test_the_taught_boxes_are_right_by_the_tasks_own_rule():
    task = registry.load("smoke_grounding")
    from sailbench.types import Reply

    for row in data.rows(task):
        assert task.score(task.read(row), Reply(row.text("answer")), "official").value == 1.0


@pytest.mark.skipif(not FONTS, reason="the fonts DejaVu and Liberation are not here, which the rows were drawn with")
@pytest.mark.parametrize("name", smoke.TABLES)
def test_rows_are_drawn_again_from_their_seeds(name):
    from pyarrow import parquet

    shipped = parquet.read_table(FOLDER / f"{name}.parquet").to_pylist()
    most = 4.0 if name in TEXT else 2.0 if name == "video" else 0.0
    for old, new in islice(zip(shipped, smoke.TABLES[name](), strict=True), 12):
        told = [
            {key: value for key, value in row.items() if key not in ("image", "images", "video")} for row in (old, new)
        ]
        assert told[0] == told[1]
        assert max(difference(*pair) for pair in zip(seen(old), seen(new), strict=True)) <= most
