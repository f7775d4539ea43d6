"""The SAIL-ViT tower (AIMv2's architecture) and the adapter that turns its patches into the language model's tokens.

Module names are those of the released tensors, so that a state dict needs no renaming.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from sailbench.models.sail.config import SailConfig, VisionConfig


class RMSNorm(nn.Module):
    """Statistics in float32. The original rounds to the input's type before the weight, the fused kernel after it."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class Patchifier(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        size = config.patch_size
        self.proj = nn.Conv2d(config.num_channels, config.hidden_size, kernel_size=size, stride=size)
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.proj(pixels).flatten(2).transpose(1, 2)  # [B, D, R, C] -> [B, R*C, D]
        normed: Tensor = self.norm(patches)  # before the positions are added, not after
        return normed


class Preprocessor(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patchifier = Patchifier(config)
        self.pos_embed = nn.Parameter(torch.zeros(1, config.grid**2, config.hidden_size))

    def forward(self, pixels: Tensor) -> Tensor:
        rows, columns = (length // self.config.patch_size for length in pixels.shape[-2:])
        embedded: Tensor = self.patchifier(pixels) + self.positions(rows, columns)
        return embedded

    def positions(self, rows: int, columns: int) -> Tensor:
        """The learned table, or at any resolution that table resized to the image's grid (paper, section 2.1.2)."""
        side = self.config.grid
        if not self.config.any_resolution or rows == columns == side:
            return self.pos_embed[:, : rows * columns]  # a smaller fixed grid takes the first rows, as in the original
        table = self.pos_embed.view(1, side, side, -1).permute(0, 3, 1, 2)  # [1, D, side, side]
        resized = F.interpolate(table.float(), size=(rows, columns), mode="bicubic", align_corners=False)
        return resized.flatten(2).transpose(1, 2).to(self.pos_embed.dtype)  # [1, rows*columns, D]


class Attention(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.qkv = nn.Linear(width, 3 * width, bias=config.qkv_bias)
        self.proj = nn.Linear(width, width, bias=config.use_bias)

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)  # each [B, heads, T, d]
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, D)
        out: Tensor = self.proj(attended)
        return out


class MLP(nn.Module):
    """SwiGLU; fc1 is the gate, fc3 the value."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.fc1 = nn.Linear(width, inner, bias=config.use_bias)
        self.fc2 = nn.Linear(inner, width, bias=config.use_bias)
        self.fc3 = nn.Linear(width, inner, bias=config.use_bias)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(F.silu(self.fc1(x)) * self.fc3(x))
        return out


class Block(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.attn = Attention(config)
        self.norm_1 = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)
        self.norm_2 = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm_1(x))
        out: Tensor = x + self.mlp(self.norm_2(x))
        return out


class Trunk(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.post_trunk_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, layer: int = -1) -> Tensor:
        """The normed output of the last block; for a layer other than -1 the bare output of that block."""
        depth = len(self.blocks)
        assert -depth <= layer < depth, (layer, depth)
        for block in self.blocks[: layer % depth + 1]:
            x = block(x)
        if layer == -1:
            x = self.post_trunk_norm(x)
        return x


class VisionTower(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.preprocessor = Preprocessor(config)
        self.trunk = Trunk(config)

    def forward(self, pixels: Tensor, layer: int = -1) -> Tensor:
        """[B, 3, H, W] to [B, patches, D]."""
        features: Tensor = self.trunk(self.preprocessor(pixels), layer)
        return features


def adapter(config: SailConfig) -> nn.Sequential:
    """Two layers over merged patches; the numbers 0, 1 and 3 are in the tensors' names."""
    merged, width = config.vision.hidden_size * config.merge**2, config.hidden_size
    return nn.Sequential(nn.LayerNorm(merged), nn.Linear(merged, width), nn.GELU(), nn.Linear(width, width))


def merge_patches(features: Tensor, rows: int, columns: int, merge: int, transposed: bool) -> Tensor:
    """[B, rows*columns, D] to [B, slots, merge*merge*D]: each square of patches becomes one token.

    Its channels are ordered by row in the square, then column, then channel. Version "v1" of the shuffle leaves the
    tokens in column-major order (`transposed`).
    """
    B, _, D = features.shape
    squares = features.view(B, rows // merge, merge, columns // merge, merge, D)
    order = (0, 3, 1, 2, 4, 5) if transposed else (0, 1, 3, 2, 4, 5)
    return squares.permute(*order).reshape(B, -1, merge * merge * D)
