"""From what `--model` names to a model that answers: the catalogue, a checkpoint's folder or hub id, or a fake."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sailbench.errors import ModelError, did_you_mean
from sailbench.models import catalogue
from sailbench.models.base import Model
from sailbench.types import Request

if TYPE_CHECKING:
    from sailbench.models.sail import SailVL2
    from sailbench.models.sail.model import Description

# Who computes, and the packages that it needs besides our own.
ENGINES = {"torch": (), "hf": (), "lmdeploy": ("lmdeploy",), "vllm": ("vllm",)}
# Below this many parameters one CPU thread is faster than several.
SMALL = 100_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """The model a run was told to use. `name` is its results folder, by default what `spec` says.

    `url`, `key` and `concurrency` are those of a server, for `openai:MODEL`; the bundled model's engine computes at
    most `batch_tokens` a step, in batches that are the same in every run where `deterministic`, in `workers` processes,
    and measures its stages exactly where `profile`. `engine` is who computes, a name of `ENGINES` or "remote:URL".
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
    engine: str = "torch"
    tensor_parallel: int = 1


@runtime_checkable
class CountsTokens(Protocol):
    """A model that can tell a prompt's length from media headers alone."""

    def count_tokens(self, requests: Sequence[Request]) -> int: ...


def _spelled(choice: Choice) -> Choice:
    """`--engine remote:URL --model NAME` is another spelling of `--model openai:NAME --url URL`."""
    kind, _, url = choice.engine.partition(":")
    if kind != "remote":
        return choice
    named = choice.spec.removeprefix("openai:")
    return replace(choice, spec=f"openai:{named}", url=url or choice.url, engine="torch")


def check(choice: Choice) -> None:
    """Raise ModelError for a name that stands for nothing, before data or weights are read."""
    choice = _spelled(choice)
    if choice.engine not in ENGINES:
        raise ModelError(f"there is no engine {choice.engine!r}{did_you_mean(choice.engine, [*ENGINES, 'remote:URL'])}")
    for package in ENGINES[choice.engine]:
        if find_spec(package) is None:
            raise ModelError(
                f"--engine {choice.engine} needs the package {package}; pip install 'sailbench[{choice.engine}]'"
            )
    kind, _, named = choice.spec.partition(":")
    if kind == "openai":
        from sailbench.models.remote import check_key, check_near, check_url

        check_url(choice.url)
        if choice.offline:
            check_near(choice.url)
        check_key(choice.key)
        if not named:
            raise ModelError("openai: names no model; give it like openai:gpt-4o-mini")
    elif kind != "fake":
        catalogue.check(choice.spec.removeprefix("local:"))


def load(choice: Choice) -> Model:
    """The model of a choice.

    `openai:MODEL` is one behind an OpenAI-compatible server, `local:PATH` a checkpoint by its path alone; `fake`
    answers "A" at once, `fake:TEXT` answers TEXT.
    """
    choice = _spelled(choice)
    kind, _, named = choice.spec.partition(":")
    if kind == "fake":
        from sailbench.models.fake import Fake

        return Fake(named or "A", choice.name or "fake")
    if kind == "openai":
        from sailbench.models.remote import Endpoint, Remote

        endpoint = Endpoint(url=choice.url, model=named, key=choice.key, concurrency=choice.concurrency)
        return Remote(endpoint, choice.name or named)
    choice = replace(choice, spec=choice.spec.removeprefix("local:"))
    return _bundled(choice) if choice.engine == "torch" else _foreign(choice)


def _foreign(choice: Choice) -> Model:
    if choice.engine == "hf":
        from sailbench.models.hf import HF

        return HF.load(choice)
    if choice.engine == "vllm":
        from sailbench.models import vllm

        return vllm.load(choice)
    from sailbench.models import lmdeploy

    return lmdeploy.load(choice)


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
    if not model.hardware:
        return _forks(model, workers)
    lead = model.description()
    del model  # its memory is the first worker's
    return _on_gpus(choice, lead, workers, gpus)


def _forks(model: "SailVL2", workers: int) -> Model:
    from sailbench.models.fleet import Fleet

    model.budget = replace(model.budget, shared=True)
    model.network.prepare()
    return Fleet(model, [partial(_itself, model)] * workers, forked=True)


def _on_gpus(choice: Choice, lead: "Description", workers: int, gpus: int) -> Model:
    import gc

    import torch

    from sailbench.models.fleet import Fleet
    from sailbench.models.sail.budget import ON_GPU

    gc.collect()
    torch.cuda.empty_cache()
    places = [f"cuda:{i % gpus}" if gpus else choice.device for i in range(workers)]
    loaders = [partial(_shared, replace(choice, device=place)) for place in places]
    return Fleet(lead, loaders, forked=False, held=ON_GPU[0] * 3 // 2)


def _shared(choice: Choice) -> "SailVL2":
    model = loaded(choice)
    model.budget = replace(model.budget, shared=True)
    return model


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
