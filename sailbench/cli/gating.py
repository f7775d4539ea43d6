"""`sailbench gate` and `explain`: is a candidate worse than its baseline, and what differs between two runs."""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli import keys
from sailbench.cli.frame import DONE, command, positive, say, say_json
from sailbench.cli.judges import add_judge_options, panel
from sailbench.errors import SailbenchError, UsageError

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.gate import Terms, Verdict
    from sailbench.plan import Plan

NOT_COMPARABLE = 3
CODES = "exit codes: 0 no regression; 1 regression; 2 inconclusive; 3 not comparable, or too little graded"


def add_gate(commands: "Commands") -> None:
    example = "sailbench gate --baseline results/nano --candidate out/nano --margin 1 --junit gate.xml"
    p = command(commands, "gate", "say whether a candidate is worse than its baseline", example)
    p.epilog = f"{p.epilog}\n\n{CODES}"
    p.set_defaults(command=gate)
    p.add_argument("--baseline", required=True, type=Path, metavar="DIR", help="a model's results, to compare with")
    p.add_argument("--candidate", type=Path, metavar="DIR", help="the results to judge, unless --sequential makes them")
    p.add_argument(
        "--margin", type=_points, default=1.0, metavar="PP", help="the loss tolerated, in points (default 1)"
    )
    p.add_argument("--alpha", type=_level, default=0.05, metavar="A", help="chance of a wrong verdict (default 0.05)")
    only = "only this task, by name or by the file of one of your own; may be repeated"
    p.add_argument("--task", action="append", default=[], metavar="T", help=only)
    p.add_argument("--noise", nargs="+", type=Path, default=[], metavar="DIR", help="repeated runs of the baseline")
    p.add_argument("--max-ungraded", type=_percent, default=2.0, metavar="PC", help="percent not graded (default 2)")
    p.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    p.add_argument("--markdown", type=Path, metavar="FILE", help="write a summary for a pull request")
    p.add_argument("--flips", type=Path, metavar="DIR", help="write what changed, with images: flips.md, index.html")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--json", action="store_true", help="print everything as JSON")
    _add_sequential(p)


def _add_sequential(p: argparse.ArgumentParser) -> None:
    group = p.add_argument_group(
        "sequential", "ask the candidate in rounds of random clusters and stop as soon as it is decided"
    )
    group.add_argument("--sequential", action="store_true", help="run --model instead of reading --candidate")
    group.add_argument("--model", metavar="M", help="the candidate, as for `sailbench run`")
    group.add_argument("--tasks", metavar="T,T", help="tasks or files (default: the baseline's)")
    group.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    group.add_argument("--name", metavar="NAME", help="name of the model in results (default: from --model)")
    group.add_argument("--protocol", choices=("opencompass", "official"), help="headline rules (default: the task's)")
    group.add_argument("--thinking", action=argparse.BooleanOptionalAction, help="as the baseline was asked")
    group.add_argument("--max-tokens", type=positive, metavar="N", help="as the baseline was asked")
    group.add_argument("--seed", type=int, default=0, metavar="S", help="of the random order (default 0)")
    group.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    group.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    group.add_argument("--url", default="", metavar="URL", help="the server of --model openai:NAME")
    group.add_argument("--offline", action="store_true", help="never touch the network")
    add_judge_options(p)


def add_explain(commands: "Commands") -> None:
    p = command(
        commands, "explain", "show what differs between two runs, sample by sample", "sailbench explain results/a out/a"
    )
    p.set_defaults(command=explain)
    for side in ("a", "b"):
        about = "a model's results, or predictions of VLMEvalKit or lmms-eval"
        p.add_argument(side, type=Path, metavar=side.upper(), help=about)
    p.add_argument("--task", action="append", default=[], metavar="T", help="only this task; may be repeated")
    p.add_argument("--most", type=positive, default=20, metavar="N", help="samples shown a cause (default 20)")
    p.add_argument("--json", action="store_true", help="print everything as JSON")


def gate(arguments: argparse.Namespace) -> int:
    """Exit code 2 is a verdict here, so what is wrong with the input is 3: nothing could be compared."""
    try:
        verdict = _sequential(arguments) if arguments.sequential else _fixed(arguments)
        _deliver(verdict, arguments)
    except SailbenchError as error:
        say(f"sailbench: not comparable: {error}", file=sys.stderr)
        return NOT_COMPARABLE
    return verdict.exit_code


