"""Media opened late: an image as RGB pixels or its size alone, a video as frames at fixed places.

Whatever cannot be read becomes a `MediaError` of one line, which is one request's error and never the run's.
"""

import bisect
import io
import itertools
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sailbench.errors import MediaError
from sailbench.types import Media

if TYPE_CHECKING:
    from PIL.Image import Image

# The most pixels an image may have (1.5 GB as RGB): admits 30,000 x 16,000, refuses decompression bombs.
MOST_PIXELS = 480_000_000
FRAME_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
# Containers in which every packet has its time, and codecs in which every packet gives exactly one frame: there
# the packets alone tell which frames decoding everything would give. Elsewhere everything is decoded.
TIMED = frozenset({"mov", "mp4", "matroska", "webm"})
ONE_A_PACKET = frozenset({"h264", "hevc", "vp9", "av1", "libdav1d"})
# Files that are lists of other files or addresses (HLS, concat) are no videos: rows come from strangers.
OPENING = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,flv,asf,ogg,gif,h264,hevc,ivf,yuv4mpegpipe",
}
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
        with Image.open(_readable(medium)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MediaError(f"{_name(medium)} has {image.width} x {image.height} pixels: too large to open")
            yield image
    except bomb as error:
        raise MediaError(f"{_name(medium)} has more than {MOST_PIXELS:,} pixels: too large to open") from error
    except (OSError, *BROKEN) as error:
        raise MediaError(f"{_name(medium)} cannot be opened as an image: {_reason(error)}") from error


def _readable(medium: Media) -> "str | io.BytesIO":
    """The path, or the bytes as a file; MediaError when nothing is there."""
    if isinstance(medium.source, str):
        path = Path(medium.source)
        if not path.is_file():
            raise MediaError(f"there is no file {medium.source}")
        if path.stat().st_size == 0:
            raise MediaError(f"{medium.source} is empty")
        return medium.source
    held = medium.source if isinstance(medium.source, bytes) else medium.source.read()
    if not held:
        raise MediaError(f"{_name(medium)} is empty")
    return io.BytesIO(held)


def _name(medium: Media) -> str:
    if isinstance(medium.source, bytes):
        return f"the {medium.kind} {medium.digest[:12]} ({len(medium.source)} bytes)"
    return medium.source if isinstance(medium.source, str) else repr(medium.source)


def _reason(error: BaseException) -> str:
    """The error in one short line, without the address of the object that Pillow names."""
    said = re.sub(r" <_io\.BytesIO object at 0x[0-9a-f]+>", "", " ".join(str(error).split()))
    return said[:160] or type(error).__name__


def frames(medium: Media, n: int) -> "list[Image]":
    """`n` frames at even distances as RGB, exactly those that decoding the whole video would give.

    Frame i of 1..n is number int(i * step) with step = total / (n + 1), so a video of fewer frames than `n`
    repeats some (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/videomme.py). A folder of images named in
    order stands for a video. Rotation stated in the container is not applied, as there.
    """
    if files := _frame_files(medium):
        return [open_image(Media("image", str(files[place]), "")) for place in sampled(len(files), n)]
    found = _by_seeking(medium, n)
    return _by_decoding(medium, n) if found is None else found


def frame_count(medium: Media) -> int:
    """How many frames the video has."""
    if files := _frame_files(medium):
        return len(files)
    with _video(medium) as video:
        index = _index(video)
    return _count(medium) if index is None else len(index.shown)


def sampled(total: int, n: int) -> list[int]:
    """The places of `n` frames among `total`."""
    step = total / (n + 1)
    return [int(i * step) for i in range(1, n + 1)]


def _frame_files(medium: Media) -> list[Path]:
    """The images in a folder that stands for a video, in the order of their names (frame_9 before frame_10)."""
    if not isinstance(medium.source, str) or not Path(medium.source).is_dir():
        return []
    files = [one for one in Path(medium.source).iterdir() if one.suffix.lower() in FRAME_SUFFIXES]
    if not files:
        raise MediaError(f"the folder {medium.source} holds no images to stand for a video")
    return sorted(
        files,
        key=lambda one: [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", one.stem)],
    )


class _Video(NamedTuple):
    container: Any
    stream: Any
    name: str


class _Index(NamedTuple):
    """When each frame is shown, in order; when the frames are that decoding can start from; where to seek for these."""

    shown: list[int]
    keys: list[int]
    starts: dict[int, tuple[int, int]]


@contextmanager
def _video(medium: Media) -> Iterator[_Video]:
    import av

    source = _readable(medium)
    try:
        # "file:" keeps a colon in a name from being read as a protocol.
        with av.open(f"file:{source}" if isinstance(source, str) else source, options=OPENING) as container:
            covers = (s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic)
            stream = next(covers, None)
            if stream is None:
                raise MediaError(f"{_name(medium)} holds no video stream")
            stream.thread_type = "AUTO"
            yield _Video(container, stream, _name(medium))
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{_name(medium)} cannot be read as a video: {_reason(error)}") from error


def _index(video: _Video) -> _Index | None:
    """The frames' times from the packets, nothing decoded; None where packets do not tell."""
    container, stream, name = video
    if stream.codec_context.name not in ONE_A_PACKET or TIMED.isdisjoint(container.format.name.split(",")):
        return None
    packets = [packet for packet in container.demux(stream) if packet.size]
    if any(packet.is_corrupt for packet in packets):
        raise MediaError(f"{name} is cut off in the middle")
    times = [packet.pts for packet in packets if not packet.is_discard]
    shown = sorted(set(times) - {None})
    # Frames before the first key frame, or without a time of their own, may or may not come out of a decoder.
    if not shown or len(shown) < len(times) or not packets[0].is_keyframe or packets[0].pts > shown[0]:
        return None
    # Some containers are sought by when a frame is shown, some by when it is decoded, which is earlier.
    starts = {packet.pts: (packet.pts, packet.dts) for packet in packets if packet.is_keyframe}
    return _Index(shown, sorted(starts), starts)


def _by_seeking(medium: Media, n: int) -> "list[Image] | None":
    """Only what leads to the wanted frames is decoded; None where that is not sure to give the same frames."""
    import av

    with _video(medium) as video:
        index = _index(video)
        if index is None:
            return None
        places = sampled(len(index.shown), n)
        try:
            found = _fetch(video, index, sorted(set(places)))
        except av.FFmpegError:
            return None
    return None if found is None else [found[place] for place in places]


def _fetch(video: _Video, index: _Index, places: list[int]) -> "dict[int, Image] | None":
    """The frames at these places; None as soon as a frame is not where the index has it."""
    found: dict[int, Image] = {}
    decoded: Iterator[Any] = iter(())
    at: float = float("-inf")
    for place in places:
        time = index.shown[place]
        key = index.keys[bisect.bisect_right(index.keys, time) - 1]
        ways = _ways(video, key, index.starts[key]) if key > at else iter([decoded])
        for decoded in ways:
            frame = next((f for f in decoded if f.pts is None or f.pts >= time), None)
            if frame is not None and frame.pts == time and not frame.is_corrupt:
                found[place] = frame.to_image()
                break
        else:
            return None
        at = time
    return found


def _ways(video: _Video, key: int, starts: tuple[int, int]) -> Iterator[Iterator[Any]]:
    """The frames from a key frame on, sought one way, then the other."""
    for start in starts:
        video.container.seek(start, stream=video.stream)
        yield _from_intra(video.container.decode(video.stream), key)


def _from_intra(decoded: Iterator[Any], key: int) -> Iterator[Any]:
    """The frames as long as the key frame is one by itself: streams refreshed bit by bit have others in its place."""
    from av.video.frame import PictureType

    for frame in decoded:
        if frame.pts == key and PictureType(frame.pict_type) is not PictureType.I:
            return
        yield frame


def _count(medium: Media) -> int:
    with _video(medium) as (container, stream, _):
        total = sum(1 for _ in container.decode(stream))
    if not total:
        raise MediaError(f"{_name(medium)} holds no frame that can be decoded")
    return total


def _by_decoding(medium: Media, n: int) -> "list[Image]":
    """Everything is decoded: once to count, once to keep what is wanted, so that no more is ever held."""
    places = sampled(_count(medium), n)
    wanted = set(places)
    with _video(medium) as (container, stream, _):
        frames = enumerate(itertools.islice(container.decode(stream), max(places) + 1))
        found = {place: frame.to_image() for place, frame in frames if place in wanted}
    return [found[place] for place in places]
