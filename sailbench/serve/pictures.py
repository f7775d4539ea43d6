"""The images and videos of one request: from data URLs, or fetched where that is allowed; counted and measured."""

import base64
import binascii
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from sailbench import media as opening
from sailbench.errors import MediaError
from sailbench.serve.refusal import refused
from sailbench.types import Kind, Media, Sampling

FETCH_SECONDS = 20.0


class Pictures:
    """Media in the order of the talk. `counts` says how many images became each medium, `frames` a video's number."""

    def __init__(self, most: int, megabytes: int, fetch: bool) -> None:
        self._most, self._bytes, self._fetch = most, megabytes * 1_000_000, fetch
        self._media: list[Media] = []
        self.frames = Sampling().frames
        self.counts: list[int] = []

    def add(self, address: str, kind: Kind) -> None:
        if len(self._media) == self._most:
            refused(f"a request may hold {self._most} images", "messages")
        number = len(self._media) + 1
        scheme = address.partition(":")[0].lower()
        if scheme == "data":
            held = _decoded(address, kind, number)
        elif scheme in ("http", "https") and self._fetch:
            held = self._fetched(address, number)
        else:
            refused(f"{kind} {number}: only data: URLs are taken here; send the {kind} itself", "messages")
        medium = Media.video(held) if kind == "video" else Media.image(held)
        if kind == "image":
            _check_opens(medium, number)
        self._media.append(medium)

    def media(self, videos: object) -> tuple[list[Media], tuple["TemporaryDirectory[str]", ...]]:
        """The media; with `videos`, which says how many frames each has (0: an image), frames become videos again."""
        if videos is None:
            self.counts = [1] * len(self._media)
            return self._media, ()
        if not isinstance(videos, list) or not all(type(n) is int and n >= 0 for n in videos):
            refused("videos must be a list of numbers of frames", "X-Sailbench-Needs")
        self.counts = [max(1, n) for n in videos]
        lengths = {n for n in videos if n}
        if sum(self.counts) != len(self._media) or len(lengths) > 1 or any(m.kind == "video" for m in self._media):
            refused("videos does not fit the images of the messages", "X-Sailbench-Needs")
        self.frames = max(lengths, default=self.frames)
        return self._grouped(videos)

    def _grouped(self, videos: list[int]) -> tuple[list[Media], tuple["TemporaryDirectory[str]", ...]]:
        images, grouped, held = iter(self._media), [], []
        for n in videos:
            if n == 0:
                grouped.append(next(images))
                continue
            folder = TemporaryDirectory(prefix="sailbench-frames-")
            held.append(folder)
            grouped.append(_video(Path(folder.name), [next(images) for _ in range(n)]))
        return grouped, tuple(held)

    def _fetched(self, address: str, number: int) -> bytes:
        import httpx

        try:
            with httpx.stream("GET", address, timeout=FETCH_SECONDS, follow_redirects=True) as reply:
                reply.raise_for_status()
                held = b""
                for piece in reply.iter_bytes():
                    held += piece
                    if len(held) > self._bytes:
                        refused(f"image {number} is larger than {self._bytes // 1_000_000} MB", "messages")
                return held
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            refused(f"image {number} cannot be fetched: {type(error).__name__}", "messages")


def _decoded(address: str, kind: Kind, number: int) -> bytes:
    head, comma, data = address.partition(",")
    if not comma or not head.lower().endswith(";base64") or not head[5:].lower().startswith(f"{kind}/"):
        refused(f"{kind} {number} must be given like data:{kind}/TYPE;base64,DATA", "messages")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        refused(f"{kind} {number} is not base64", "messages")


def _check_opens(medium: Media, number: int) -> None:
    try:
        opening.image_size(medium)
    except MediaError as error:
        refused(f"image {number} cannot be opened: {error}", "messages")


def _video(folder: Path, frames: list[Media]) -> Media:
    """A folder of frames stands for a video whose sampled frames are exactly these."""
    whole = hashlib.sha256()
    for i, frame in enumerate(frames):
        assert isinstance(frame.source, bytes)
        (folder / f"{i:05}.png").write_bytes(frame.source)
        whole.update(frame.digest.encode())
    return Media("video", str(folder), whole.hexdigest())
