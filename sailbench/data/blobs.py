"""Encoded media that stay in their file: which cells hold base64 of a picture, and blobs that read one when asked.

A blob is small, can be sent to another process, and keeps no file open.
"""

import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import MediaError
from sailbench.types import Blob

# No text is this long and begins like the base64 of a JPEG, PNG, GIF, WebP, BMP, TIFF or MP4 file.
LONG = 256
# No row is nested so deeply; what is deeper is there to bring the reader down.
DEEPEST = 100
_PICTURE = re.compile(
    r"(?:data:(?:image|video)/[\w.+-]+;base64,|/9j/|iVBORw0KGg|R0lGOD|UklGR|Qk[0-9A-Za-z]{2}|SUkqA|TU0AK|AAAA[A-Za-z]GZ0eX)"
    r"[A-Za-z0-9+/=\s]*"
)


def is_picture(text: str) -> bool:
    """Whether a cell's text is base64 of an image or video rather than words or a path."""
    return len(text) > LONG and _PICTURE.fullmatch(text, 0, LONG) is not None


def decode(encoded: bytes | str) -> bytes:
    """The bytes behind base64, with or without a `data:` prefix; line breaks are skipped, escaped ones too."""
    raw = encoded.encode("ascii") if isinstance(encoded, str) else encoded
    if raw[:5] == b"data:":
        raw = raw[raw.find(b",") + 1 :]
    return binascii.a2b_base64(raw.replace(b"\\n", b"") if b"\\" in raw else raw)


@dataclass(frozen=True, slots=True)
class Span:
    """Base64 at a place of a file."""

    path: Path
    offset: int
    length: int

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            raw = file.read(self.length)
        try:
            return decode(raw)
        except ValueError as error:
            raise MediaError(f"{self.path}: the cell at byte {self.offset} is not base64: {error}") from error


@dataclass(frozen=True, slots=True)
class LineCell:
    """Base64 somewhere in one line of a JSON Lines file."""

    path: Path
    offset: int
    steps: tuple[str | int, ...]

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            value: Any = json.loads(file.readline())
        for step in self.steps:
            value = value[step]
        return decode(value)


def lifted(value: Any, blob: Callable[[tuple[str | int, ...]], Blob | bytes], steps: tuple[str | int, ...] = ()) -> Any:
    """The value with every string that is a picture replaced by `blob(steps)`, the way to it. ValueError: too deep."""
    if len(steps) > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return blob(steps) if is_picture(value) else value
    if isinstance(value, dict):
        return {name: lifted(one, blob, (*steps, name)) for name, one in value.items()}
    if isinstance(value, list):
        return [lifted(one, blob, (*steps, place)) for place, one in enumerate(value)]
    return value