def _terms(arguments: argparse.Namespace) -> "Terms":
    from sailbench.gate import Terms

    return Terms(margin=arguments.margin / 100, alpha=arguments.alpha, most_ungraded=arguments.max_ungraded / 100)


def _fixed(arguments: argparse.Namespace) -> "Verdict":
    from sailbench.gate import compare

    if arguments.candidate is None:
        raise UsageError("name the results to compare with --candidate, or a model to ask with --sequential --model")
    return compare(arguments.baseline, arguments.candidate, _terms(arguments), arguments.task, arguments.noise)


def _sequential(arguments: argparse.Namespace) -> "Verdict":
    from rich.console import Console

    from sailbench import run as running
    from sailbench.gate.rounds import Trial, decide
    from sailbench.report.terminal import RunProgress

    if not arguments.model or arguments.candidate or arguments.noise or arguments.task:
        raise UsageError("--sequential takes --model and --tasks, and no --candidate, --task or --noise")
    plan = _plan(arguments)
    asked = {work.task.name: len(work.samples) for work in plan.work}
    with RunProgress(Console(stderr=True), asked) as progress:
        trial = Trial(
            plan=plan,
            baseline=arguments.baseline,
            terms=_terms(arguments),
            now=datetime.now(UTC),
            watch=running.live_scores(plan.protocol, progress.answered),
            jury=panel(arguments, plan.results),
            seed=arguments.seed,
        )
        return decide(trial)


def _plan(arguments: argparse.Namespace) -> "Plan":
    from sailbench import plan as planning
    from sailbench.data import Places
    from sailbench.gate import sides
    from sailbench.models.engines import Choice
    from sailbench.run import Overrides

    key = keys.of_model()
    model = Choice(
        arguments.model,
        arguments.name,
        arguments.device,
        arguments.dtype,
        arguments.offline,
        url=arguments.url,
        key=key,
    )
    tasks = arguments.tasks or ",".join(sides.tasks_in(sides.model_folder(arguments.baseline)))
    options = planning.Options(
        model=model,
        tasks=tasks,
        out=arguments.out,
        overrides=Overrides(thinking=arguments.thinking, max_tokens=arguments.max_tokens),
        protocol=arguments.protocol,
        judged=arguments.judge != "none",
        places=Places.of(os.environ, arguments.data_dir, arguments.offline),
    )
    return planning.make(options)


def _deliver(verdict: "Verdict", arguments: argparse.Namespace) -> None:
    from sailbench.gate import show
    from sailbench.store import replace_file

    if arguments.junit:
        replace_file(arguments.junit, show.junit(verdict))
    if arguments.markdown:
        replace_file(arguments.markdown, show.markdown(verdict, str(arguments.flips) if arguments.flips else ""))
    if arguments.flips:
        _write_flips(verdict, arguments)
    if arguments.json:
        say_json(show.record(verdict))
        return
    for line in show.lines(verdict):
        say(line)


def _write_flips(verdict: "Verdict", arguments: argparse.Namespace) -> None:
    from sailbench.data import Places
    from sailbench.gate import flips
    from sailbench.report.page import Wishes

    # What is at hand is shown; nothing is fetched for a report.
    places = Places.of(os.environ, arguments.data_dir, offline=True)
    files = [name for name in (*arguments.task, *(arguments.tasks or "").split(",")) if name.endswith(".py")]
    flips.write(verdict, arguments.flips, Wishes(places=places, task_files=files))


def _points(text: str) -> float:
    return _between(text, 1e-9, 100)


def _percent(text: str) -> float:
    return _between(text, 0, 100)


def _level(text: str) -> float:
    return _between(text, 1e-6, 0.4)


def _between(text: str, low: float, high: float) -> float:
    """A number of the command line between two others; argparse's words if it is none."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not between {low:g} and {high:g}")
    return number


def explain(arguments: argparse.Namespace) -> int:
    from sailbench import explain as explaining

    told = explaining.explain(arguments.a, arguments.b, arguments.task)
    if arguments.json:
        say_json(explaining.record(told))
        return DONE
    for line in explaining.lines(told, arguments.most):
        say(line)
    return DONE
