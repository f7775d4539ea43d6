"""What requests show: each medium opened and cut once for each way of looking at it, and encoded once.

Opening happens in threads ahead of the engine; encoding in the engine, many tiles at once. What was seen last is kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sailbench.models.sail import pixels
from sailbench.models.sail.network import Network
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiling import View
from sailbench.types import Media, Request

if TYPE_CHECKING:
    from PIL.Image import Image

Key = Hashable
KEPT_BYTES = 1 << 30  # of tiles and features that no request holds


@dataclass(slots=True, eq=False)
class Glance:
    """An image as it is looked at: cut, then encoded. Whoever holds it keeps its features."""

    key: Key
    slots: int
    tiles: Tensor | None  # [n, H, W, 3] uint8; gone when encoded
    features: Tensor | None = None  # [slots, H]


class Sight:
    """Glances by image and view; the same image is opened by one thread only, and the others wait for it."""

    def __init__(self, network: Network, processor: Processor, tiles_at_once: int) -> None:
        self._network, self._processor, self.at_once = network, processor, tiles_at_once
        self._known: OrderedDict[Key, Future[list[Glance]]] = OrderedDict()
        self._sizes: dict[Key, int] = {}
        self._lock = Lock()

    def look(self, request: Request) -> list[list[Glance]]:
        """The images of each of the request's media, in order. Raises MediaError for what cannot be opened."""
        frames = request.sampling.frames
        videos = {m: self._watched(m, frames) for m in request.media if m.kind == "video"}
        counts = [len(videos[m]) if m.kind == "video" else 1 for m in request.media]
        views = iter(self._processor.views(request, counts))
        own = [[next(views) for _ in range(count)] for count in counts]
        return [videos.get(m) or self._looked(m, seen[0]) for m, seen in zip(request.media, own, strict=True)]

    @torch.inference_mode()
    def encode(self, glances: Sequence[Glance]) -> None:
        """Give every glance its features; tiles of one size are encoded together."""
        waiting = {id(glance): glance for glance in glances if glance.features is None}.values()
        for _, group in groupby(sorted(waiting, key=_size), key=_size):
            together = list(group)
            tiles = [glance.tiles for glance in together if glance.tiles is not None]
            encoded = torch.cat([self._encoded(chunk) for chunk in _chunks(tiles, self.at_once)])
            for glance, own in zip(together, torch.split(encoded, [_count(g) for g in together]), strict=True):
                glance.features, glance.tiles = own.flatten(0, 1), None  # [tiles, slots, H] -> [tiles*slots, H]

    def _encoded(self, tiles: Sequence[Tensor]) -> Tensor:
        config = self._processor.config
        # Copied one by one: a copy does not block from pinned memory alone, and joined they would lie elsewhere.
        moved = torch.cat([own.to(self._network.device, non_blocking=True) for own in tiles])
        shown = pixels.scaled(moved, config.mean, config.std)
        return self._network.image_embeddings(self._network.place(shown))

    def _watched(self, video: Media, frames: int) -> list[Glance]:
        from sailbench import media

        return self._once((_identity(video), frames), lambda: [(i, View(1)) for i in media.frames(video, frames)])

    def _looked(self, image: Media, view: View) -> list[Glance]:
        from sailbench import media

        return self._once((_identity(image), view), lambda: [(media.open_image(image), view)])

    def _once(self, key: Key, opened: "Callable[[], list[tuple[Image, View]]]") -> list[Glance]:
        with self._lock:
            known = self._known.get(key)
            if known is None:
                mine = self._known[key] = Future()
            else:
                self._known.move_to_end(key)
        if known is not None:
            return known.result()
        try:
            glances = [self._glance((key, i), image, view) for i, (image, view) in enumerate(opened())]
        except BaseException as error:
            with self._lock:
                del self._known[key]
            mine.set_exception(error)
            raise
        mine.set_result(glances)
        self._bound(key, glances)
        return glances

    def _glance(self, key: Key, image: "Image", view: View) -> Glance:
        tiles, unit = pixels.squares(image, view, self._processor), self._processor.config.unit
        if self._network.device.type == "cuda":
            tiles = tiles.pin_memory()
        return Glance(key, len(tiles) * (tiles.shape[1] // unit) * (tiles.shape[2] // unit), tiles)

    def _bound(self, key: Key, glances: Sequence[Glance]) -> None:
        """Let what was seen longest ago go; requests that are on their way hold their own."""
        width = self._processor.config.hidden_size * self._network.dtype.itemsize
        with self._lock:
            self._sizes[key] = sum(g.slots * width + (0 if g.tiles is None else g.tiles.nbytes) for g in glances)
            while sum(self._sizes.values()) > KEPT_BYTES and len(self._sizes) > 1:
                oldest = next(iter(self._known))
                if oldest not in self._sizes:  # still being opened
                    break
                del self._known[oldest], self._sizes[oldest]


def _chunks(tensors: Sequence[Tensor], rows: int) -> Iterator[list[Tensor]]:
    """Pieces of the tensors in order, `rows` rows together but for the last."""
    chunk: list[Tensor] = []
    room = rows
    for tensor in tensors:
        while len(tensor):
            chunk.append(tensor[:room])
            tensor, room = tensor[room:], room - len(chunk[-1])
            if not room:
                yield chunk
                chunk, room = [], rows
    if chunk:
        yield chunk


def _size(glance: Glance) -> tuple[int, ...]:
    return () if glance.tiles is None else tuple(glance.tiles.shape[1:])


def _count(glance: Glance) -> int:
    return 0 if glance.tiles is None else len(glance.tiles)


def _identity(medium: Media) -> Key:
    # A folder of frames stands for a video and has no digest.
    return medium.digest or str(medium.source)
