"""Where a run's requests are answered: here, in this process and its forks, or by engines on the machines of a Ray
cluster. Either way a run sees one `Model`.
"""

from dataclasses import dataclass
from importlib.util import find_spec

from sailbench.errors import ModelError, UsageError
from sailbench.models import engines
from sailbench.models.base import Model
from sailbench.models.engines import Choice

EXECUTORS = ("here", "ray")
# Half an hour without a single answer is longer than the longest reasoning takes.
PATIENCE = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a run is spread: which executor, and for Ray how many engines with how many GPUs each.

    None lets the cluster decide. An engine that holds requests and answers none for `patience` seconds is taken for
    dead.
    """

    executor: str = "here"
    workers: int | None = None
    gpus: float | None = None
    patience: float = PATIENCE


def check(choice: Choice, spread: Spread) -> None:
    """Raise UsageError or ModelError, before data or weights are read, for what cannot be spread like this."""
    if spread.executor == "here":
        if spread.gpus is not None:
            raise UsageError("--gpus-per-worker goes with --executor ray; here, --device and --tensor-parallel choose")
        return
    if find_spec("ray") is None:
        raise ModelError("--executor ray needs the package ray; pip install 'sailbench[ray]', on every machine")
    if choice.deterministic:
        raise UsageError("--deterministic is for one engine; leave out --executor ray")
    if choice.spec.startswith("openai:") or choice.engine.startswith("remote:"):
        raise UsageError("a server is asked from here; --concurrency says how many requests it gets at once")
    if spread.gpus is not None and choice.tensor_parallel > spread.gpus:
        raise UsageError(f"--tensor-parallel {choice.tensor_parallel} needs as many --gpus-per-worker")


def load(choice: Choice, spread: Spread) -> Model:
    """The model of a choice, wherever it computes."""
    if spread.executor == "here":
        return engines.load(choice)
    from sailbench.executors.cluster import Cluster

    return Cluster(choice, spread)
