"""Cut images to normalised float32 tensors, as the official processor's transform does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sailbench.models.sail import tiling
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiling import View

if TYPE_CHECKING:
    from PIL.Image import Image


def tiles(image: "Image", view: View, processor: Processor) -> Tensor:
    """[tiles, 3, S, S]; where any resolution is allowed [1, 3, H, W].

    The image is cut in its own mode and each tile turned to RGB afterwards, which differs from the other order for
    palette, alpha and 16-bit images: whoever wants the toolkit's order converts the image first.
    """
    config = processor.config
    if not config.vision.any_resolution:
        return normalised(tiling.cut(image, view, config.image_size), config.mean, config.std)
    size = processor.native_size(image.size, view)
    enlarged = tiling.enlarged(image, view.enlarge)
    return normalised([enlarged if enlarged.size == size else enlarged.resize(size)], config.mean, config.std)


def normalised(images: Sequence["Image"], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """[n, 3, H, W] from images of one size: to [0, 1], minus the mean, over the deviation."""
    rgb = [image if image.mode == "RGB" else image.convert("RGB") for image in images]
    stacked = torch.from_numpy(np.stack([np.asarray(image) for image in rgb]))  # [n, H, W, 3]
    scaled = stacked.permute(0, 3, 1, 2).contiguous().to(torch.float32).div_(255)
    middle, spread = (torch.tensor(values).view(1, -1, 1, 1) for values in (mean, std))
    return scaled.sub_(middle).div_(spread)
