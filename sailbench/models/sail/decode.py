"""Writing answers: rows of many lengths read and written in shared steps, each leaving when it has ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from sailbench.models.sail.attention import Batch, Span
from sailbench.models.sail.cache import Beginning, Lanes, Place, Shape
from sailbench.models.sail.device import sent
from sailbench.models.sail.graphs import Stills
from sailbench.models.sail.language import Layers
from sailbench.types import Request

BROKEN = "the model gives no numbers: its logits are NaN or infinite"


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
    """Embeddings [T, H] to be continued by at most `max_tokens` tokens; `stem` is what was computed before them."""

    embeds: Tensor
    max_tokens: int
    sampler: Sampler | None = None
    stem: tuple[Beginning, int] | None = None

    @property
    def positions(self) -> int:
        return len(self.embeds) + (self.stem[1] if self.stem else 0)


@dataclass(slots=True, eq=False)
class Row:
    """A prompt of `positions` on its way, and the tokens written so far; `broken` once its logits were no numbers."""

    prompt: Prompt
    place: Place
    positions: int
    tokens: list[int] = field(default_factory=list)
    broken: bool = False

    @property
    def unread(self) -> int:
        """How many of the prompt's positions are still to be computed."""
        return max(0, self.positions - self.place.length)


class Decoder:
    """Rows being read and written together, a step at a time."""

    def __init__(self, model: nn.Module, stop: int) -> None:
        self.layers = Layers.of(model)
        layers = self.layers
        self.shape = Shape(len(layers), layers.kv_heads, layers.width, layers.dtype, layers.device)
        self.lanes = Lanes(self.shape)
        self.rows: list[Row] = []
        self.stop = stop
        self.stills = Stills.of(layers)

    @torch.inference_mode()
    def start(self, prompt: Prompt) -> Row:
        """A row for the prompt, its stem in place; it is read in the next steps."""
        place = self.lanes.enter(prompt.positions + min(prompt.max_tokens, 64))
        if prompt.stem is not None:
            beginning, place.length = prompt.stem
            place.kept(place.length).copy_(beginning.tensor[:, :, : place.length])
        self.rows.append(Row(prompt, place, prompt.positions))
        return self.rows[-1]

    @torch.inference_mode()
    def step(self, tokens: int = 1 << 30) -> list[Row]:
        """Write a token of each row that is read, and read the others, `tokens` in all at most. Returns the ended."""
        writing, hidden, computed = self._still() or self._packed(tokens)
        samplers = [row.prompt.sampler for row in writing]
        chosen = choose(self.layers.logits(hidden), samplers) if writing else []
        # Only now: whatever fails before, memory above all, leaves every row as it was before the step.
        for span in computed:
            span.place.length += span.tokens
        for row, token in zip(writing, chosen, strict=True):
            if token is None:
                row.broken = True
            else:
                row.tokens.append(token)
        return [row for row in self.rows if row.broken or (row.tokens and self._ended(row))]

    @torch.inference_mode()
    def drop(self, rows: Sequence[Row]) -> None:
        """Free the places of rows."""
        for row in rows:
            if row.broken:  # the next row in this place must not meet what is no number: masks cannot hide it
                row.place.kept(row.place.length).zero_()
        gone = set(map(id, rows))
        self.rows = [row for row in self.rows if id(row) not in gone]
        self.lanes.leave([row.place for row in rows])

    def release(self) -> None:
        """Give back the memory that no row needs."""
        self.lanes.release()
        self.stills.clear()

    def _packed(self, tokens: int) -> tuple[list[Row], Tensor, Sequence[Span]]:
        """The rows that write, the last layer's states [n, H] before their next tokens, and all that was computed."""
        spans = self._spans(tokens)
        batch = Batch.of(spans, self.layers)
        hidden = self.layers.run(self._inputs(batch.spans), batch.positions, batch.attend)
        read = [span.row.unread <= span.tokens for span in batch.spans]
        writing = [span.row for span, whole in zip(batch.spans, read, strict=True) if whole]
        ends = [end - 1 for end, whole in zip(batch.ends, read, strict=True) if whole]
        return writing, hidden[sent(ends, hidden.device)], batch.spans

    def _still(self) -> tuple[list[Row], Tensor, Sequence[Span]] | None:
        """The same by steps of fixed sizes, a lane at a time; None while prompts are read."""
        if not self.rows or any(row.unread for row in self.rows):
            return None
        self._grow([(row, 1) for row in self.rows])
        writing: list[Row] = []
        states: list[Tensor] = []
        for lane in self.lanes:
            own = sorted((row for row in self.rows if row.place.lane is lane), key=lambda row: row.place.slot)
            seen = self.stills.step(lane, [row.tokens[-1] for row in own], [row.place.length for row in own])
            writing += own
            states.append(seen)
        spans = [Span(row, row.place, 1) for row in writing]
        return writing, states[0] if len(states) == 1 else torch.cat(states), spans

    def _ended(self, row: Row) -> bool:
        return row.tokens[-1] == self.stop or len(row.tokens) >= row.prompt.max_tokens

    def _spans(self, tokens: int) -> list[Span]:
        """What each row computes next: rows that are read one token, the others in order what is left of the budget."""
        left = max(1, tokens - sum(not row.unread for row in self.rows))
        counts: list[tuple[Row, int]] = []
        for row in self.rows:
            unread = row.unread
            count = min(unread, left) if unread else 1
            left -= count if unread else 0
            if count:
                counts.append((row, count))
        self._grow(counts)
        return [Span(row, row.place, count) for row, count in counts]

    def _grow(self, counts: Sequence[tuple[Row, int]]) -> None:
        """Move rows that outgrow their lanes."""
        left: list[Place] = []
        try:
            for row, count in counts:
                place = row.place
                if place.length + count > place.lane.capacity:
                    row.place = self.lanes.grown(place, place.length + count)
                    left.append(place)
        finally:  # also when there is no memory for all of them: a lane has no places without a row
            self.lanes.leave(left)

    def _inputs(self, spans: Sequence[Span]) -> Tensor:
        """[N, H]: a slice of the prompt or the embedding of the last token of each span."""
        last = [span.row.tokens[-1] for span in spans if not span.row.unread]
        written = iter(self.layers.embed(sent(last, self.layers.device))[:, None] if last else ())
        pieces: list[Tensor] = []
        for span in spans:
            row = span.row
            start = span.place.length - (row.positions - len(row.prompt.embeds))
            pieces.append(row.prompt.embeds[start : start + span.tokens] if row.unread else next(written))
        return torch.cat(pieces)


@torch.inference_mode()
def write(model: nn.Module, prompts: Sequence[Prompt], stop: int) -> Iterator[tuple[int, list[int]]]:
    """Which prompt has ended, and its tokens, as each ends; `stop` is kept as the last token where it was reached.

    Raises FloatingPointError where the model gives no numbers.
    """
    decoder = Decoder(model, stop)
    number = {id(decoder.start(prompt)): i for i, prompt in enumerate(prompts)}
    while decoder.rows:
        ended = decoder.step()
        decoder.drop(ended)
        if any(row.broken for row in ended):
            raise FloatingPointError(BROKEN)
        yield from ((number[id(row)], row.tokens) for row in ended)


def choose(logits: Tensor, samplers: Sequence[Sampler | None]) -> list[int | None]:
    """The next token of each row [B, V]: the likeliest, or a drawn one; None where the logits are no numbers."""
    best = logits.argmax(-1, keepdim=True)  # a NaN counts as the largest
    likeliest = torch.where(logits.gather(-1, best).isfinite(), best, -1)[:, 0].tolist()
    return [
        None if token < 0 else token if sampler is None else sampler.draw(row)
        for row, token, sampler in zip(logits, likeliest, samplers, strict=True)
    ]
