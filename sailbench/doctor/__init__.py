"""Whether this machine can do what is asked of it: a line a check, with what to do where something is amiss."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sailbench.data import Places
from sailbench.doctor import chosen, machine, network, packages
from sailbench.doctor.finding import Finding
from sailbench.errors import SailbenchError
from sailbench.models import engines

__all__ = ["Asked", "Finding", "examine"]
ENDPOINTS = {"model": "SAILBENCH_API_KEY or OPENAI_API_KEY", "judge": "SAILBENCH_JUDGE_KEY or OPENAI_API_KEY"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be run: tasks, a model, judges; "" and none where nothing was chosen."""

    places: Places
    tasks: str = ""
    model: engines.Choice | None = None
    judges: tuple[engines.Choice, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


def examine(asked: Asked) -> Iterator[Finding]:
    """Every check, in an order in which each finding may explain the next."""
    yield machine.python()
    yield from machine.torch_and_cuda()
    yield machine.memory()
    yield from machine.disks(_disks(asked))
    yield from _packages()
    hub = network.Hub.of(asked.environ, asked.places.offline)
    reached = network.reach(hub)
    yield reached
    yield network.token(hub if reached.state == "ok" else network.Hub(hub.url, hub.token, offline=True))
    ways = chosen.Ways(
        places=asked.places, hub=hub, reachable=reached.state == "ok", judge="+".join(j.spec for j in asked.judges)
    )
    if asked.model is not None:
        yield _model("model", asked.model, ways)
    for judge in asked.judges:
        yield _model("judge", judge, ways)
    if asked.tasks:
        yield from chosen.tasks(asked.tasks, ways)


def _disks(asked: Asked) -> Iterator[tuple[str, Path]]:
    yield "SAILBENCH_CACHE", asked.places.root
    own = asked.environ.get("HF_HUB_CACHE")
    yield "HF_HOME", Path(own) if own else network.hub_home(asked.environ) / "hub"


def _packages() -> Iterator[Finding]:
    needed, extras = packages.stated()
    yield from packages.dependencies(needed)
    yield from packages.extras(extras)
    yield packages.films()
    yield packages.pictures()


def _model(check: str, choice: engines.Choice, ways: chosen.Ways) -> Finding:
    """The model under test or a judge: a server's, or one whose weights lie here."""
    try:
        engines.check(choice)
    except SailbenchError as error:
        return Finding(check, "fail", str(error))
    kind, _, named = choice.spec.partition(":")
    if kind == "fake":
        return Finding(check, "ok", "the fake model answers anywhere")
    remote = choice.engine.startswith("remote:")
    if kind == "openai" or remote:
        url = choice.engine.removeprefix("remote:") if remote else choice.url
        server = network.Server(check, url, named or choice.spec, choice.key, ENDPOINTS[check])
        return network.served(server, ways.hub.offline)
    found = chosen.model(choice, ways, machine.room(choice.device))
    return Finding(check, found.state, found.said, found.todo)
