"""Frames of a video, decoded here: exactly those that decoding all of it would give, though seldom all is decoded.

What strangers' files do to a decoder (hang it, crash it) is the business of `decoder`, which runs this in a process of
its own.
"""

import bisect
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sailbench.errors import MediaError

# Containers in which every packet has its time, and codecs in which every packet gives exactly one frame: there
# the packets alone tell which frames decoding everything would give. Elsewhere everything is decoded.
TIMED = frozenset({"mov", "mp4", "matroska", "webm"})
ONE_A_PACKET = frozenset({"h264", "hevc", "vp9", "av1", "libdav1d"})
# Files that are lists of other files or addresses (HLS, concat) are no videos: rows come from strangers.
OPENING = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,flv,asf,ogg,gif,h264,hevc,ivf,yuv4mpegpipe",
}


class Film(NamedTuple):
    """A video as a path or its bytes, and what to call it."""

    source: str | bytes
    name: str

    @property
    def megabytes(self) -> float:
        if isinstance(self.source, bytes):
            return len(self.source) / 1e6
        try:
            return Path(self.source).stat().st_size / 1e6
        except OSError:  # will be told by whoever opens it
            return 0.0


class Pixels(NamedTuple):
    """A frame as RGB, three bytes a pixel, row by row."""

    size: tuple[int, int]
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a video in seconds, shown by frames from the middles of equal parts; None is the video's own end."""

    start: float | None = None
    end: float | None = None

    def places(self, total: int, n: int, rate: float, first: int = 0) -> list[int]:
        """The places of `n` frames among `total`, `rate` a second; counted from `first`, which matters for rounding.

        OpenGVLab/Ask-Anything@4dd8210 video_chat2/mvbench.ipynb, the same in open-compass/VLMEvalKit@e8e78f05
        vlmeval/dataset/mvbench.py. Ends beyond the video's are its own.
        """
        last = total - 1 + first
        begin = first if self.start is None else max(first, round(self.start * rate))
        end = last if self.end is None else min(round(self.end * rate), last)
        part = (end - begin) / n
        return [min(max(int(begin + part / 2 + round(part * i)) - first, 0), total - 1) for i in range(n)]


def sampled(total: int, n: int) -> list[int]:
    """The places of `n` frames among `total`.

    Frame i of 1..n is number int(i * step) with step = total / (n + 1), so a video of fewer frames than `n`
    repeats some (open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/videomme.py).
    """
    step = total / (n + 1)
    return [int(i * step) for i in range(1, n + 1)]


# From how many frames there are, and how many a second, to the places of those that are wanted.
Placing = Callable[[int, float], list[int]]


class Taken(NamedTuple):
    """The places that were wanted, in order, and the frame at each."""

    places: list[int]
    found: dict[int, Pixels]


class Video(NamedTuple):
    container: Any
    stream: Any
    name: str

    @property
    def rate(self) -> float:
        return float(self.stream.average_rate or self.stream.guessed_rate or 0)


class Index(NamedTuple):
    """When each frame is shown, in order; when the frames are that decoding can start from; where to seek for these."""

    shown: list[int]
    keys: list[int]
    starts: dict[int, tuple[int, int]]


def placing(n: int, span: Span | None) -> Placing:
    """Where `n` frames are wanted: over the whole video, or over the span."""
    if span is None:
        return lambda total, _: sampled(total, n)
    return lambda total, rate: span.places(total, n, rate)


def counted(film: Film) -> int:
    """How many frames decoding everything gives."""
    with _opened(film) as video:
        index = _index(video)
    return _count(film) if index is None else len(index.shown)


def take(film: Film, wanted: Placing) -> Taken:
    """The wanted frames, exactly those that decoding the whole video would give."""
    return by_seeking(film, wanted) or by_decoding(film, wanted)


@contextmanager
def _opened(film: Film) -> Iterator[Video]:
    import av

    try:
        # "file:" keeps a colon in a name from being read as a protocol.
        source = f"file:{film.source}" if isinstance(film.source, str) else io.BytesIO(film.source)
        with av.open(source, options=OPENING) as container:
            covers = (s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic)
            stream = next(covers, None)
            if stream is None:
                raise MediaError(f"{film.name} holds no video stream")
            stream.thread_type = "AUTO"
            yield Video(container, stream, film.name)
    except (av.FFmpegError, OSError) as error:
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise MediaError(f"{film.name} cannot be read as a video: {said}") from error


def _index(video: Video) -> Index | None:
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
    return Index(shown, sorted(starts), starts)


def by_seeking(film: Film, wanted: Placing) -> Taken | None:
    """Only what leads to the wanted frames is decoded; None where that is not sure to give the same frames."""
    import av

    with _opened(film) as video:
        index = _index(video)
        if index is None:
            return None
        places = wanted(len(index.shown), video.rate)
        try:
            found = _fetch(video, index, sorted(set(places)))
        except av.FFmpegError:
            return None
    return None if found is None else Taken(places, found)


def _fetch(video: Video, index: Index, places: list[int]) -> dict[int, Pixels] | None:
    """The frames at these places; None as soon as a frame is not where the index has it."""
    found: dict[int, Pixels] = {}
    decoded: Iterator[Any] = iter(())
    at: float = float("-inf")
    for place in places:
        time = index.shown[place]
        key = index.keys[bisect.bisect_right(index.keys, time) - 1]
        ways = _ways(video, key, index.starts[key]) if key > at else iter([decoded])
        for decoded in ways:
            frame = next((f for f in decoded if f.pts is None or f.pts >= time), None)
            if frame is not None and frame.pts == time and not frame.is_corrupt:
                found[place] = _pixels(frame)
                break
        else:
            return None
        at = time
    return found


def _ways(video: Video, key: int, starts: tuple[int, int]) -> Iterator[Iterator[Any]]:
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


def _count(film: Film) -> int:
    with _opened(film) as (container, stream, _):
        total = sum(1 for _ in container.decode(stream))
    if not total:
        raise MediaError(f"{film.name} holds no frame that can be decoded")
    return total


def by_decoding(film: Film, wanted: Placing) -> Taken:
    """Everything is decoded: once to count, once to keep what is wanted, so that no more is ever held."""
    total = _count(film)
    with _opened(film) as video:
        places = wanted(total, video.rate)
        decoded = enumerate(itertools.islice(video.container.decode(video.stream), max(places) + 1))
        distinct = set(places)
        return Taken(places, {place: _pixels(frame) for place, frame in decoded if place in distinct})


def _pixels(frame: Any) -> Pixels:
    """Rows may be padded, or stand upside down."""
    plane = frame.reformat(format="rgb24").planes[0]
    width, height, stride = frame.width * 3, frame.height, abs(plane.line_size)
    held = bytes(plane)
    if plane.line_size != width:
        rows = [held[i * stride : i * stride + width] for i in range(height)]
        held = b"".join(rows if plane.line_size > 0 else rows[::-1])
    return Pixels((frame.width, height), held[: width * height])
