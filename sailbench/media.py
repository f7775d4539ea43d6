"""Media opened late: an image as RGB pixels or its size alone, a video as frames at fixed places.

Whatever cannot be read becomes a `MediaError` of one line, which is one request's error and never the run's.
"""

import hashlib
import io
import re
import struct
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench import decoder
from sailbench.errors import MediaError
from sailbench.types import Blob, Media
from sailbench.video import Film, Pixels, Span, sampled

if TYPE_CHECKING:
    from PIL.Image import Image

# The most pixels an image may have (1.5 GB as RGB): admits 30,000 x 16,000, refuses decompression bombs.
MOST_PIXELS = 480_000_000
FRAME_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
# How many frames a second a folder of frames holds: those of TVQA, which MVBench cuts clips from.
FOLDER_RATE = 3.0
# The most bytes of frames that are kept: sixteen frames of some three videos in full HD.
KEPT_BYTES = 300_000_000
# What Pillow raises on broken files besides OSError; warnings where they are made errors.
BROKEN = (
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    Warning,
)


def open_image(medium: Media) -> "Image":
    """The image as RGB by Pillow's plain conversion, as VLMEvalKit's wrappers do it.

    So EXIF orientation is not applied, transparency is dropped, 16-bit grey saturates, an animation is its
    first frame (open-compass/VLMEvalKit@e8e78f05 vlmeval/vlm/sail_vl.py).
    """
    with _image(medium) as image:
        return image.convert("RGB")


def image_size(medium: Media) -> tuple[int, int]:
    """Width and height from the header alone; nothing is decoded."""
    with _image(medium) as image:
        return image.size


@contextmanager
def _image(medium: Media) -> Iterator["Image"]:
    from PIL import Image

    # Pillow keeps its limit in its module alone; ours replaces it, so that wide scans and charts open.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    bomb = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        held = _held(medium)
        with Image.open(held if isinstance(held, str) else io.BytesIO(held)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MediaError(f"{_name(medium)} has {image.width} x {image.height} pixels: too large to open")
            yield image
    except bomb as error:
        raise MediaError(f"{_name(medium)} has more than {MOST_PIXELS:,} pixels: too large to open") from error
    except (OSError, *BROKEN) as error:
        raise MediaError(f"{_name(medium)} cannot be opened as an image: {_reason(error)}") from error


def _held(medium: Media) -> str | bytes:
    """The path, or the bytes; MediaError when nothing is there."""
    source = medium.source.source if isinstance(medium.source, Clip) else medium.source
    if isinstance(source, str):
        path = Path(source)
        if not path.is_file():
            raise MediaError(f"there is no file {source}")
        if path.stat().st_size == 0:
            raise MediaError(f"{source} is empty")
        return source
    held = source if isinstance(source, bytes) else source.read()
    if not held:
        raise MediaError(f"{_name(medium)} is empty")
    return held


def _name(medium: Media) -> str:
    return _called(medium.source, medium.kind, medium.digest)


def _called(source: str | bytes | Blob, kind: str, digest: str = "") -> str:
    if isinstance(source, bytes):
        return f"the {kind} {digest[:12]} ({len(source)} bytes)".replace("  ", " ")
    return source if isinstance(source, str) else repr(source)


def _reason(error: BaseException) -> str:
    """The error in one short line, without the address of the object that Pillow names."""
    said = re.sub(r" <_io\.BytesIO object at 0x[0-9a-f]+>", "", " ".join(str(error).split()))
    return said[:160] or type(error).__name__


def frames(medium: Media, n: int) -> "list[Image]":
    """`n` frames at even distances as RGB, exactly those that decoding the whole video would give.

    Which these are is said at `video.sampled`; of a clip, at `video.Span`. A folder of images named in order stands
    for a video. Rotation stated in the container is not applied, as in the original toolkit. The frames of the last
    videos are kept in memory (`Kept`).
    """
    span = medium.source.span if isinstance(medium.source, Clip) else None
    if folder := _frame_files(medium):
        places = sampled(len(folder), n) if span is None else span.places(len(folder), n, FOLDER_RATE, first=1)
        return [open_image(Media("image", str(folder[place]), "")) for place in places]
    pixels = _kept().get((medium.digest, n)) if medium.digest else None
    if pixels is None:
        pixels = decoder.frames(_film(medium), n, span)
        if medium.digest:
            _kept().put((medium.digest, n), pixels)
    return _images(pixels)


def frame_count(medium: Media) -> int:
    """How many frames the video has; of a clip, the video that it is cut from."""
    files = _frame_files(medium)
    return len(files) if files else decoder.count(_film(medium))


@dataclass(frozen=True, slots=True, repr=False)
class Clip:
    """A stretch of a video as the source of a medium. Its frames are the middles of equal parts, as `video.Span` says.

    Of a folder of frames, numbered from 1, the seconds are counted at `FOLDER_RATE`.
    """

    source: str | bytes | Blob
    span: Span

    @classmethod
    def of(cls, video: Media, start: float | None = None, end: float | None = None) -> Media:
        """The stretch between two seconds; without ends, the whole video with frames from the middles of its parts."""
        own = hashlib.sha256(f"{video.digest} from {start} to {end}".encode()).hexdigest()
        return Media("video", cls(video.source, Span(start, end)), own if video.digest else "")

    def read(self) -> bytes:
        """The whole video: it is cut by its frames."""
        if isinstance(self.source, str):
            return Path(self.source).read_bytes()
        return self.source if isinstance(self.source, bytes) else self.source.read()

    def __repr__(self) -> str:
        return f"{_called(self.source, 'video')} from {self.span.start} to {self.span.end} s"


class Kept:
    """The frames of the last videos by content and number of frames, `limit` bytes of them at most.

    In memory and not on disk: questions about one video are asked next to each other, and a set's frames would take
    more room than its videos.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.size = limit, 0
        self._pixels: OrderedDict[tuple[str, int], list[Pixels]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, int]) -> list[Pixels] | None:
        with self._lock:
            if key in self._pixels:
                self._pixels.move_to_end(key)
            return self._pixels.get(key)

    def put(self, key: tuple[str, int], pixels: list[Pixels]) -> None:
        with self._lock:
            if key in self._pixels:
                return
            self._pixels[key] = pixels
            self.size += _size(pixels)
            while self.size > self.limit:
                self.size -= _size(self._pixels.popitem(last=False)[1])

    def __len__(self) -> int:
        return len(self._pixels)


def _size(pixels: list[Pixels]) -> int:
    """Bytes; a frame that is there several times is held once."""
    return sum(map(len, {id(one): one.rgb for one in pixels}.values()))


@cache
def _kept() -> Kept:
    return Kept(KEPT_BYTES)


def _images(pixels: list[Pixels]) -> "list[Image]":
    from PIL import Image

    return [Image.frombytes("RGB", one.size, one.rgb) for one in pixels]


def _film(medium: Media) -> Film:
    return Film(_held(medium), _name(medium))


def _frame_files(medium: Media) -> list[Path]:
    """The images in a folder that stands for a video, in the order of their names (frame_9 before frame_10)."""
    folder = medium.source.source if isinstance(medium.source, Clip) else medium.source
    if not isinstance(folder, str) or not Path(folder).is_dir():
        return []
    files = [one for one in Path(folder).iterdir() if one.suffix.lower() in FRAME_SUFFIXES]
    if not files:
        raise MediaError(f"the folder {folder} holds no images to stand for a video")
    return sorted(
        files,
        key=lambda one: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", one.stem)],
    )
