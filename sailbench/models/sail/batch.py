"""Requests in windows: opened, encoded, grouped by length and answered together, each ending in one response."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from sailbench.errors import MediaError, SailbenchError
from sailbench.models.sail import chat
from sailbench.models.sail.chat import Picture, Turn
from sailbench.models.sail.decode import Prompt, Sampler, write
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.sight import Seen, Sight
from sailbench.types import Request, Response

if TYPE_CHECKING:
    from sailbench.models.sail.model import SailVL2


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is done at once: requests drawn, positions held in the cache, rows decoded, tiles encoded."""

    window: int = 64
    positions: int = 65536
    rows: int = 64
    tiles: int = 16


@dataclass(slots=True, eq=False)
class Talk:
    """A request on its way: its turns, what has been answered, and the prompt of the turn that is next."""

    request: Request
    turns: list[Turn]
    seen: list[Seen]
    answers: list[str] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    pictures: list[Seen] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    cut: bool = False
    error: str | None = None

    @property
    def done(self) -> bool:
        return self.error is not None or len(self.answers) == len(self.turns)

    def response(self) -> Response:
        texts = [chat.unhyphenated(text) for text in self.answers] if len(self.turns) > 1 else self.answers
        return Response(
            texts=tuple(texts),
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            seconds=self.seconds,
            finish="error" if self.error is not None else "length" if self.cut else "stop",
            error=self.error,
        )


def answer(model: "SailVL2", requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
    """Each request once, with its response; one that fails has an error, and the others go on."""
    drawn = iter(requests)
    while window := list(islice(drawn, model.budget.window)):
        sight = Sight(model.network, model.processor, model.budget.tiles)
        talks: list[Talk] = []
        for request in window:
            started = time.perf_counter()
            try:
                talks.append(_open(model, request, sight))
                talks[-1].seconds = time.perf_counter() - started
            except Exception as error:  # the per-request boundary: foreign decoders raise anything
                yield request, _failed(error)
        yield from _converse(model, talks, sight)


def _open(model: "SailVL2", request: Request, sight: Sight) -> Talk:
    glances = sight.look(request)
    turns = chat.lay_out(request, [len(seen) for seen in glances])
    model.neutralised += sum(model.processor.tokenizer.specials_in(turn) for turn in request.turns)
    return Talk(request, turns, [seen for each in glances for seen in each])


def prompt_tokens(processor: Processor, request: Request) -> int:
    """The length of a request's prompt from the headers of its images; 0 where one cannot be opened."""
    from sailbench import media

    side = processor.config.image_size  # of a video's frames, which are one tile each whatever their size
    try:
        sizes = [(side, side) if m.kind == "video" else media.image_size(m) for m in request.media]
        return processor.prompt_tokens(request, sizes)
    except MediaError:
        return 0


def _failed(error: Exception) -> Response:
    # Our own errors are sentences; others need their kind to be understood.
    said = str(error) if isinstance(error, SailbenchError) else f"{type(error).__name__}: {error}"
    return Response(finish="error", error=" ".join(said.split()))


def _converse(model: "SailVL2", talks: list[Talk], sight: Sight) -> Iterator[tuple[Request, Response]]:
    """Turn after turn until every talk is done; what is done is handed on after each group."""
    while talks:
        for talk in talks:
            _ask(model, talk)
        yield from ((talk.request, talk.response()) for talk in talks if talk.done)
        asked = [talk for talk in talks if not talk.done]
        for group in groups(asked, model.budget):
            _answer_group(model, group, sight)
            yield from ((talk.request, talk.response()) for talk in group if talk.done)
        talks = [talk for talk in asked if not talk.done]


def _ask(model: "SailVL2", talk: Talk) -> None:
    """Lay out the next turn after the talk so far; the model is given its own answers as the history."""
    answers = [chat.hyphenated(chat.unhyphenated(text)) for text in talk.answers]
    parts = chat.conversation(talk.turns[: len(answers) + 1], answers)
    talk.pictures = [talk.seen[part.index] for part in parts if isinstance(part, Picture)]
    talk.ids = model.processor.ids(parts, [seen.slots for seen in talk.seen])
    room = min(model.config.max_positions, model.budget.positions)
    if len(talk.ids) >= room:
        talk.error = f"the prompt has {len(talk.ids)} tokens, and only {room} fit"


def groups(talks: Sequence[Talk], budget: Budget) -> Iterator[list[Talk]]:
    """Talks of similar length, the longest first, as many as fit the budget with their longest answers."""
    group: list[Talk] = []
    reach = 0
    for talk in sorted(talks, key=lambda talk: -len(talk.ids)):
        longest = max(reach, len(talk.ids) + talk.request.sampling.max_tokens)
        apart = group and len(group[0].ids) > 2 * len(talk.ids) + 256
        if group and (apart or len(group) == budget.rows or longest * (len(group) + 1) > budget.positions):
            yield group
            group, longest = [], len(talk.ids) + talk.request.sampling.max_tokens
        group.append(talk)
        reach = longest
    if group:
        yield group


def _answer_group(model: "SailVL2", group: list[Talk], sight: Sight) -> None:
    """Answer a turn of each; a group that is too much for the device is tried again one by one."""
    waiting, failure = list(group), None
    try:
        prompts = [_prompt(model, talk, sight) for talk in group]
        started = time.perf_counter()
        for row, ids in write(model.network.language_model, prompts, model.processor.tokenizer.end):
            _take(model, group[row], ids, time.perf_counter() - started)
            waiting.remove(group[row])
    except RuntimeError as error:
        failure = _failed(error).error
    # Outside the handler: the exception holds on to the memory that ran out.
    if failure and len(group) == 1:
        group[0].error = failure
    elif failure:
        for talk in waiting:
            _answer_group(model, [talk], sight)


def _prompt(model: "SailVL2", talk: Talk, sight: Sight) -> Prompt:
    features = [sight.features(seen) for seen in talk.pictures]
    embeds = model.network.embed(talk.ids, features, model.processor.tokenizer.slot)
    most = min(talk.request.sampling.max_tokens, model.config.max_positions - len(talk.ids))
    return Prompt(embeds, max(1, most), Sampler.of(talk.request, len(talk.answers)))


def _take(model: "SailVL2", talk: Talk, ids: list[int], seconds: float) -> None:
    talk.answers.append(model.processor.tokenizer.decode(ids))
    talk.tokens_in += len(talk.ids)
    talk.tokens_out += len(ids)
    talk.seconds += seconds
    talk.cut = talk.cut or ids[-1] != model.processor.tokenizer.end
