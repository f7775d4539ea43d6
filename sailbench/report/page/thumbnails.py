"""Images small enough for a page: as large as its room allows, each once, as data in WebP."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sailbench import media
from sailbench.errors import MediaError
from sailbench.types import Media

if TYPE_CHECKING:
    from PIL.Image import Image

EDGES = (1024, 768, 512, 384, 256, 160, 112)
# What a square pixel of a photograph takes in WebP at this quality, base64 included; drawings take less.
BYTES_A_PIXEL, QUALITY = 0.12, 60


def thumbnails(found: Sequence[Media], room: int) -> dict[str, str]:
    """Images by digest, in order, until `room` bytes are full. Media that cannot be opened have none."""
    wanted = {medium.digest: medium for medium in found if medium.digest}
    edge = next((e for e in EDGES if e * e * BYTES_A_PIXEL * len(wanted) <= room), EDGES[-1])
    made: dict[str, str] = {}
    for digest, medium in wanted.items():
        if room < edge * edge * BYTES_A_PIXEL:
            break
        try:
            made[digest] = _data(_opened(medium), edge)
        except MediaError:
            continue
        room -= len(made[digest])
    return made


def _opened(medium: Media) -> "Image":
    """The image, or of a video its middle frame."""
    return media.open_image(medium) if medium.kind == "image" else media.frames(medium, 1)[0]


def _data(image: "Image", edge: int) -> str:
    image.thumbnail((edge, edge))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=2)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
