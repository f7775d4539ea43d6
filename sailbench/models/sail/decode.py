"""Writing answers: several prompts read together, then a token a row and step until each row has ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sailbench.models.sail.language import Decoder
from sailbench.types import Request


@dataclass(frozen=True, slots=True, eq=False)
class Sampler:
    """Draws tokens from the most likely ones that hold `top_p` of the probability, with its own generator."""

    temperature: float
    top_p: float
    generator: torch.Generator

    @classmethod
    def of(cls, request: Request, turn: int) -> "Sampler | None":
        """None for greedy decoding. The seed comes from the request alone: its seed, draw, content and the turn."""
        sampling = request.sampling
        if sampling.temperature <= 0:
            return None
        seed = int(request.key(f"turn {turn}")[:15], 16)
        return cls(sampling.temperature, sampling.top_p, torch.Generator().manual_seed(seed))

    def draw(self, logits: Tensor) -> int:
        """A token from a row of logits [V]."""
        likely, tokens = torch.softmax(logits.float().cpu() / self.temperature, -1).sort(descending=True, stable=True)
        before = likely.cumsum(-1) - likely
        likely[before >= self.top_p] = 0
        likely[0] = likely[0].clamp_min(1e-20)  # top_p 0 leaves the likeliest
        return int(tokens[torch.multinomial(likely, 1, generator=self.generator)])


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Embeddings [T, H] to be continued by at most `max_tokens` tokens."""

    embeds: Tensor
    max_tokens: int
    sampler: Sampler | None = None


@torch.inference_mode()
def write(model: nn.Module, prompts: Sequence[Prompt], stop: int) -> Iterator[tuple[int, list[int]]]:
    """Which prompt has ended, and its tokens, as each ends; `stop` is kept as the last token where it was reached."""
    decoder = Decoder(model)
    rows = list(range(len(prompts)))
    written: list[list[int]] = [[] for _ in prompts]
    logits = decoder.read([prompt.embeds for prompt in prompts])
    while rows:
        for row, token in zip(rows, choose(logits, [prompts[row].sampler for row in rows]), strict=True):
            written[row].append(token)
        going = [r for r in rows if written[r][-1] != stop and len(written[r]) < prompts[r].max_tokens]
        yield from ((row, written[row]) for row in rows if row not in going)
        if 0 < len(going) < len(rows):
            decoder.keep([i for i, row in enumerate(rows) if row in going])
        rows = going
        if rows:
            logits = decoder.write(torch.tensor([written[row][-1] for row in rows], device=logits.device))


def choose(logits: Tensor, samplers: Sequence[Sampler | None]) -> list[int]:
    """The next token of each row [B, V]: the likeliest, or a drawn one."""
    likeliest: list[int] = logits.argmax(-1).tolist()
    return [
        best if sampler is None else sampler.draw(row)
        for row, best, sampler in zip(logits, likeliest, samplers, strict=True)
    ]
