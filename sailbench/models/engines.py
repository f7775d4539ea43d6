"""From what `--model` names to a model that answers: the catalogue, a checkpoint's folder or hub id, or a fake."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sailbench.errors import ModelError
from sailbench.models import catalogue
from sailbench.models.base import Model
from sailbench.types import Request

if TYPE_CHECKING:
    from sailbench.models.sail import SailVL2

# Below this many parameters one CPU thread is faster than several.
SMALL = 100_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The model a run was told to use. `name` is its results folder, by default what `spec` says.

    `url`, `key` and `concurrency` are those of a server, for `openai:MODEL`; the bundled model's engine computes at
    most `batch_tokens` a step, in batches that are the same in every run where `deterministic`, in `workers` processes,
    and measures its stages exactly where `profile`.
    """

    spec: str
    name: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    offline: bool = False
    url: str = ""
    key: str = field(default="", repr=False)
    concurrency: int = 16
    batch_tokens: int | None = None
    deterministic: bool = False
    workers: int | None = None
    profile: bool = False


@runtime_checkable
class CountsTokens(Protocol):
    """A model that can tell a prompt's length from media headers alone."""

    def count_tokens(self, requests: Sequence[Request]) -> int: ...


def check(choice: Choice) -> None:
    """Raise ModelError for a name that stands for nothing, before data or weights are read."""
    kind, _, named = choice.spec.partition(":")
    if kind == "openai":
        from sailbench.models.remote import check_url

        check_url(choice.url)
        if not named:
            raise ModelError("openai: names no model; give it like openai:gpt-4o-mini")
    elif kind != "fake":
        catalogue.check(choice.spec.removeprefix("local:"))


def load(choice: Choice) -> Model:
    """The model of a choice.

    `openai:MODEL` is one behind an OpenAI-compatible server, `local:PATH` a checkpoint by its path alone; `fake`
    answers "A" at once, `fake:TEXT` answers TEXT.
    """
    kind, _, named = choice.spec.partition(":")
    if kind == "fake":
        from sailbench.models.fake import Fake

        return Fake(named or "A", choice.name or "fake")
    if kind == "openai":
        from sailbench.models.remote import Endpoint, Remote

        endpoint = Endpoint(url=choice.url, model=named, key=choice.key, concurrency=choice.concurrency)
        return Remote(endpoint, choice.name or named)
    return _bundled(replace(choice, spec=choice.spec.removeprefix("local:")))


def _bundled(choice: Choice) -> Model:
    """The bundled model: one engine a GPU, or for a small model on a CPU one a core; else one in this process."""
    import torch

    model = loaded(choice)
    gpus = torch.cuda.device_count() if model.hardware and choice.device in ("auto", "cuda") else 0
    small = model.parameters < SMALL and not model.hardware
    if small:
        # Layers this small wait for their threads longer than they compute, ten times on a busy machine.
        torch.set_num_threads(1)
    most = gpus if model.hardware else min(8, len(os.sched_getaffinity(0))) if small else 1
    workers = 1 if choice.deterministic else choice.workers or most
    if workers == 1:
        return model
    from sailbench.models.fleet import Fleet

    if not model.hardware:
        model.network.prepare()
        return Fleet(model, [partial(_itself, model)] * workers, forked=True)
    places = [f"cuda:{i % gpus}" if gpus else choice.device for i in range(workers)]
    return Fleet(model.description(), [partial(loaded, replace(choice, device=p)) for p in places], forked=False)


def loaded(choice: Choice) -> "SailVL2":
    """The bundled model in this process."""
    from sailbench.models.sail import SailVL2
    from sailbench.models.sail.budget import Budget, Clock

    folder = catalogue.locate(choice.spec, choice.offline)
    model = SailVL2.load(folder, device=choice.device, dtype=choice.dtype)
    model.name = choice.name or catalogue.display_name(choice.spec)
    model.budget, model.clock = Budget(tokens=choice.batch_tokens, fixed=choice.deterministic), Clock(choice.profile)
    return model


def _itself(model: "SailVL2") -> "SailVL2":
    return model


def profile(model: Model) -> Sequence[str]:
    """Where the time went, a line a stage; nothing for a model that does not say."""
    seconds: dict[str, float] = getattr(getattr(model, "clock", model), "seconds", {})
    return [f"{spent:8.1f} s  {stage}" for stage, spent in sorted(seconds.items(), key=lambda pair: -pair[1])]


def thinks(choice: Choice) -> bool | None:
    """Whether the model is asked to reason unless told otherwise; None where that is not known."""
    entry = catalogue.entry(choice.spec)
    return entry.thinking if entry else None


def count_tokens(model: Model, requests: Sequence[Request]) -> int | None:
    """The prompt tokens of all requests, or None for a model that cannot tell."""
    return model.count_tokens(requests) if isinstance(model, CountsTokens) else None
