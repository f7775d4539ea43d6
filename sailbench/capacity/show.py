"""An estimate as lines for people and as plain values, each figure beside what it rests on."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from sailbench.capacity import requests
from sailbench.capacity.estimate import Estimate, Line
from sailbench.capacity.simulation import Outcome, Workers
from sailbench.data.space import human

Scaled = Iterable[tuple[Workers, Outcome]]


def lines(made: Estimate) -> Iterator[str]:
    """A line a task, the totals, what was assumed and what is not in it."""
    question = made.question
    each = f"{question.workers} workers of {question.gpus_a_worker:g} GPU"
    yield f"{question.model} on {question.gpus} {question.gpu.name}, {each}"
    yield f"{'task':<26}{'requests':>9}{'tokens in':>11}{'out':>7}{'s/request':>11}{'GPU-hours':>11}  basis"
    yield from (_task(line, made) for line in sorted(made.lines, key=lambda line: -line.work))
    yield ""
    yield f"requests   {made.requests:,} of {len(made.lines)} tasks"
    yield f"GPU-hours  {made.gpu_hours:,.2f}"
    yield f"hours      {made.hours:,.2f} with every worker busy to the end (--simulate: stragglers and failures too)"
    yield f"judge      {_judge(made)}"
    yield f"disk       {_disk(made)}"
    yield from (f"not in it  {task}: {why}" for task, why in made.left_out.items())
    yield from (f"basis      {assumption}" for assumption in made.assumptions)


def _task(line: Line, made: Estimate) -> str:
    hours = line.work * made.question.gpus_a_worker / 3600
    figures = f"{line.rate.tokens_in:>11,.0f}{line.rate.tokens_out:>7,.0f}{line.seconds:>11.4f}{hours:>11.3f}"
    speed = "" if line.rate.seconds is not None else "; roofline"
    return f"{line.task:<26}{line.requests:>9,}{figures}  {line.rate.basis}{speed}"


def _judge(made: Estimate) -> str:
    calls = f"at most {made.judge_calls:,} calls"
    if not made.judge_calls:
        return "none of these tasks needs one"
    if not made.question.judge:
        return f"{calls}; no judge named, so no price (--judge, --judge-prices)"
    if made.money is None:
        return f"{calls} of {made.question.judge}; its price is not known (--judge-prices)"
    return f"{calls} of {made.question.judge}, at most ${made.money:,.2f}"


def _disk(made: Estimate) -> str:
    stored = f"results {human(sum(line.stored_bytes for line in made.lines))}"
    weights = (
        "weights of unknown size" if made.weight_bytes is None else f"weights {human(made.weight_bytes)} a machine"
    )
    here = [line.data_bytes for line in made.lines if line.data_bytes is not None]
    unknown = len(made.lines) - len(here)
    data = f"data {human(sum(here))} of {len(here)} tasks in the cache" if here else "data"
    return f"{stored}; {weights}; {data}" + (
        f", of {unknown} tasks not known before they are pulled" if unknown else ""
    )


def scaling(runs: Scaled) -> Iterator[str]:
    """How the end comes nearer with more workers."""
    yield f"{'workers':>9}{'hours':>9}{'busy':>8}{'died':>7}{'asked again':>13}"
    for workers, outcome in runs:
        share = f"{outcome.efficiency(workers):.0%}"
        yield f"{workers.count:>9,}{outcome.makespan / 3600:>9.3f}{share:>8}{outcome.deaths:>7,}{outcome.redone:>13,}"


def simulated_from(made: Estimate, workers: Workers) -> str:
    """What a simulation rests on."""
    measured = sum(bool(line.rate.shape) for line in made.lines)
    spread = f"costs spread as measured for {measured} tasks, else lognormal, sigma {requests.SPREAD} (assumed)"
    life = workers.hours_between_failures
    failures = f"a worker dies every {life:g} hours (assumed)" if life else "no failures"
    slow = f"{workers.slow:.0%} of workers {workers.slowness:g} times slower (assumed)"
    return f"simulated: {workers.rows} requests at a time on a worker; {spread}; {failures}; {slow}"


def record(made: Estimate, runs: Scaled = ()) -> dict[str, Any]:
    """Everything as plain values."""
    question = made.question
    return {
        "model": question.model,
        "gpu": asdict(question.gpu),
        "gpus": question.gpus,
        "workers": question.workers,
        "requests": made.requests,
        "gpu_hours": made.gpu_hours,
        "hours": made.hours,
        "judge": {"name": question.judge or None, "calls": made.judge_calls, "dollars": made.money},
        "disk": {
            "results_bytes": round(sum(line.stored_bytes for line in made.lines)),
            "weights_bytes": made.weight_bytes,
            "data_bytes": {line.task: line.data_bytes for line in made.lines},
        },
        "tasks": [_plain(line) for line in made.lines],
        "not_in_it": dict(made.left_out),
        "basis": list(made.assumptions),
        "simulated": [asdict(outcome) | {"workers": asdict(workers)} for workers, outcome in runs],
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "task": line.task,
        "requests": line.requests,
        "tokens_in": line.rate.tokens_in,
        "tokens_out": line.rate.tokens_out,
        "seconds": line.seconds,
        "worker_seconds": line.work,
        "basis": line.rate.basis,
        "speed": "measured" if line.rate.seconds is not None else "roofline",
        "judge": asdict(line.judging) if line.judging else None,
    }
