"""What the requests of a window show: each medium opened, cut and encoded once for each way of looking at it."""

from collections.abc import Hashable
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from sailbench.models.sail import pixels
from sailbench.models.sail.network import Network
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiling import View
from sailbench.types import Media, Request

Key = Hashable


class Seen(NamedTuple):
    """An image of a request: under which key its features lie, and how many there are."""

    key: Key
    slots: int


class Sight:
    """Vision features by image and view. Tiles wait until a batch is full; `features` encodes what still waits."""

    def __init__(self, network: Network, processor: Processor, tiles_at_once: int) -> None:
        self._network, self._processor, self._at_once = network, processor, tiles_at_once
        self._slots: dict[Key, int] = {}
        self._videos: dict[Key, int] = {}
        self._waiting: list[tuple[Key, Tensor]] = []
        self._features: dict[Key, Tensor] = {}

    def look(self, request: Request) -> list[list[Seen]]:
        """The images of each of the request's media, in order. Raises MediaError for what cannot be opened."""
        frames = request.sampling.frames
        counts = [self._watch(m, frames) if m.kind == "video" else 1 for m in request.media]
        views = iter(self._processor.views(request, counts))
        own = [[next(views) for _ in range(count)] for count in counts]
        return [self._glances(m, frames, seen) for m, seen in zip(request.media, own, strict=True)]

    def features(self, seen: Seen) -> Tensor:
        """[slots, H]"""
        if seen.key not in self._features:
            self._encode()
        return self._features[seen.key]

    def _glances(self, medium: Media, frames: int, views: list[View]) -> list[Seen]:
        if medium.kind == "video":
            keys: list[Key] = [(_identity(medium), frames, i) for i in range(len(views))]
        else:
            keys = [(_identity(medium), views[0])]
            if keys[0] not in self._slots:
                from sailbench import media

                self._take(keys[0], pixels.tiles(media.open_image(medium), views[0], self._processor))
        return [Seen(key, self._slots[key]) for key in keys]

    def _watch(self, video: Media, frames: int) -> int:
        """How many frames a video has to show; a short one has fewer than asked for."""
        name = (_identity(video), frames)
        if name not in self._videos:
            from sailbench import media

            images = media.frames(video, frames)
            for i, image in enumerate(images):
                self._take((*name, i), pixels.tiles(image, View(1), self._processor))
            self._videos[name] = len(images)
        return self._videos[name]

    def _take(self, key: Key, tiles: Tensor) -> None:
        unit = self._processor.config.unit
        self._slots[key] = tiles.shape[0] * (tiles.shape[2] // unit) * (tiles.shape[3] // unit)
        self._waiting.append((key, tiles))
        if sum(len(waiting) for _, waiting in self._waiting) >= self._at_once:
            self._encode()

    @torch.inference_mode()
    def _encode(self) -> None:
        waiting, self._waiting = sorted(self._waiting, key=lambda pair: pair[1].shape[1:]), []
        for _, group in groupby(waiting, key=lambda pair: pair[1].shape[1:]):
            keys, tiles = zip(*group, strict=True)
            chunks = torch.split(torch.cat(tiles), self._at_once)
            encoded = torch.cat([self._network.image_embeddings(self._network.place(chunk)) for chunk in chunks])
            for key, own in zip(keys, torch.split(encoded, [len(t) for t in tiles]), strict=True):
                self._features[key] = own.flatten(0, 1)  # [tiles, slots, H] -> [tiles*slots, H]


def _identity(medium: Media) -> Key:
    # A folder of frames stands for a video and has no digest.
    return medium.digest or str(medium.source)
