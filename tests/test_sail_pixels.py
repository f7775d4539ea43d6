"""Tiles against the recordings, byte for byte, or nearly so where another Pillow resizes differently."""

import hashlib
import json

import numpy as np
import PIL
import pytest
import torch
from PIL import Image

from sailbench.models.sail import pixels, tiling
from sailbench.models.sail.config import MEAN, STD
from sailbench.models.sail.tiling import View

pytestmark = pytest.mark.usefixtures("one_thread")
RECORDED_WITH_THIS_PILLOW = int(PIL.__version__.partition(".")[0]) >= 13


def cases(parity):
    return [json.loads(line) for line in (parity / "preprocess/cases.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def recorded(parity):
    return json.loads((parity / "preprocess/tiles.json").read_text())


def as_read(parity, case):
    image = Image.open(parity / f"preprocess/images/{case['image']}.png")
    return image.convert("RGB") if case["convert"] == "harness" else image


def digest(content):
    return hashlib.sha256(content).hexdigest()[:32]


class Checker:
    """Compares tiles with recorded ones, each distinct tile once."""

    def __init__(self, recorded):
        self.tiles, self.points = recorded["tiles"], recorded["sample_points_channel_row_col"]
        self.checked = set()

    def check(self, tile, name):
        rgb = np.asarray(tile.convert("RGB"))
        key = digest(rgb.tobytes())
        if (key, name) in self.checked:
            return
        self.checked.add((key, name))
        wanted = self.tiles[name]
        normal = pixels.normalised([tile], MEAN, STD)[0]
        if RECORDED_WITH_THIS_PILLOW or key == name:
            assert name == key
            assert wanted["bf16_sha"] == digest(normal.bfloat16().view(torch.int16).numpy().tobytes())
        else:
            self.check_nearly(normal, wanted)

    def check_nearly(self, normal, wanted):
        flat = normal.flatten(1).double()
        assert wanted["mean"] == pytest.approx(flat.mean(1).tolist(), abs=2e-4)
        assert wanted["std"] == pytest.approx(flat.std(1, correction=0).tolist(), abs=2e-4)
        assert wanted["pts"] == pytest.approx([normal[c, r, k].item() for c, r, k in self.points], abs=0.02)


@pytest.mark.parametrize("max_tiles", [1, 6, 10, 12, 18, 24])
def test_tiles_are_the_recorded_ones_in_one_grid_and_in_two(parity, recorded, max_tiles):
    checker = Checker(recorded)
    for case in cases(parity):
        if case["max_tiles"] != max_tiles:
            continue
        for names, multi_scale in ((case["tiles"], False), (case["tiles_msac"], True)):
            view = View(max_tiles, multi_scale, 2 if case["upscale"] else 1)
            tiles = tiling.cut(as_read(parity, case), view, 448)
            assert len(names) == len(tiles)
            for tile, name in zip(tiles, names, strict=True):
                checker.check(tile, name)
    assert checker.checked


def test_recorded_statistics_are_those_of_the_tiles(parity, recorded):
    checker = Checker(recorded)
    for case in cases(parity)[:24]:
        view = View(case["max_tiles"], enlarge=2 if case["upscale"] else 1)
        tile = tiling.cut(as_read(parity, case), view, 448)[-1]
        checker.check_nearly(pixels.normalised([tile], MEAN, STD)[0], checker.tiles[case["tiles"][-1]])


def test_complete_sample_tiles_are_equal(parity):
    from safetensors.torch import load_file

    samples = load_file(parity / "preprocess/sample_tiles.safetensors")
    for name in ("rgb_640x480", "palette_333x444"):
        tile = tiling.cut(Image.open(parity / f"preprocess/images/{name}.png"), View(6), 448)[-1]
        wanted = samples[f"{name}.max6.last_tile_u8"]
        assert torch.equal(wanted, torch.from_numpy(np.array(tile.convert("RGB"))))
        normal = pixels.normalised([tile], MEAN, STD)[0]
        assert torch.equal(samples[f"{name}.max6.last_tile_norm_f16"], normal.half())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I", "F", "I;16", "YCbCr"])
def test_tiles_of_any_mode_become_three_finite_channels(mode):
    tiles = tiling.cut(Image.new(mode, (70, 31)), View(4), 28)
    normal = pixels.normalised(tiles, MEAN, STD)
    assert (len(tiles), 3, 28, 28) == tuple(normal.shape)
    assert torch.isfinite(normal).all()
