"""From what `--model` names to a model that answers: the catalogue, a checkpoint's folder or hub id, or a fake."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from sailbench.models import catalogue
from sailbench.models.base import Model
from sailbench.types import Request


@dataclass(frozen=True, slots=True)
class Choice:
    """The model a run was told to use. `name` is its results folder, by default what `spec` says."""

    spec: str
    name: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    offline: bool = False


class Defaults(NamedTuple):
    """How a model is asked unless the command line says otherwise."""

    thinking: bool | None
    max_tokens: int | None


@runtime_checkable
class CountsTokens(Protocol):
    """A model that can tell a prompt's length from media headers alone."""

    def count_tokens(self, requests: Sequence[Request]) -> int: ...


def load(choice: Choice) -> Model:
    """The model of a choice. `fake` answers "A" at once, `fake:TEXT` answers TEXT."""
    kind, _, text = choice.spec.partition(":")
    if kind == "fake":
        from sailbench.models.fake import Fake

        return Fake(text or "A", choice.name or "fake")
    from sailbench.models.sail import SailVL2

    folder = catalogue.locate(choice.spec, choice.offline)
    model = SailVL2.load(folder, device=choice.device, dtype=choice.dtype)
    model.name = choice.name or catalogue.display_name(choice.spec)
    return model


def check(choice: Choice) -> None:
    """Raise ModelError for a name that stands for nothing, before data or weights are read."""
    if choice.spec.partition(":")[0] != "fake":
        catalogue.check(choice.spec)


def defaults(choice: Choice) -> Defaults:
    entry = catalogue.entry(choice.spec)
    return Defaults(None, None) if entry is None else Defaults(entry.thinking, entry.max_tokens)


def count_tokens(model: Model, requests: Sequence[Request]) -> int | None:
    """The prompt tokens of all requests, or None for a model that cannot tell."""
    return model.count_tokens(requests) if isinstance(model, CountsTokens) else None
