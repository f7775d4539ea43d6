"""From options to a plan: the tasks, their rows, the model and the results folder, before anything is asked."""

import platform
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sailbench import __version__, data, registry
from sailbench.errors import DataError, SailbenchError
from sailbench.models import engines
from sailbench.models.base import Model
from sailbench.run import Facts, Overrides, Selection, Work, choose, distinct, prepare, read_samples, unanswered
from sailbench.store import Results
from sailbench.task import Task
from sailbench.types import Request, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `sailbench run` was told; the environment's part (data folder, cache) is already in it.

    `load` makes the model of the choice, here or on a cluster.
    """

    model: engines.Choice
    tasks: str
    out: Path
    selection: Selection = field(default_factory=Selection)
    overrides: Overrides = field(default_factory=Overrides)
    protocol: str | None = None
    judged: bool = False
    places: data.Places = field(default_factory=data.Places)
    load: Callable[[engines.Choice], Model] = engines.load


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run needs; making it asks nothing."""

    options: Options
    model: Model
    work: tuple[Work, ...]
    results: Results

    def protocol(self, task: Task) -> str:
        """The headline's rules: those asked for, where the task has them."""
        wanted = self.options.protocol
        return wanted if wanted is not None and wanted in task.rules else task.protocol

    def waiting(self) -> dict[str, list[tuple[Work, Sample, Request]]]:
        return unanswered(self.work, self.results)

    def facts(self, now: datetime) -> Facts:
        return Facts(
            model=self.model.name,
            model_fingerprint=self.model.identity,
            engine=self.model.engine,
            hardware=self.model.hardware or platform.processor() or platform.machine(),
            sailbench=__version__,
            commit=_commit(),
            date=now.astimezone(UTC).isoformat(timespec="seconds"),
        )


def make(options: Options) -> Plan:
    """Load the tasks, their rows and the model; every slip in names or data is told before weights are read."""
    tasks = [registry.load(name) for name in registry.select(options.tasks)]
    engines.check(options.model)
    chosen = [_chosen(task, options) for task in tasks]
    model = options.load(options.model)
    overrides = options.overrides
    if overrides.thinking is None:
        overrides = replace(overrides, thinking=engines.thinks(options.model))
    work = tuple(
        replace(prepare(task, samples, model.identity, overrides, options.judged), data=facts)
        for task, (samples, facts) in zip(tasks, chosen, strict=True)
    )
    return Plan(options=options, model=model, work=work, results=Results(options.out, model.name))


def _chosen(task: Task, options: Options) -> tuple[tuple[Sample, ...], Mapping[str, object]]:
    try:
        found = data.open_rows(task, options.places)
        samples = distinct(read_samples(task, found.rows))
    except SailbenchError as error:
        raise type(error)(f"{task.name}: {error}") from error
    if not samples:
        raise DataError(f"{task.name}: no rows of this benchmark in {found.source}")
    return choose(samples, options.selection), found.facts()


def _commit() -> str | None:
    """The commit of this checkout, None for an installed package."""
    here = Path(__file__).parent
    if not (here.parent / ".git").exists():
        return None
    command = ["git", "-C", str(here), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def forecast(plan: Plan) -> Iterator[str]:
    """What a run would ask, a line a task: how many, how many tokens, from which data."""
    waiting = plan.waiting()
    for own in plan.work:
        requests = [owners[0][2] for owners in waiting.values() if any(w is own for w, _, _ in owners)]
        yield _forecast_line(plan, own, requests)


def _forecast_line(plan: Plan, work: Work, requests: Sequence[Request]) -> str:
    media = {m for request in requests for m in request.media}
    counted = engines.count_tokens(plan.model, requests)
    tokens = "" if counted is None else f", {counted:,} prompt tokens"
    most = sum(request.sampling.max_tokens for request in requests)
    asked = f"{len(work.samples)} samples, {len(requests)} to ask{tokens}, at most {most:,} answer tokens"
    return f"{work.task.name}: {asked}, {len(media)} media; rows from {work.data.get('source')}"


def shown(task: Task, sample_id: str, places: data.Places) -> Iterator[str]:
    """One sample as it is asked and what it is graded against."""
    found = data.open_rows(task, places)
    (sample,) = choose(distinct(read_samples(task, found.rows)), Selection(ids=(sample_id,)))
    request = task.ask(sample)
    yield f"{task.name} {sample.id} (rows from {found.source})"
    for number, medium in enumerate(request.media, 1):
        yield f"media {number}: {medium.kind} {medium.digest[:12] or 'missing'}"
    yield from request.turns
    yield f"target: {sample.target}"
    yield f"sampling: {request.sampling}"
