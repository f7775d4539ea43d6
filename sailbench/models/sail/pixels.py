"""Cut images to normalised float32 tensors, as the official processor's transform does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sailbench.models.sail import tiling
from sailbench.models.sail.device import sent
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiling import View

if TYPE_CHECKING:
    from PIL.Image import Image


def tiles(image: "Image", view: View, processor: Processor) -> Tensor:
    """[tiles, 3, S, S]; where any resolution is allowed [1, 3, H, W]."""
    return scaled(squares(image, view, processor), processor.config.mean, processor.config.std)


def squares(image: "Image", view: View, processor: Processor) -> Tensor:
    """The tiles' colours as bytes, [tiles, S, S, 3]; where any resolution is allowed [1, H, W, 3].

    The image is cut in its own mode and each tile turned to RGB afterwards, which differs from the other order for
    palette, alpha and 16-bit images: whoever wants the toolkit's order converts the image first.
    """
    config = processor.config
    if not config.vision.any_resolution:
        return stacked(tiling.cut(image, view, config.image_size))
    size = processor.native_size(image.size, view)
    enlarged = tiling.enlarged(image, view.enlarge)
    return stacked([enlarged if enlarged.size == size else enlarged.resize(size)])


def normalised(images: Sequence["Image"], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """[n, 3, H, W] from images of one size."""
    return scaled(stacked(images), mean, std)


def stacked(images: Sequence["Image"]) -> Tensor:
    """[n, H, W, 3] bytes from images of one size."""
    rgb = [image if image.mode == "RGB" else image.convert("RGB") for image in images]
    return torch.from_numpy(np.stack([np.asarray(image) for image in rgb]))


def scaled(colours: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """[n, H, W, 3] bytes to [n, 3, H, W] float32: to [0, 1], minus the mean, over the deviation."""
    scaled = colours.permute(0, 3, 1, 2).contiguous().to(torch.float32).div_(255)
    middle, spread = (sent(torch.tensor(values), colours.device).view(1, -1, 1, 1) for values in (mean, std))
    return scaled.sub_(middle).div_(spread)
