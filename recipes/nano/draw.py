"""Pictures drawn in code: shapes, text, and for every patch of the picture what is to be seen there.

Fonts are Pillow's own and, where the system has them, DejaVu and Liberation. Sizes are in pixels.
"""

import math
import random
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIDE, PATCH = 112, 14
GRID = SIDE // PATCH
SHAPES = ("circle", "square", "triangle", "star", "cross")
COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 150, 60),
    "blue": (40, 80, 210),
    "orange": (245, 150, 20),
    "purple": (140, 50, 170),
    "black": (30, 30, 30),
}
NAMES = tuple(COLOURS)
GLYPHS = "0123456789abcdefghijklmnopqrstuvwxyz+-="
PAPERS = ((255, 255, 255), (250, 247, 238), (240, 244, 250), (243, 243, 243), (236, 248, 238))
FOLDERS = (Path("/usr/share/fonts/truetype/dejavu"), Path("/usr/share/fonts/truetype/liberation"))
FACES = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSerif.ttf",
    "LiberationSans-Bold.ttf",
    "LiberationSerif-Bold.ttf",
    "LiberationMono-Bold.ttf",
)

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@cache
def face(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font by file name; "" is Pillow's own."""
    for folder in FOLDERS if name else ():
        if (folder / name).exists():
            return ImageFont.truetype(str(folder / name), size)
    return ImageFont.load_default(size)


def faces() -> tuple[str, ...]:
    """The faces at hand."""
    return ("", *(name for name in FACES if any((folder / name).exists() for folder in FOLDERS)))


@dataclass(slots=True)
class Canvas:
    """A picture being drawn and its patches' labels: glyph, shape, colour, each 0 for none."""

    paper: Colour
    image: Image.Image = field(init=False)
    pen: ImageDraw.ImageDraw = field(init=False)
    labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (SIDE, SIDE), self.paper)
        self.pen = ImageDraw.Draw(self.image)
        self.labels = np.zeros((3, GRID, GRID), dtype=np.int64)

    @property
    def pixels(self) -> Pixels:
        return np.asarray(self.image)

    def mark(self, kind: int, box: Box, label: int) -> None:
        """Label the patches whose middle lies in a box."""
        left, top, right, bottom = (math.ceil((edge - PATCH / 2) / PATCH) for edge in box)
        self.labels[kind, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = label

    def shape(self, name: str, colour: str, box: Box) -> None:
        """A filled shape in its box; a star stays a little inside."""
        left, top, right, bottom = box
        fill, middle = COLOURS[colour], ((left + right) / 2, (top + bottom) / 2)
        if name == "circle":
            self.pen.ellipse(box, fill=fill)
        elif name == "square":
            self.pen.rectangle(box, fill=fill)
        elif name == "triangle":
            self.pen.polygon([(middle[0], top), (left, bottom), (right, bottom)], fill=fill)
        elif name == "star":
            self.pen.polygon(_star(box), fill=fill)
        else:
            third = (right - left) / 3
            self.pen.rectangle((left + third, top, right - third, bottom), fill=fill)
            self.pen.rectangle((left, top + third, right, bottom - third), fill=fill)
        self.mark(1, box, 1 + SHAPES.index(name))
        self.mark(2, box, 1 + NAMES.index(colour))

    def write(self, text: str, colour: str, type: "Type", rng: random.Random) -> None:
        """Text about the middle, a little off it and a little turned."""
        font = face(type.face, type.size)
        ends = [font.getlength(text[: i + 1]) for i in range(len(text))]
        wide, (_, top, _, bottom) = ends[-1], font.getbbox("0g")
        across = (SIDE - wide) / 2 + rng.uniform(-1, 1) * max((SIDE - wide) / 2 - 3, 0)
        down = SIDE / 2 + rng.uniform(-22, 22)
        sheet = Image.new("L", (SIDE, SIDE), 0)
        ImageDraw.Draw(sheet).text((across, down - (top + bottom) / 2), text, fill=255, font=font)
        if type.turn:
            sheet = sheet.rotate(type.turn, Image.Resampling.BILINEAR, center=(SIDE / 2, SIDE / 2))
        self.image.paste(COLOURS[colour], (0, 0), sheet)
        half = (bottom - top) / 2
        for glyph, start, end in zip(text, [0.0, *ends], ends, strict=False):
            self._mark_glyph(glyph, (across + start, down - half, across + end, down + half), type.turn)
        self.labels[2][self.labels[0] > 0] = 1 + NAMES.index(colour)

    def _mark_glyph(self, glyph: str, box: Box, turn: float) -> None:
        """Turn the box's middle with the paper, then label."""
        x, y = (box[0] + box[2]) / 2 - SIDE / 2, (box[1] + box[3]) / 2 - SIDE / 2
        angle = math.radians(-turn)
        turned = (x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle))
        right, down = turned[0] - x, turned[1] - y
        # A narrow glyph still owns the patch that its middle lies in.
        wide = max(box[2] - box[0], PATCH) / 2
        middle = (box[0] + box[2]) / 2 + right
        self.mark(0, (middle - wide, box[1] + down, middle + wide, box[3] + down), 1 + GLYPHS.index(glyph))


@dataclass(frozen=True, slots=True)
class Type:
    """How text looks; `turn` is in degrees."""

    face: str
    size: int
    turn: float


def _star(box: Box) -> list[tuple[float, float]]:
    left, top, right, bottom = box
    x, y, wide, high = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    points = []
    for i in range(10):
        reach, angle = (1.0 if i % 2 == 0 else 0.42), math.pi * (i / 5 - 0.5)
        points.append((x + reach * wide * math.cos(angle), y + reach * high * math.sin(angle)))
    return points
