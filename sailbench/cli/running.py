"""`sailbench run`: ask a model what is unanswered, grade, report."""

import argparse
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sailbench.cli import keys
from sailbench.cli.frame import DONE, command, finished, positive, print_table, say
from sailbench.cli.judges import add_judge_options, panel

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.judging import Panel
    from sailbench.models.engines import Choice
    from sailbench.plan import Options, Plan


def add_run(commands: "Commands") -> None:
    example = "sailbench run --model sailvl2-2b --tasks mmmu,@video --limit 200 --out results"
    p = command(commands, "run", "ask a model what is unanswered, grade and report", example)
    p.set_defaults(command=run)
    p.add_argument("--model", required=True, metavar="M", help="a name from `sailbench models`, a folder, or a hub id")
    p.add_argument("--tasks", required=True, metavar="T,T", help="tasks, @groups, files (./mine.py), or all")
    p.add_argument("--limit", type=positive, metavar="N", help="a random N samples of each task (whole units)")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="which random samples --limit takes (default 0)")
    p.add_argument("--ids", default="", metavar="I,I", help="only the samples with these ids")
    p.add_argument("--protocol", choices=("opencompass", "official"), help="headline rules (default: the task's)")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="results folder (default: results)")
    p.add_argument("--name", metavar="NAME", help="name of the model in results (default: from --model)")
    p.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    p.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto", help="default: bfloat16 on cuda")
    p.add_argument("--thinking", action=argparse.BooleanOptionalAction, help="ask for reasoning (default: the model's)")
    p.add_argument("--max-tokens", type=positive, metavar="N", help="longest answer (default: the task's)")
    p.add_argument(
        "--url", default="", metavar="URL", help="the server of --model openai:NAME, such as http://host:8000/v1"
    )
    p.add_argument("--engine", default="torch", metavar="E", help="torch (default), hf, lmdeploy, vllm or remote:URL")
    p.add_argument(
        "--concurrency", type=positive, default=16, metavar="N", help="requests at a server, or in an hf batch"
    )
    p.add_argument("--tensor-parallel", type=positive, default=1, metavar="N", help="GPUs a model (lmdeploy, vllm)")
    p.add_argument("--executor", choices=("here", "ray"), default="here", help="here (default), or a Ray cluster")
    p.add_argument("--workers", type=positive, metavar="N", help="engines side by side (default: one a GPU or core)")
    p.add_argument("--gpus-per-worker", type=float, metavar="G", help="of each engine on Ray (default: one if any)")
    p.add_argument("--batch-tokens", type=positive, metavar="N", help="tokens computed in a step (default: by device)")
    p.add_argument("--deterministic", action="store_true", help="the same batches in every run (one engine)")
    p.add_argument("--profile", action="store_true", help="show where the time went")
    p.add_argument("--offline", action="store_true", help="never touch the network")
    p.add_argument("--wait", action="store_true", help="wait while another run writes to these results")
    p.add_argument("--fresh", action="store_true", help="set stored answers aside and ask everything anew")
    p.add_argument("--dry-run", action="store_true", help="show what would be asked, and ask nothing")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--allow-ungraded", action="store_true", help="exit 0 even if some items are ungraded")
    add_judge_options(p)


def run(arguments: argparse.Namespace) -> int:
    from sailbench import plan as planning
    from sailbench.models import engines

    plan = planning.make(_options(arguments))
    jury = panel(arguments, plan.results)
    if arguments.dry_run:
        for line in planning.forecast(plan):
            say(line)
        for work in plan.work:
            if jury is not None and work.task.rubric:
                say(f"{work.task.name}: {jury.forecast(work)}")
        return DONE
    with plan.results.locked(_told_to_wait if arguments.wait else None):
        if arguments.fresh:
            for work in plan.work:
                plan.results.forget(work.task.name)
        records = _ask_and_grade(plan, jury)
    print_table(records, arguments.groups)
    for line in engines.profile(plan.model) if arguments.profile else ():
        say(line)
    say(f"results in {plan.results.folder}")
    return finished(records, arguments.allow_ungraded)


def _told_to_wait(busy: str) -> None:
    say(f"sailbench: {busy}; waiting for it", file=sys.stderr, flush=True)


def _options(arguments: argparse.Namespace) -> "Options":
    from sailbench import executors
    from sailbench.data import Places
    from sailbench.plan import Options
    from sailbench.run import Overrides, Selection

    model = _model(arguments)
    spread = executors.Spread(executor=arguments.executor, workers=arguments.workers, gpus=arguments.gpus_per_worker)
    executors.check(model, spread)
    ids = tuple(i.strip() for i in arguments.ids.split(",") if i.strip())
    return Options(
        model=model,
        tasks=arguments.tasks,
        out=arguments.out,
        selection=Selection(limit=arguments.limit, seed=arguments.seed, ids=ids),
        overrides=Overrides(thinking=arguments.thinking, max_tokens=arguments.max_tokens),
        protocol=arguments.protocol,
        judged=arguments.judge != "none",
        places=Places.of(os.environ, arguments.data_dir, arguments.offline),
        load=partial(executors.load, spread=spread),
    )


def _model(arguments: argparse.Namespace) -> "Choice":
    from sailbench.models.engines import Choice

    return Choice(
        arguments.model,
        arguments.name,
        arguments.device,
        arguments.dtype,
        arguments.offline,
        url=arguments.url,
        key=keys.of_model(),
        batch_tokens=arguments.batch_tokens,
        deterministic=arguments.deterministic,
        workers=arguments.workers,
        profile=arguments.profile,
        engine=arguments.engine,
        concurrency=arguments.concurrency,
        tensor_parallel=arguments.tensor_parallel,
    )


def _ask_and_grade(plan: "Plan", jury: "Panel | None") -> list[dict[str, Any]]:
    """Collect what is unanswered under a progress bar, judges beside it, then grade everything that is stored."""
    from rich.console import Console

    from sailbench import run as running
    from sailbench.report.terminal import RunProgress

    console = Console(stderr=True)
    waiting = plan.waiting()
    told = (running.outlook(plan.work, waiting), running.outdated(waiting, plan.results), *plan.results.remarks())
    for line in filter(None, told):
        console.print(line, markup=False, highlight=False)
    with RunProgress(console, running.counts(waiting)) as progress:
        watch = running.live_scores(plan.protocol, progress.answered)
        collect = partial(running.collect, plan.model, waiting, plan.results)
        if jury is None:
            collect(watch)
        else:
            jury.beside(collect, watch, plan.work, plan.results)
    facts = plan.facts(datetime.now(UTC))
    return [running.summary_record(own, plan.results, plan.protocol(own.task), facts, jury) for own in plan.work]
