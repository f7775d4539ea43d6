"""How an image is cut into square tiles: which grid, which tiles, how many. Exact integers; no torch.

The rules are those of the official image processor (SAIL-VL2-2B, image_processing_sailvl.py) and of
open-compass/VLMEvalKit@e8e78f05 (vlmeval/vlm/sail_vl.py), which agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image


class Grid(NamedTuple):
    columns: int
    rows: int

    @property
    def area(self) -> int:
        return self.columns * self.rows


class Size(NamedTuple):
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """How finely one image is looked at: at most `max_tiles` a grid, in one grid or two, after enlarging it."""

    max_tiles: int
    multi_scale: bool = False
    enlarge: int = 1


@lru_cache(maxsize=128)
def candidates(limit: int) -> tuple[Grid, ...]:
    """Every grid of at most `limit` tiles, in the order in which they are tried."""
    grids = [Grid(c, r) for c in range(1, limit + 1) for r in range(1, limit // c + 1)]
    return tuple(sorted(grids, key=lambda grid: (grid.area, grid.columns)))


def nearest(size: tuple[int, int], grids: Sequence[Grid], side: int) -> Grid:
    """The grid whose aspect ratio is nearest the image's; 1x1 when there is none to choose from.

    Of equally near grids a later one is taken if the image has more than half of that grid's pixels.
    """
    width, height = size
    aspect, pixels = width / height, width * height
    best, best_distance = Grid(1, 1), float("inf")
    for grid in grids:
        distance = abs(aspect - grid.columns / grid.rows)
        if distance < best_distance or (distance == best_distance and pixels > 0.5 * side * side * grid.area):
            best, best_distance = grid, distance
    return best


def primary(size: tuple[int, int], limit: int, side: int) -> Grid:
    return nearest(size, candidates(limit), side)


def second(size: tuple[int, int], limit: int, side: int) -> Grid:
    """The other grid of multi-scale tiling: the best of those that do not divide the primary one evenly."""
    first = primary(size, limit, side)
    others = [g for g in candidates(limit) if first.columns % g.columns or first.rows % g.rows]
    return nearest(size, others, side)


def seen_size(size: tuple[int, int], view: View) -> Size:
    width, height = size
    return Size(width * view.enlarge, height * view.enlarge)


def count(size: tuple[int, int], view: View, side: int) -> int:
    """How many tiles `cut` will make of an image of `size`."""
    size = seen_size(size, view)
    first = primary(size, view.max_tiles, side).area
    if view.multi_scale:
        return (first if first > 1 else 0) + second(size, view.max_tiles, side).area + 1
    return first + 1 if first > 1 else 1


def cut(image: "Image", view: View, side: int) -> list["Image"]:
    """The image's tiles in reading order, a thumbnail last unless the image is a single tile; mode unchanged.

    With two grids: the primary one's tiles (none when it is 1x1), the second one's, the thumbnail.
    """
    image = enlarged(image, view.enlarge)
    size = Size(*image.size)
    first = _split(image, primary(size, view.max_tiles, side), side)
    whole = _split(image, Grid(1, 1), side)
    if not view.multi_scale:
        return first + whole if len(first) > 1 else first
    return (first if len(first) > 1 else []) + _split(image, second(size, view.max_tiles, side), side) + whole


def enlarged(image: "Image", factor: int) -> "Image":
    if factor == 1:
        return image
    from PIL.Image import Resampling

    return image.resize((image.width * factor, image.height * factor), Resampling.BILINEAR)


def _split(image: "Image", grid: Grid, side: int) -> list["Image"]:
    # The library's default filter on purpose: bicubic, but nearest for palette and 1-bit images, as in the original.
    resized = image.resize((side * grid.columns, side * grid.rows))
    corners = [(c * side, r * side) for r in range(grid.rows) for c in range(grid.columns)]
    return [resized.crop((x, y, x + side, y + side)) for x, y in corners]


def native_size(size: tuple[int, int], view: View, unit: int, max_area: int, max_side: int) -> Size:
    """The size at which an any-resolution tower sees an image: its own, shrunk to the limits, in whole units."""
    width, height = seen_size(size, view)
    scale = min(1.0, max_side / width, max_side / height, (max_area / (width * height)) ** 0.5)
    across, down = (max(1, round(scale * length / unit)) for length in (width, height))
    while across * down * unit * unit > max_area and max(across, down) > 1:
        across, down = (across - 1, down) if across >= down else (across, down - 1)
    limit = max_side // unit
    return Size(min(across, limit) * unit, min(down, limit) * unit)
