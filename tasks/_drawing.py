"""Pictures of coloured shapes, drawn in code with a fixed seed, for the demonstration tasks."""

import io
import random
from collections.abc import Iterator
from typing import Any

SHAPES = ("circle", "square", "triangle")
COLOURS = ("red", "green", "blue", "orange")
SIDE = 112


def scenes(n: int, seed: int) -> Iterator[dict[str, Any]]:
    """`n` rows: a PNG with one to five copies of one shape in one colour, and what it shows."""
    rng = random.Random(seed)
    for number in range(n):
        shape, colour, count = rng.choice(SHAPES), rng.choice(COLOURS), rng.randint(1, 5)
        yield {
            "id": str(number),
            "image": _draw(rng, shape, colour, count),
            "shape": shape,
            "colour": colour,
            "count": str(count),
        }


def _draw(rng: random.Random, shape: str, colour: str, count: int) -> bytes:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    cells = rng.sample(range(9), count)
    for cell in cells:
        left, top = 8 + 34 * (cell % 3), 8 + 34 * (cell // 3)
        box = (left, top, left + 24, top + 24)
        if shape == "circle":
            pen.ellipse(box, fill=colour)
        elif shape == "square":
            pen.rectangle(box, fill=colour)
        else:
            pen.polygon([(left + 12, top), (left, top + 24), (left + 24, top + 24)], fill=colour)
    png = io.BytesIO()
    picture.save(png, "PNG")
    return png.getvalue()
