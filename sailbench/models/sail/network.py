"""The whole network: tower, adapter and language model under the names of the released tensors."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sailbench.errors import ModelError
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.device import sent
from sailbench.models.sail.language import Layers, language_model
from sailbench.models.sail.vision import VisionTower, adapter, merge_patches


class Network(nn.Module):
    def __init__(self, config: SailConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_model = VisionTower(config.vision)
        self.mlp1 = adapter(config)
        self.language_model: Any = language_model(config)

    @classmethod
    def empty(cls, config: SailConfig) -> "Network":
        """Shapes without memory."""
        with torch.device("meta"):
            return cls(config).eval().requires_grad_(False)

    @property
    def dtype(self) -> torch.dtype:
        return self.vision_model.preprocessor.pos_embed.dtype

    @property
    def device(self) -> torch.device:
        return self.vision_model.preprocessor.pos_embed.device

    def prepare(self) -> None:
        """Join what the engine joins, so that forks of this process share it."""
        Layers.of(self.language_model)

    def vision_features(self, pixels: Tensor) -> Tensor:
        """[B, 3, H, W] to the tower's [B, patches, D], of the layer that the configuration selects."""
        features: Tensor = self.vision_model(pixels, self.config.select_layer)
        return features

    def image_embeddings(self, pixels: Tensor) -> Tensor:
        """[B, 3, H, W] to the language model's [B, slots, H]."""
        rows, columns = (length // self.config.vision.patch_size for length in pixels.shape[-2:])
        return self.adapted(self.vision_features(pixels), rows, columns)

    def adapted(self, features: Tensor, rows: int, columns: int) -> Tensor:
        """The tower's [B, rows * columns, D] to the language model's [B, slots, H]."""
        merged = merge_patches(features, rows, columns, self.config.merge, self.config.ps_version == "v1")
        embedded: Tensor = self.mlp1(merged)
        return embedded

    def place(self, pixels: Tensor) -> Tensor:
        """On the network's device and in its type: float32 pixels stay so in a float32 network."""
        return pixels.to(self.device, self.dtype, non_blocking=True)

    @torch.inference_mode()
    def embed(self, ids: Sequence[int], features: Sequence[Tensor], slot: int) -> Tensor:
        """[T, H]: the tokens' embeddings, those of `slot` tokens replaced in order by the features [slots, H].

        Without features a slot token is a token like any other, as in the official code.
        """
        table = self.language_model.get_input_embeddings()
        embeds: Tensor = table(sent(ids, table.weight.device))
        if not features:
            return embeds
        # Found here: a GPU would have to finish everything before it could say how many there are.
        places = [place for place, token in enumerate(ids) if token == slot]
        shown = torch.cat(list(features))
        if len(places) != len(shown):
            raise ModelError(f"the prompt has {len(places)} image slots, the images fill {len(shown)}")
        return embeds.index_copy(0, sent(places, embeds.device), shown.to(embeds.dtype))
