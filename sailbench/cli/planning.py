"""`sailbench plan`: hours, GPU-hours, judge money and disk of a run, before any of them is spent."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli import judges
from sailbench.cli.frame import DONE, command, positive, say, say_json
from sailbench.errors import UsageError

if TYPE_CHECKING:
    from sailbench.capacity import Estimate, Question
    from sailbench.capacity.simulation import Outcome, Workers
    from sailbench.cli.frame import Commands

EXAMPLE = """sailbench plan --tasks all --model sailvl2-8b --gpus 64
  sailbench plan --tasks @opencompass --model sailvl2-2b --gpus 8 --gpu a100 --from results
  sailbench plan --tasks all --model sailvl2-8b-thinking --gpus 64 --judge openai:gpt-4o-mini --judge-prices prices.toml
  sailbench plan --tasks all --model sailvl2-8b --gpus 64 --simulate 64,256,1024"""
SCALE = "1,8,64,256,1024"


def add_plan(commands: "Commands") -> None:
    p = command(commands, "plan", "estimate hours, GPU-hours, judge money and disk of a run", EXAMPLE)
    p.set_defaults(command=plan)
    p.add_argument("--tasks", required=True, metavar="T,T", help="tasks, @groups, files (./mine.py), or all")
    p.add_argument("--model", required=True, metavar="M", help="a name from `sailbench models`, or a folder")
    p.add_argument("--gpus", type=positive, required=True, metavar="N", help="how many GPUs there are")
    p.add_argument("--gpu", default="h100", metavar="G", help="their kind, whose data sheet is known (default: h100)")
    p.add_argument("--workers", type=positive, metavar="N", help="engines (default: as many as the GPUs hold)")
    p.add_argument("--gpus-per-worker", type=float, default=1.0, metavar="G", help="of each engine (default: 1)")
    p.add_argument("--limit", type=positive, metavar="N", help="N samples of each task")
    p.add_argument("--answer-tokens", type=positive, metavar="N", help="length of answers that were never measured")
    p.add_argument(
        "--from", dest="runs", nargs="+", type=Path, default=[], metavar="DIR", help="finished runs' results"
    )
    p.add_argument(
        "--in-flight", type=positive, default=1, metavar="N", help="requests an engine of --from had at once"
    )
    p.add_argument("--rates", type=Path, metavar="FILE", help="TOML: tokens_in, tokens_out, seconds, by task")
    p.add_argument("--judge", default="", metavar="J", help="openai:MODEL")
    p.add_argument("--judge-prices", type=Path, metavar="FILE", help="TOML: dollars a million tokens, by model")
    p.add_argument("--simulate", nargs="?", const=SCALE, metavar="N,N", help=f"for so many workers (default {SCALE})")
    p.add_argument(
        "--mean-life", type=float, default=1000.0, metavar="HOURS", help="of a worker, simulated; 0: for ever"
    )
    p.add_argument("--slow", type=float, default=0.02, metavar="SHARE", help="of workers at half speed, simulated")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="of the simulation (default 0)")
    p.add_argument("--json", action="store_true")


def plan(arguments: argparse.Namespace) -> int:
    from sailbench.capacity import estimate, show

    counts = _counts(arguments.simulate)
    made = estimate(_question(arguments))
    runs = _simulated(made, counts, arguments)
    if arguments.json:
        say_json(show.record(made, list(runs)))
        return DONE
    for line in (*show.lines(made), *(("", show.simulated_from(made, _workers(made, 1, arguments))) if counts else ())):
        say(line)
    for line in show.scaling(runs) if counts else ():
        say(line, flush=True)
    return DONE


def _question(arguments: argparse.Namespace) -> "Question":
    from sailbench import registry
    from sailbench.capacity import Question, gpus
    from sailbench.capacity.requests import Sources
    from sailbench.data import cache_root
    from sailbench.models import catalogue

    gpu, each = gpus.find(arguments.gpu), arguments.gpus_per_worker
    if not 0 < each <= arguments.gpus:
        raise UsageError(f"--gpus-per-worker {each:g} does not fit {arguments.gpus} GPUs")
    workers = arguments.workers or int(arguments.gpus // each)
    if workers * each > arguments.gpus:
        raise UsageError(f"{workers} workers of {each:g} GPU need more than {arguments.gpus} GPUs")
    named = arguments.judge.partition(":")[2] or arguments.judge
    return Question(
        tasks=registry.select(arguments.tasks),
        model=arguments.model,
        gpu=gpu,
        gpus=arguments.gpus,
        workers=workers,
        gpus_a_worker=each,
        sources=Sources(
            model=catalogue.display_name(arguments.model),
            hardware=gpu.told,
            runs=arguments.runs,
            file=arguments.rates,
            in_flight=arguments.in_flight,
        ),
        judge=named,
        price=judges.prices(arguments.judge_prices).get(named),
        limit=arguments.limit,
        answer_tokens=arguments.answer_tokens,
        tsvs=cache_root(os.environ) / "tsv",
    )


def _counts(text: str | None) -> list[int]:
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise UsageError(f"--simulate {text!r} is no list of numbers of workers; give it like {SCALE}")
    return [int(word) for word in words]


def _simulated(
    made: "Estimate", counts: list[int], arguments: argparse.Namespace
) -> "Iterator[tuple[Workers, Outcome]]":
    from sailbench.capacity.simulation import simulate

    costs = made.costs(arguments.seed) if counts else []
    for count in counts:
        workers = _workers(made, count, arguments)
        yield workers, simulate(costs, workers, arguments.seed)


def _workers(made: "Estimate", count: int, arguments: argparse.Namespace) -> "Workers":
    return made.cluster(count, arguments.mean_life or None, arguments.slow)
