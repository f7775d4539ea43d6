"""The least time that arithmetic and memory allow a SAIL-VL2, told from its configuration and a GPU's peaks.

Counts are those of the network as it is built (a test compares them with it); the shares of the peaks that are
reached are assumptions, and say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sailbench.capacity.gpus import Gpu
from sailbench.errors import UsageError
from sailbench.models.sail.config import SailConfig, VisionConfig

WEIGHT_BYTES = 2  # bfloat16
MEMORY_SHARE = 0.9  # of the GPU's memory, for weights and cache
MOST_ROWS = 256  # answers that are written together on a GPU


@dataclass(frozen=True, slots=True)
class Efficiency:
    """The assumed shares of the peaks: arithmetic while pictures and prompts are read, bandwidth while answers are
    written, and what is left of both when a model is spread over several GPUs.
    """

    compute: float = 0.4
    bandwidth: float = 0.6
    spread: float = 0.85

    def __str__(self) -> str:
        shares = f"{self.compute:.0%} of peak arithmetic, {self.bandwidth:.0%} of peak bandwidth"
        return f"{shares}, {self.spread:.0%} of these where a model is spread over GPUs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A SAIL-VL2 in numbers: parameters, and what a tile, a token and a token's place in the cache take."""

    tower: int
    adapter: int
    language: int
    active: int
    tile_patches: int
    tile_slots: int
    tile_attention: float
    attention_a_token: float
    cache_bytes: int

    @property
    def parameters(self) -> int:
        return self.tower + self.adapter + self.language

    @property
    def weight_bytes(self) -> int:
        return WEIGHT_BYTES * self.parameters

    @property
    def tile_flops(self) -> float:
        return 2.0 * (self.tower * self.tile_patches + self.adapter * self.tile_slots) + self.tile_attention

    @classmethod
    def of(cls, config: SailConfig) -> "Network":
        vision, words = config.vision, config.language
        patches = vision.grid**2
        query = int(words["num_attention_heads"]) * int(words["head_dim"])
        layers, shared = int(words["num_hidden_layers"]), int(words["num_key_value_heads"]) * int(words["head_dim"])
        every, used = _language(config)
        return cls(
            tower=_tower(vision),
            adapter=_adapter(config),
            language=every,
            active=used,
            tile_patches=patches,
            tile_slots=config.slots_per_tile,
            tile_attention=4.0 * vision.num_hidden_layers * vision.hidden_size * patches**2,
            attention_a_token=4.0 * layers * query,
            cache_bytes=2 * WEIGHT_BYTES * layers * shared,
        )


def _tower(vision: VisionConfig) -> int:
    width, inner = vision.hidden_size, vision.intermediate_size
    biases = 3 * width * vision.qkv_bias + (2 * width + 2 * inner) * vision.use_bias
    block = 4 * width**2 + 3 * width * inner + 2 * width + biases
    patch = vision.num_channels * vision.patch_size**2 * width + width
    return vision.num_hidden_layers * block + patch + vision.grid**2 * width + 2 * width


def _adapter(config: SailConfig) -> int:
    merged, width = config.vision.hidden_size * config.merge**2, config.hidden_size
    return 2 * merged + merged * width + width + width**2 + width


def _language(config: SailConfig) -> tuple[int, int]:
    """All parameters, and those that compute for one token: of the experts the few that are chosen, no embedding."""
    words: Mapping[str, Any] = config.language
    width, head = config.hidden_size, int(words["head_dim"])
    queries, shared = int(words["num_attention_heads"]) * head, int(words["num_key_value_heads"]) * head
    attention = 2 * width * queries + 2 * width * shared + 2 * head
    table = int(words["vocab_size"]) * width
    layers = int(words["num_hidden_layers"])
    if config.mixture:
        expert = 3 * width * int(words["moe_intermediate_size"])
        router = width * int(words["num_experts"])
        inner, used = router + expert * int(words["num_experts"]), router + expert * int(words["num_experts_per_tok"])
    else:
        inner = used = 3 * width * int(words["intermediate_size"])
    rest = attention + 2 * width
    # The released files hold the head beside the embedding, even where the configuration calls them tied.
    every = layers * (rest + inner) + width + 2 * table
    return every, layers * (rest + used) + table


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: a network on `gpus` of a kind."""

    network: Network
    gpu: Gpu
    gpus: float = 1
    efficiency: Efficiency = Efficiency()

    def __post_init__(self) -> None:
        if self.room <= 0:
            needed = self.network.weight_bytes / (MEMORY_SHARE * self.gpu.memory)
            raise UsageError(
                f"{self.network.weight_bytes / 1e9:.0f} GB of weights do not fit {self.gpus:g} {self.gpu.name} "
                f"({self.gpu.memory / 1e9:.0f} GB each); --gpus-per-worker {int(needed) + 1}"
            )

    @property
    def room(self) -> float:
        """Bytes for the cache."""
        return MEMORY_SHARE * self.gpu.memory * self.gpus - self.network.weight_bytes

    @property
    def _share(self) -> float:
        return self.gpus * (self.efficiency.spread if self.gpus > 1 else 1.0)

    @property
    def flops(self) -> float:
        return self.gpu.flops * self.efficiency.compute * self._share

    @property
    def bandwidth(self) -> float:
        return self.gpu.bandwidth * self.efficiency.bandwidth * self._share

    def rows(self, tokens: float) -> int:
        """How many answers are written together, each with so many tokens of prompt and answer in the cache."""
        return max(1, min(MOST_ROWS, int(self.room / (self.network.cache_bytes * max(1.0, tokens)))))

    def reading(self, tokens: float, tiles: float) -> float:
        """Seconds for the pictures and the prompt of one request."""
        network = self.network
        attention = network.attention_a_token * tokens**2 / 2
        return (tiles * network.tile_flops + 2.0 * network.active * tokens + attention) / self.flops

    def writing(self, tokens_in: float, tokens_out: float) -> float:
        """Seconds of the engine for one request's answer, written in a full batch."""
        network, rows = self.network, self.rows(tokens_in + tokens_out)
        context = tokens_in + tokens_out / 2
        moved = network.weight_bytes + rows * context * network.cache_bytes
        computed = rows * (2.0 * network.active + network.attention_a_token * context)
        return tokens_out * max(moved / self.bandwidth, computed / self.flops) / rows

    def seconds(self, tokens_in: float, tokens_out: float, tiles: float) -> float:
        return self.reading(tokens_in, tiles) + self.writing(tokens_in, tokens_out)
