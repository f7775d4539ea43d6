"""SAIL-VL2 in two halves: tower and adapter in torch here, the language model wherever embeddings are taken.

What the language model is fed is what the bundled engine feeds it; only who computes differs.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from sailbench.errors import SailbenchError
from sailbench.models import catalogue, talks
from sailbench.models.sail import chat
from sailbench.models.sail.chat import Picture, Turn
from sailbench.types import Request, Response

if TYPE_CHECKING:
    from sailbench.models.sail.model import SailVL2
    from sailbench.models.sail.sight import Glance

EMBEDDING = "language_model.model.embed_tokens.weight"
Answered = tuple[Request, Response]


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Token ids, and the features [slots, H] that stand in the place of those from `starts` on."""

    ids: list[int]
    features: tuple[Tensor, ...] = ()
    starts: tuple[int, ...] = ()

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """From where to where each picture's features reach."""
        return [(start, start + len(own)) for start, own in zip(self.starts, self.features, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How an answer is written: at most so many tokens, up to the token `end`. Temperature 0 is greedy."""

    max_tokens: int
    end: int
    temperature: float
    top_p: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The answer to prompt `number`, its end token included; an error is data."""

    number: int
    tokens: Sequence[int] = ()
    error: str | None = None


class Language(Protocol):
    """A language model that reads prompts with features in them and writes many at once."""

    @property
    def engine(self) -> str:
        """What runs it, with its version; the first word becomes part of the model's identity."""
        ...

    def start(self, number: int, prompt: Prompt, how: How) -> None: ...

    def step(self) -> list[Written]:
        """What has been written since; waits a little when nothing has. Raises what it likes when it has died."""
        ...


class Spliced:
    """A SAIL-VL2 that sees with `eyes` and speaks with `language`; at most `window` requests are on their way."""

    def __init__(self, eyes: "SailVL2", language: Language, window: int = 256) -> None:
        self.eyes, self.language, self.window = eyes, language, window
        self.name, self.hardware = eyes.name, eyes.hardware
        self.engine = f"{language.engine}, tower in torch {torch.__version__}"
        self.broken = ""  # what its last step raised

    @property
    def identity(self) -> str:
        return f"{self.eyes.identity}:{self.language.engine.split()[0]}"

    @property
    def failure(self) -> str:
        """Why nothing can be answered any more; empty while the language model's engine lives."""
        return self.broken or str(getattr(self.language, "failure", ""))

    def count_tokens(self, requests: Sequence[Request]) -> int:
        return self.eyes.count_tokens(requests)

    def answer(self, requests: Iterable[Request | None]) -> Iterator[Answered]:
        with ThreadPoolExecutor(max(1, min(16, (os.cpu_count() or 2) // 2)), "open") as pool:
            yield from _Stream(self, iter(requests), pool).answers()


@dataclass(slots=True, eq=False)
class _Exchange:
    """A request on its way: its turns, what it shows, and what has been answered."""

    request: Request
    turns: list[Turn]
    seen: "list[Glance]"
    answers: list[str]
    started: float
    ids: list[int] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    cut: bool = False

    @property
    def done(self) -> bool:
        return len(self.answers) == len(self.turns)

    @property
    def several(self) -> bool:
        return len(self.turns) > 1 or talks.more(self.request)

    def prompt(self, eyes: "SailVL2") -> Prompt:
        """The next turn after the talk so far, laid out as the bundled engine does."""
        slot = eyes.processor.tokenizer.slot
        answers = [chat.hyphenated(chat.unhyphenated(text)) for text in self.answers]
        parts = chat.conversation(self.turns[: len(answers) + 1], answers, talks.system(self.request))
        shown = [self.seen[part.index] for part in parts if isinstance(part, Picture)]
        self.ids = eyes.processor.ids(parts, [glance.slots for glance in self.seen])
        features = tuple(glance.features for glance in shown if glance.features is not None)
        places = [i for i, token in enumerate(self.ids) if token == slot]
        firsts = [sum(len(own) for own in features[:n]) for n in range(len(features))]
        return Prompt(self.ids, features, tuple(places[first] for first in firsts))

    def how(self, eyes: "SailVL2") -> How:
        sampling = self.request.sampling
        return How(
            max_tokens=max(1, min(sampling.max_tokens, eyes.config.max_positions - len(self.ids))),
            end=eyes.processor.tokenizer.end,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=int(self.request.key(f"turn {len(self.answers)}")[:15], 16),
        )

    def take(self, tokens: Sequence[int], eyes: "SailVL2") -> None:
        self.answers.append(eyes.processor.tokenizer.decode(tokens))
        self.tokens_in += len(self.ids)
        self.tokens_out += len(tokens)
        self.cut = self.cut or not tokens or tokens[-1] != eyes.processor.tokenizer.end

    def response(self, error: str | None = None) -> Response:
        own = self.answers[len(talks.given(self.request)) :]
        return Response(
            texts=tuple(chat.unhyphenated(text) for text in own) if self.several else tuple(own),
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            seconds=time.perf_counter() - self.started,
            finish="error" if error else "length" if self.cut else "stop",
            error=error,
        )


class _Stream:
    """Requests between being drawn and being answered."""

    def __init__(self, model: Spliced, requests: Iterator[Request | None], pool: ThreadPoolExecutor) -> None:
        from sailbench.models.sail.sight import Sight

        self._model, self._requests, self._pool = model, requests, pool
        self._eyes, self._language = model.eyes, model.language
        self._sight = Sight(self._eyes.network, self._eyes.processor, self._eyes.budget.tiles)
        self._opening: deque[tuple[Request, Future[_Exchange]]] = deque()
        self._talking: dict[int, _Exchange] = {}
        self._asked = 0
        self._more = True

    def answers(self) -> Iterator[Answered]:
        while True:
            self._draw()
            yield from self._started()
            if self._talking:
                for written in self._stepped():
                    yield from self._heard(written)
            elif not self._opening and not self._more:
                return

    def _draw(self) -> None:
        while self._more and len(self._opening) + len(self._talking) < self._model.window:
            try:
                request = next(self._requests)
            except StopIteration:
                self._more = False
                return
            if request is None:
                return
            self._opening.append((request, self._pool.submit(self._opened, request)))

    def _opened(self, request: Request) -> _Exchange:
        started = time.perf_counter()
        whole = replace(request, turns=(*request.turns, "")) if talks.more(request) else request
        glances = self._sight.look(whole)
        turns = chat.lay_out(whole, [len(seen) for seen in glances])[: len(request.turns)]
        seen = [glance for each in glances for glance in each]
        return _Exchange(request, turns, seen, list(talks.given(request)), started)

    def _started(self) -> Iterator[Answered]:
        """Ask what is open, in the order of the requests; wait for the next one when there is nothing else to do."""
        ready: list[_Exchange] = []
        while self._opening:
            request, opened = self._opening[0]
            if not opened.done() and (self._talking or ready):
                break
            self._opening.popleft()
            try:
                ready.append(opened.result())
            except Exception as error:  # the per-request boundary: foreign decoders raise anything
                yield request, Response(finish="error", error=_told(error))
        for exchange in ready:
            yield from self._ask(exchange)

    def _ask(self, exchange: _Exchange) -> Iterator[Answered]:
        room = self._eyes.config.max_positions
        try:
            self._sight.encode(exchange.seen)
            prompt = exchange.prompt(self._eyes)
            if len(prompt.ids) >= room:
                raise SailbenchError(
                    f"the prompt has {len(prompt.ids)} tokens, and only {room} fit the model's positions"
                )
            self._language.start(self._asked, prompt, exchange.how(self._eyes))
        except Exception as error:  # the per-request boundary: memory that runs out, an engine that refuses
            yield exchange.request, exchange.response(_told(error))
            return
        self._talking[self._asked] = exchange
        self._asked += 1

    def _stepped(self) -> list[Written]:
        try:
            return self._language.step()
        except Exception as error:  # the per-request boundary: an engine that has died fails what it held
            self._model.broken = f"the engine has died: {_told(error)}"
            return [Written(number=number, error=self._model.broken) for number in self._talking]

    def _heard(self, written: Written) -> Iterator[Answered]:
        exchange = self._talking.pop(written.number)
        if written.error is None:
            exchange.take(written.tokens, self._eyes)
        if written.error is not None or exchange.done:
            yield exchange.request, exchange.response(written.error)
        else:
            yield from self._ask(exchange)


def _told(error: Exception) -> str:
    said = str(error) if isinstance(error, SailbenchError) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:500]


def open_eyes(source: str | Path, place: tuple[torch.device, torch.dtype], tokenizer: Path | None = None) -> "SailVL2":
    """A SAIL-VL2 with its tower, adapter and embedding table alone; the language model's layers hold no memory.

    Raises:
        ModelError: the checkpoint is not to be found, incomplete, damaged, or not a SAIL-VL2.
    """
    from sailbench.models.export import checked
    from sailbench.models.sail.model import SHAPING, WORDING, SailVL2
    from sailbench.models.sail.processor import Processor

    folder = catalogue.locate(source)
    words = tokenizer or folder
    processor = Processor.load(folder, words)
    network, tensors = checked(folder, processor.config)
    wanted = {name: stored.file for name, stored in tensors.items() if _is_seeing(name)}
    _fill(network, wanted, place)
    files = [*{stored.file for stored in tensors.values()}, *(folder / name for name in SHAPING)]
    files += [words / name for name in WORDING]
    return SailVL2(network, processor, catalogue.display_name(source), [path for path in files if path.exists()])


def _is_seeing(name: str) -> bool:
    return name == EMBEDDING or not name.startswith("language_model.")


def _fill(network: nn.Module, wanted: Mapping[str, Path], place: tuple[torch.device, torch.dtype]) -> None:
    from safetensors import safe_open

    for path in sorted(set(wanted.values())):
        with safe_open(path, framework="pt") as file:
            for name in (name for name, own in wanted.items() if own == path):
                owner, _, last = name.rpartition(".")
                tensor = file.get_tensor(name).to(*place)
                setattr(network.get_submodule(owner), last, nn.Parameter(tensor, requires_grad=False))
