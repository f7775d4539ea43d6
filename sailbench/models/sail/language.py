"""The language model: transformers' Qwen3, dense or mixture of experts, and a lean way through its layers.

The modules and weights are transformers'. `Layers` runs them over packed tokens of many rows at once, with projections
that read the same input joined and attention left to the caller: on a CPU half of a small model's time is dispatch.
"""

from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config
from transformers.models.qwen3.modeling_qwen3 import Qwen3ForCausalLM
from transformers.models.qwen3_moe.configuration_qwen3_moe import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeForCausalLM

from sailbench.errors import ModelError
from sailbench.models.sail.config import SailConfig

# Of layer number and packed queries, keys and values [N, heads, D] to what each token attends to [N, heads*D].
Attend = Callable[[int, Tensor], Tensor]


def language_model(config: SailConfig) -> nn.Module:
    """With a head of its own: whether it is tied to the embedding is known only when the weights are seen."""
    values = {**config.language, "rope_parameters": dict(config.rope), "tie_word_embeddings": False}
    kinds = (Qwen3MoeConfig, Qwen3MoeForCausalLM) if config.mixture else (Qwen3Config, Qwen3ForCausalLM)
    # Grouped multiplication reads each expert's weights once a step and needs no loop over experts.
    experts = {"experts_implementation": "grouped_mm"} if config.mixture else {}
    model: nn.Module = kinds[1](kinds[0](**values, attn_implementation="sdpa", **experts))
    return model


def restore_rotary(model: Any, device: torch.device) -> None:
    """Make the rotary frequencies anew: they are in no checkpoint, and a model built without memory has none.

    They stay float32 whatever the model's type; rounded to bfloat16 they shift far positions.
    """
    with torch.device(device):
        model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)


class Joined:
    """Linear layers of one input as a single multiplication; their own weights become views of the joined one."""

    def __init__(self, *parts: Any) -> None:
        self.weight = torch.cat([part.weight for part in parts])
        self.bias = None if parts[0].bias is None else torch.cat([part.bias for part in parts])
        for part, own in zip(parts, torch.split(self.weight, [len(part.weight) for part in parts]), strict=True):
            part.weight = nn.Parameter(own, requires_grad=False)

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class Layer:
    """One decoder layer of transformers' with its projections joined."""

    def __init__(self, layer: Any, heads: tuple[int, int]) -> None:
        attention, self.mixture = layer.self_attn, None if hasattr(layer.mlp, "gate_proj") else layer.mlp
        self.qkv = Joined(attention.q_proj, attention.k_proj, attention.v_proj)
        self.out, self.norm_in, self.norm_mid = attention.o_proj, layer.input_layernorm, layer.post_attention_layernorm
        norms = [norm.weight.expand(n, -1) for norm, n in zip((attention.q_norm, attention.k_norm), heads, strict=True)]
        self.norm_qk = torch.cat(norms)  # [heads + kv_heads, D]
        if self.mixture is None:
            self.gate_up, self.down = Joined(layer.mlp.gate_proj, layer.mlp.up_proj), layer.mlp.down_proj
            self.act = layer.mlp.act_fn

    def feed(self, x: Tensor) -> Tensor:
        """The feed-forward part, [N, H] to [N, H]."""
        if self.mixture is not None:
            mixed: Tensor = self.mixture(x[None])[0]
            return mixed
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        fed: Tensor = self.down(self.act(gate).mul_(up))
        return fed


class Layers:
    """All decoder layers over packed tokens [N, H]: no rows, no padding; `attend` knows which token is whose."""

    _known: ClassVar[WeakKeyDictionary[nn.Module, "Layers"]] = WeakKeyDictionary()

    def __init__(self, model: Any) -> None:
        config = model.config
        self.heads, self.kv_heads = int(config.num_attention_heads), int(config.num_key_value_heads)
        self.width, self._eps = int(config.head_dim), float(config.rms_norm_eps)
        if getattr(config, "use_sliding_window", False):
            raise ModelError("config.json: llm_config.use_sliding_window is not supported by the engine")
        self._layers = [Layer(layer, (self.heads, self.kv_heads)) for layer in model.model.layers]
        self._embed, self._norm, self._head = model.model.embed_tokens, model.model.norm, model.lm_head
        self._rotary = model.model.rotary_emb
        self._angles = (torch.empty(0), torch.empty(0))
        self.experts = int(getattr(config, "num_experts", 0) or 0)

    @classmethod
    def of(cls, model: nn.Module) -> "Layers":
        """Those of a model, joined at the first call."""
        if model not in cls._known:
            cls._known[model] = cls(model)
        return cls._known[model]

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def dtype(self) -> torch.dtype:
        kind: torch.dtype = self._embed.weight.dtype
        return kind

    @property
    def device(self) -> torch.device:
        place: torch.device = self._embed.weight.device
        return place

    @property
    def angles(self) -> tuple[Tensor, Tensor]:
        """The table of rotary angles: cosines and sines, each [P, D]."""
        return self._angles

    def embed(self, tokens: Tensor) -> Tensor:
        """[N] to [N, H]"""
        embedded: Tensor = self._embed(tokens)
        return embedded

    def run(self, hidden: Tensor, positions: Tensor, attend: Attend) -> Tensor:
        """Packed embeddings [N, H] at `positions` [N] to the last layer's states [N, H], not yet normed."""
        turned = self.heads + self.kv_heads
        cos, sin = (table[positions][:, None] for table in self._angles)  # [N, 1, D]
        for number, layer in enumerate(self._layers):
            qkv = layer.qkv(self._normed(hidden, layer.norm_in.weight)).view(len(hidden), -1, self.width)
            bare = F.rms_norm(qkv[:, :turned], (self.width,), None, self._eps).mul_(layer.norm_qk)
            # The sine's first half is negative in the table, which makes half a roll the usual rotation.
            torch.addcmul(bare * cos, bare.roll(self.width // 2, -1), sin, out=qkv[:, :turned])
            hidden = hidden + layer.out(attend(number, qkv))
            hidden = hidden + layer.feed(self._normed(hidden, layer.norm_mid.weight))
        return hidden

    def reach(self, positions: int) -> None:
        """Make the table of rotary angles long enough."""
        if len(self._angles[0]) < positions:
            places = torch.arange(1 << (positions - 1).bit_length(), device=self.device)
            cos, sin = (table[0] for table in self._rotary(self.embed(places[:1]), places[None]))  # [P, D]
            self._angles = (cos, torch.cat([-sin[:, : self.width // 2], sin[:, self.width // 2 :]], dim=1))

    def logits(self, hidden: Tensor) -> Tensor:
        """[n, H] to [n, V], float32."""
        scores: Tensor = self._head(self._normed(hidden, self._norm.weight))
        return scores.float()

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self._eps)
