"""The language model: transformers' Qwen3, dense or mixture of experts, run over embeddings with a growing cache."""

import inspect
from functools import cache as cached
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config
from transformers.models.qwen3.modeling_qwen3 import Qwen3ForCausalLM, Qwen3Model
from transformers.models.qwen3_moe.configuration_qwen3_moe import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeForCausalLM

from sailbench.models.sail.config import SailConfig


def language_model(config: SailConfig) -> nn.Module:
    """With a head of its own: whether it is tied to the embedding is known only when the weights are seen."""
    values = {**config.language, "rope_parameters": dict(config.rope), "tie_word_embeddings": False}
    kinds = (Qwen3MoeConfig, Qwen3MoeForCausalLM) if config.mixture else (Qwen3Config, Qwen3ForCausalLM)
    model: nn.Module = kinds[1](kinds[0](**values, attn_implementation="sdpa"))
    return model


def restore_rotary(model: Any, device: torch.device) -> None:
    """Make the rotary frequencies anew: they are in no checkpoint, and a model built without memory has none.

    They stay float32 whatever the model's type; rounded to bfloat16 they shift far positions.
    """
    with torch.device(device):
        model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)


@cached
def _cache_keyword() -> str:
    """transformers renamed past_key_values to cache in 5.24, and warns of the old name."""
    return "cache" if "cache" in inspect.signature(Qwen3Model.forward).parameters else "past_key_values"


class Decoder:
    """Sequences being read and written together: their keys and values, and which positions are real.

    Rows are padded on the right when they are read, so that every query sees at least one key; what is written
    comes after the longest row's end, and the mask hides the gap.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model: Any = model
        self._cache = DynamicCache(config=self._model.config)
        self._mask: Tensor | None = None  # [B, positions so far], True where real; None when no row is padded
        self._next = torch.empty(0)  # [B] the position of each row's next token

    def read(self, rows: list[Tensor]) -> Tensor:
        """Prompts [T_i, D] to the logits of each one's next token [B, V]."""
        lengths = [len(row) for row in rows]
        embeds = nn.utils.rnn.pad_sequence(rows, batch_first=True)  # [B, T, D]
        self._next = torch.tensor(lengths, device=embeds.device)
        if min(lengths) < max(lengths):
            self._mask = torch.arange(max(lengths), device=embeds.device) < self._next[:, None]
        hidden = self._run(embeds, None)
        return self._logits(hidden[torch.arange(len(rows), device=embeds.device), self._next - 1])

    def write(self, tokens: Tensor) -> Tensor:
        """One more token a row [B] to the logits of the next [B, V]."""
        if self._mask is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(len(tokens), 1)], dim=1)
        hidden = self._run(self._model.model.embed_tokens(tokens)[:, None], self._next[:, None])
        self._next = self._next + 1
        return self._logits(hidden[:, 0])

    def keep(self, rows: list[int]) -> None:
        """Let the other rows go."""
        kept = torch.tensor(rows, device=self._next.device)
        self._cache.batch_select_indices(kept)
        self._next = self._next[kept]
        self._mask = None if self._mask is None else self._mask[kept]

    def _run(self, embeds: Tensor, positions: Tensor | None) -> Tensor:
        memory = {_cache_keyword(): self._cache}
        out = self._model.model(
            inputs_embeds=embeds, attention_mask=self._mask, position_ids=positions, use_cache=True, **memory
        )
        hidden: Tensor = out.last_hidden_state
        return hidden

    def _logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self._model.lm_head(hidden)
        return logits.float()
