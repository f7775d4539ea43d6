"""The network in training: the bundled model's own modules in float32, run over packed rows with gradients."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from recipes.nano.draw import COLOURS, GLYPHS, SHAPES, SIDE
from recipes.nano.pack import IGNORED, Batch
from sailbench.models import catalogue
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.language import restore_rotary
from sailbench.models.sail.network import Network

WIDTHS = (1 + len(GLYPHS), 1 + len(SHAPES), 1 + len(COLOURS))  # what a patch may show, nothing included


def config(vocabulary: int, width: int = 160, layers: int = 4, depth: int = 4) -> dict[str, Any]:
    """config.json of the small model, in the official keys: `layers` of the tower, `depth` of the language model."""
    shared = {"hidden_size": width, "intermediate_size": 32 * round(width * 8 / 3 / 32)}
    vision = {**shared, "num_hidden_layers": layers, "num_attention_heads": width // 32, "image_size": SIDE}
    language = {
        **shared,
        "num_hidden_layers": depth,
        "num_attention_heads": width // 32,
        "num_key_value_heads": width // 32,
        "head_dim": 32,
        "vocab_size": vocabulary,
        "rope_theta": 10000,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": True,
    }
    return {**catalogue.configuration(language, **vision), "multi_scale": False}


class Student(nn.Module):
    """The network, its head tied to the embedding, and a linear reader of the tower's patches for its own training."""

    def __init__(self, shape: SailConfig, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.network = Network(shape)
        self.network.language_model.lm_head.weight = self.network.language_model.model.embed_tokens.weight
        restore_rotary(self.network.language_model, torch.device("cpu"))
        self.readers = nn.ModuleList(nn.Linear(shape.vision.hidden_size, width) for width in WIDTHS)
        self._start(shape)

    def _start(self, shape: SailConfig) -> None:
        """Small normal weights; what adds to the residual stream starts smaller the deeper the stack."""
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            ends = name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight", "fc2.weight"))
            depth = shape.vision.num_hidden_layers if "vision" in name else int(shape.language["num_hidden_layers"])
            spread = 0.02 if "language" in name or parameter.dim() == 3 else parameter[0].numel() ** -0.5
            nn.init.normal_(parameter, std=spread / (2 * depth) ** 0.5 if ends else spread)

    def patches(self, pixels: Tensor) -> Tensor:
        """[n, 3, S, S] to [n, patches, D]."""
        return self.network.vision_features(pixels)

    def reading_loss(self, features: Tensor, labels: Tensor) -> Tensor:
        """How well a patch's features tell what it shows; patches that show nothing count a tenth."""
        total = features.new_zeros(())
        for reader, truth in zip(self.readers, labels.flatten(2).unbind(1), strict=True):
            weights = torch.ones(reader.out_features)
            weights[0] = 0.1
            total = total + F.cross_entropy(reader(features).flatten(0, 1).float(), truth.flatten(), weights)
        return total

    def slots(self, features: Tensor) -> Tensor:
        """[n, patches, D] to the language model's [n * slots, H]."""
        grid = self.network.config.vision.grid
        return self.network.adapted(features, grid, grid).flatten(0, 1)

    def logits(self, batch: Batch, shown: Tensor | None) -> Tensor:
        """[targets, V] where something is to be learnt; `shown` fills the pictures' slots."""
        hidden = self.hidden(batch, shown)
        return self.head(hidden.flatten(0, 1)[(batch.targets != IGNORED).flatten()])

    def head(self, hidden: Tensor) -> Tensor:
        model = self.network.language_model
        return F.linear(model.model.norm(hidden), model.lm_head.weight).float()

    def hidden(self, batch: Batch, shown: Tensor | None) -> Tensor:
        """[R, T, H] after the last layer, not yet normed."""
        model = self.network.language_model.model
        embeds = model.embed_tokens(batch.ids)
        x = embeds.flatten(0, 1)
        if shown is not None:
            x = x.index_copy(0, batch.where, shown.to(x.dtype))
        x = x.view_as(embeds)
        cos, sin = (table[:, None] for table in model.rotary_emb(x, batch.positions))  # [R, 1, T, D]
        mask = batch.mask()
        for layer in model.layers:
            x = x + _attend(layer.self_attn, _normed(layer.input_layernorm, x), (cos, sin), mask)
            y = _normed(layer.post_attention_layernorm, x)
            mlp = layer.mlp
            x = x + mlp.down_proj(F.silu(mlp.gate_proj(y)) * mlp.up_proj(y))
        return x

    def loss(self, batch: Batch, shown: Tensor | None) -> Tensor:
        """Mean over the answers' tokens."""
        return F.cross_entropy(self.logits(batch, shown), batch.targets[batch.targets != IGNORED])


def _normed(norm: Any, x: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), norm.weight.to(x.dtype), norm.variance_epsilon)


def _attend(attention: Any, x: Tensor, angles: tuple[Tensor, Tensor], mask: Tensor) -> Tensor:
    """Self-attention of Qwen3: queries and keys are normed a head, then turned."""
    R, T, _ = x.shape
    q, k, v = (p(x).view(R, T, -1, attention.head_dim) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
    q, k = (
        _turned(_normed(norm, each).transpose(1, 2), *angles)
        for norm, each in ((attention.q_norm, q), (attention.k_norm, k))
    )
    v = v.transpose(1, 2)
    mixed = F.scaled_dot_product_attention(
        q.to(v.dtype), k.to(v.dtype), v, attn_mask=mask, enable_gqa=q.shape[1] != k.shape[1]
    )
    out: Tensor = attention.o_proj(mixed.transpose(1, 2).flatten(2))
    return out


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin
