"""Which turns are computed next: rows fill up as they become free, and nothing that prompts share is computed twice."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sailbench.models.sail.budget import Clock, Limits
from sailbench.models.sail.cache import BLOCK, Beginning, Stems, longest
from sailbench.models.sail.decode import BROKEN, Decoder, Prompt, Row, Sampler
from sailbench.models.sail.device import give_back, out_of_memory
from sailbench.models.sail.sight import Glance, Sight
from sailbench.models.sail.talk import Talk, told
from sailbench.models.talks import gone, more

if TYPE_CHECKING:
    from sailbench.models.sail.model import SailVL2


@dataclass(slots=True)
class Load:
    """What the running turns take: rows, tokens still to be read, positions of the cache when they have ended."""

    rows: int = 0
    unread: int = 0
    positions: int = 0
    alone: bool = False

    def fits(self, talk: Talk, limits: Limits) -> bool:
        """Whether there is room for one more; a first one always has it."""
        full = self.rows >= limits.rows or self.unread >= limits.tokens
        much = self.positions + _need(talk) > limits.positions
        return not self.rows or not (full or much or talk.alone or self.alone)

    def add(self, talk: Talk, unread: int) -> None:
        self.rows, self.unread, self.positions = self.rows + 1, self.unread + unread, self.positions + _need(talk)
        self.alone = self.alone or talk.alone


class Scheduler:
    """Turns that wait and turns that are written, in steps; a turn whose beginning is being read waits for it."""

    def __init__(self, model: "SailVL2", sight: Sight, clock: Clock) -> None:
        self._model, self._sight, self._clock = model, sight, clock
        self._decoder = Decoder(model.network.language_model, model.processor.tokenizer.end)
        self.limits = model.budget.sized(self._decoder.shape)
        self._stems = Stems(self.limits.positions // 4)
        self._waiting: deque[Talk] = deque()
        self._running: list[Talk] = []
        self._usual: Limits | None = None  # while a turn that fits nowhere else has less at once
        self._crowded = False  # there was no room for more when last tried; tried again when a row has ended

    def __len__(self) -> int:
        return len(self._waiting) + len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, talk: Talk) -> None:
        """Queue the talk's turn; one that cannot fit has an error instead."""
        model_room, cache_room = self._model.config.max_positions, self.limits.positions
        if len(talk.ids) >= min(model_room, cache_room):
            whose = "the model's positions" if model_room <= cache_room else "the cache"
            talk.error = f"the prompt has {len(talk.ids)} tokens, and only {min(model_room, cache_room)} fit {whose}"
        else:
            self._waiting.append(talk)

    @torch.inference_mode()
    def step(self) -> list[Talk]:
        """Compute once. Returns the talks whose turn has been answered, or has failed."""
        if not (self._crowded and self._running):
            failure = _failure(self._admit)
            if failure is not None and not self._running:
                return self._refused(failure)
            if failure is not None:  # those that run are not to blame, and go on
                self._relieve(failure)
                self._crowded = True
        ended: set[int] = set()
        failure = _failure(lambda: ended.update(map(id, self._written())))
        if failure is None:
            return self._ended(ended)
        return self._parted(failure)

    def pieces(self) -> Iterator[tuple[Talk, str]]:
        """What is new of the answers that are listened to."""
        return ((talk, piece) for talk in self._running if (piece := talk.piece()))

    def release(self) -> list[Talk]:
        """Let go what nobody waits for any more; what is written of it by now is its answer."""
        unheard = [talk for talk in (*self._running, *self._waiting) if gone(talk.request)]
        for talk in unheard:
            if talk.row is None:
                self._waiting.remove(talk)
            elif talk.row.tokens:
                talk.take(talk.row.tokens, self._model.processor)
            talk.error = None if talk.done else "nobody waits for the answer any more"
        if unheard:
            self._leave(unheard)
        return unheard

    def forget_waiting(self) -> None:
        """Start nothing more."""
        self._waiting.clear()

    def _written(self) -> list[Row]:
        with self._clock.stage("language"):
            return self._decoder.step(self.limits.tokens)

    def _admit(self) -> None:
        chosen = self._chosen()
        needed = [glance for talk, _, shared in chosen for glance, _ in _pictures_after(talk, shared)]
        with self._clock.stage("vision"):
            self._sight.encode(needed)
        with self._clock.stage("embedding"):
            # Rows of about one length side by side attend together.
            for talk, stem, shared in sorted(chosen, key=lambda one: len(one[0].ids) - one[2]):
                talk.row = self._decoder.start(self._prompt(talk, stem, shared))
                if talk.pictures_end > shared:  # the next question about them may come when this one is answered
                    talk.wanted = talk.pictures_end
                self._waiting.remove(talk)
                self._running.append(talk)

    def _chosen(self) -> list[tuple[Talk, Beginning | None, int]]:
        """The waiting turns that there is room for, each with what is already computed of its beginning."""
        load = self._load()
        if not self._waiting or not load.fits(self._waiting[0], self.limits):
            return []
        # Rows that are read lend what they hold; what is still being read, in this step too, is waited for.
        running = sorted(self._running, key=lambda talk: not _unread(talk))
        known = {link: talk for talk in running for link in talk.marks.chain}
        chosen: list[tuple[Talk, Beginning | None, int]] = []
        for talk in self._waiting:
            if not load.fits(talk, self.limits):
                break
            stem, shared = self._stems.find(talk.marks)
            leader, coming = longest(known, talk.marks)
            if leader is not None and coming >= shared + BLOCK:
                if leader.row is None or leader.row.unread:
                    leader.wanted = max(leader.wanted, coming)
                    continue
                stem, shared = Beginning(leader.marks, leader.row.place.kept(coming)), coming
            chosen.append((talk, stem, shared))
            known.update(dict.fromkeys(talk.marks.chain, talk))
            load.add(talk, len(talk.ids) - shared)
        return chosen

    def _load(self) -> "Load":
        load = Load()
        for talk in self._running:
            load.add(talk, _unread(talk))
        return load

    def _prompt(self, talk: Talk, stem: Beginning | None, shared: int) -> Prompt:
        features: list[Tensor] = []
        for glance, skipped in _pictures_after(talk, shared):
            assert glance.features is not None
            features.append(glance.features[skipped:])
        network, slot = self._model.network, self._model.processor.tokenizer.slot
        embeds = network.embed(talk.ids[shared:], features, slot)
        most = min(talk.request.sampling.max_tokens, self._model.config.max_positions - len(talk.ids))
        sampler = Sampler.of(talk.request, len(talk.answers))
        return Prompt(embeds, max(1, most), sampler, (stem, shared) if stem is not None and shared else None)

    def _ended(self, ended: set[int]) -> list[Talk]:
        """Keep the stems that others wait for, and let the rows that have ended go."""
        done = [talk for talk in self._running if id(talk.row) in ended]
        for talk in self._running:
            if talk.wanted and talk.row is not None and not talk.row.unread and not talk.row.broken:
                self._stems.keep(talk.marks.values[: talk.wanted], talk.row.place.kept(talk.wanted))
                talk.wanted = 0
        for talk in done:
            assert talk.row is not None
            if talk.row.broken:
                talk.error = BROKEN
                continue
            if len(talk.answers) + 1 < len(talk.turns) or more(talk.request):
                values = (*talk.marks.values, *talk.row.tokens[:-1])
                self._stems.keep(values, talk.row.place.kept(len(values)))
            talk.take(talk.row.tokens, self._model.processor)
        self._leave(done)
        self._crowded = self._crowded and not done
        return done

    def _leave(self, talks: Sequence[Talk]) -> None:
        self._decoder.drop([talk.row for talk in talks if talk.row is not None])
        for talk in talks:
            talk.row = None
        self._running = [talk for talk in self._running if talk.row is not None]
        if self._usual is not None and not self._running:
            self._limit(self._usual)
            self._usual = None

    def _relieve(self, failure: "Failure") -> None:
        """Give back the memory that nothing running needs; after it ran out, less is done at once from now on."""
        self._stems.clear()
        if failure.ran_out:
            self._limit(self.limits.halved())
        self._decoder.release()
        give_back()

    def _refused(self, failure: "Failure") -> list[Talk]:
        """The first waiting turn could not even be started: it is tried alone, and has the error if that fails too."""
        talk = self._waiting[0]
        if not talk.alone:
            talk.alone = True
            self._relieve(failure)
            return []
        if self._squeezed(failure):
            return []
        talk.error = failure.said
        self._waiting.popleft()
        self._leave([talk])
        return [talk]

    def _squeezed(self, failure: "Failure") -> bool:
        """Whether a turn that is alone can be tried with still less at once. Those after it have what was usual."""
        if not failure.ran_out or self.limits.least:
            return False
        self._usual = self._usual or self.limits
        self._relieve(failure)
        return True

    def _limit(self, limits: Limits) -> None:
        self.limits, self._sight.at_once = limits, limits.tiles

    def _parted(self, failure: "Failure") -> list[Talk]:
        """After a step that failed: half of the rows go on, or each is tried alone; what fails alone has that error."""
        if len(self._running) == 1:
            (talk,) = self._running
            talk.alone = True
            if self._squeezed(failure):
                return []
            talk.error = failure.said
            self._leave([talk])
            self._relieve(replace(failure, ran_out=False))
            return [talk]
        back = self._running[len(self._running) // 2 :] if failure.ran_out else list(self._running)
        self._leave(back)
        for talk in reversed(back):
            talk.alone = talk.alone or not failure.ran_out
            self._waiting.appendleft(talk)
        self._relieve(failure)
        return []


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be computed. Not the exception, which holds on to the memory that ran out."""

    said: str
    ran_out: bool


def _failure(compute: Callable[[], object]) -> Failure | None:
    try:
        compute()
    except (RuntimeError, MemoryError) as error:
        return Failure(told(error), out_of_memory(error))
    return None


def _need(talk: Talk) -> int:
    return len(talk.ids) + talk.request.sampling.max_tokens


def _unread(talk: Talk) -> int:
    return talk.row.unread if talk.row is not None else 0


def _pictures_after(talk: Talk, shared: int) -> list[tuple[Glance, int]]:
    """The pictures that reach beyond the first `shared` positions, and how many slots of each are before that."""
    behind = sum(value < 0 for value in talk.marks.values[:shared])
    rest: list[tuple[Glance, int]] = []
    for glance in talk.pictures:
        skipped = min(behind, glance.slots)
        behind -= skipped
        if skipped < glance.slots:
            rest.append((glance, skipped))
    return rest
