"""Grids and tiles against the recordings, and the counting of tiles and slots without an image."""

import json

import pytest
from PIL import Image

from sailbench.models.sail import chat, tiling
from sailbench.models.sail.tiling import Grid, Size, View
from sailbench.types import Media, Request, Sampling


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_both_grids_are_those_of_the_original_for_every_recorded_size(parity):
    for case in lines(parity / "preprocess/grid_choice.jsonl"):
        size = Size(case["w"], case["h"])
        for limit, expected in case["grid"].items():
            found = tiling.primary(size, int(limit), 448), tiling.second(size, int(limit), 448)
            assert [Grid(*grid) for grid in expected] == list(found), (size, limit)


def test_candidate_grids_are_those_of_the_original(parity):
    for limit, order in json.loads((parity / "preprocess/grid_order.json").read_text()).items():
        found = tiling.candidates(int(limit))
        assert {tuple(grid) for grid in order} == set(found)
        assert [c * r for c, r in order] == [grid.area for grid in found]


def test_tile_limits_shrink_with_the_number_of_images_as_in_the_toolkit(parity):
    details = {limit: detail for detail, limit in chat.TILES.items()}
    for case in lines(parity / "harness/tile_limits.jsonl"):
        for images, expected in case["per_image"].items():
            kind = "video" if case["modality"] == "VIDEO" else "image"
            sampling = Sampling(detail=details[case["max_tiles"]])
            request = Request(turns=("?",), media=(Media(kind, "x", "x"),) * int(images), sampling=sampling)
            views = chat.views(request, [1] * int(images), multi_scale=True)
            assert {expected} == {view.max_tiles for view in views}, case["dataset"]


def test_a_recorded_case_has_as_many_tiles_as_counted_from_its_size(parity):
    images = json.loads((parity / "preprocess/tiles.json").read_text())["images"]
    sizes = {i["file"][len("images/") : -len(".png")]: (i["width"], i["height"]) for i in images}
    for case in lines(parity / "preprocess/cases.jsonl"):
        size, enlarge = Size(*sizes[case["image"]]), 2 if case["upscale"] else 1
        assert case["n_tiles"] == tiling.count(size, View(case["max_tiles"], False, enlarge), 448)
        assert case["n_tiles_msac"] == tiling.count(size, View(case["max_tiles"], True, enlarge), 448)


@pytest.mark.parametrize("side", [28, 112])
@pytest.mark.parametrize("view", [View(1), View(5), View(7, True), View(1, True), View(3, True, 2)])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (500, 20), (64, 64), (97, 61)])
def test_cutting_gives_the_counted_number_of_square_tiles(size, view, side):
    tiles = tiling.cut(Image.new("RGB", size), view, side)
    assert tiling.count(Size(*size), view, side) == len(tiles)
    assert {(side, side)} == {tile.size for tile in tiles}


def test_the_thumbnail_comes_last_and_a_single_tile_has_none():
    picture = Image.linear_gradient("L")
    assert len(tiling.cut(picture, View(1), 56)) == 1
    assert picture.resize((56, 56)).tobytes() == tiling.cut(picture.resize((512, 256)), View(2), 56)[-1].tobytes()


def test_a_palette_image_is_cut_as_a_palette():
    assert {"P"} == {tile.mode for tile in tiling.cut(Image.new("P", (90, 40)), View(6), 28)}


@pytest.mark.parametrize("size", [(1, 1), (448, 448), (5000, 100), (3000, 2999), (1000, 777), (20, 9000)])
def test_native_sizes_are_whole_units_within_the_limits(size):
    width, height = tiling.native_size(Size(*size), View(10), 28, 10 * 448 * 448, 1792)
    assert width % 28 == height % 28 == 0
    assert min(width, height) >= 28 and max(width, height) <= 1792
    assert width * height <= 10 * 448 * 448


def test_the_native_size_of_an_image_of_whole_units_is_its_own():
    assert Size(448, 448) == tiling.native_size(Size(448, 448), View(1), 28, 448 * 448, 1792)
    assert Size(1792, 1792) == tiling.native_size(Size(1792, 1792), View(24), 28, 1792 * 1792, 1792)
