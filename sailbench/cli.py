"""The command line: argv in, exit code out. The only place that prints or exits; every heavy import is late."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sailbench import __version__
from sailbench.errors import SailbenchError

if TYPE_CHECKING:
    from sailbench.plan import Options, Plan

DONE, WRONG, UNGRADED, INTERRUPTED = 0, 2, 3, 130

EXAMPLES = """\
examples:
  sailbench run --model sailvl2-2b --tasks mmmu,mathvision
  sailbench run --model ./my-checkpoint --tasks @opencompass --limit 100
  sailbench run --model sailvl2-8b --tasks mmmu --data-dir ./downloads --dry-run
  sailbench score mathvision --data rows.jsonl --predictions answers.jsonl
  sailbench report results --format md

exit codes: 0 done; 2 wrong command line or input; 3 finished, but some items are ungraded
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors that are the user's to mend become one line and exit code 2."""
    arguments = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except SailbenchError as error:
        print(f"sailbench: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print(
            "sailbench: interrupted; every answer so far is kept, the same command goes on from here", file=sys.stderr
        )
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) went away: not an error of ours. Keep Python's own flush at exit quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="sailbench",
        description="Evaluate vision-language models on 106 benchmarks: every answer stored, every grade explained.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"sailbench {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_add_run, _add_score, _add_report, _add_tasks, _add_show, _add_models):
        add(commands)
    return top


Commands = argparse._SubParsersAction  # the type that add_subparsers returns has no public name


def _command(
    commands: "Commands[argparse.ArgumentParser]", name: str, text: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_run(commands: "Commands[argparse.ArgumentParser]") -> None:
    example = "sailbench run --model sailvl2-2b --tasks mmmu,@video --limit 200 --out results"
    p = _command(commands, "run", "ask a model what is unanswered, grade and report", example)
    p.set_defaults(command=run)
    p.add_argument("--model", required=True, metavar="M", help="a name from `sailbench models`, a folder, or a hub id")
    p.add_argument("--tasks", required=True, metavar="T,T", help="tasks, @groups, files (./mine.py), or all")
    p.add_argument("--limit", type=_positive, metavar="N", help="a random N samples of each task (whole units)")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="which random samples --limit takes (default 0)")
    p.add_argument("--ids", default="", metavar="I,I", help="only the samples with these ids")
    p.add_argument("--protocol", choices=("opencompass", "official"), help="headline rules (default: the task's)")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="results folder (default: results)")
    p.add_argument("--name", metavar="NAME", help="name of the model in results (default: from --model)")
    p.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    p.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto", help="default: bfloat16 on cuda")
    p.add_argument("--thinking", action=argparse.BooleanOptionalAction, help="ask for reasoning (default: the model's)")
    p.add_argument("--max-tokens", type=_positive, metavar="N", help="longest answer (default: the task's)")
    p.add_argument("--offline", action="store_true", help="never touch the network")
    p.add_argument("--fresh", action="store_true", help="set stored answers aside and ask everything anew")
    p.add_argument("--dry-run", action="store_true", help="show what would be asked, and ask nothing")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--allow-ungraded", action="store_true", help="exit 0 even if some items are ungraded")


def _add_score(commands: "Commands[argparse.ArgumentParser]") -> None:
    example = "sailbench score mmmu --data MMMU_DEV_VAL.tsv --predictions answers.jsonl --out scores.jsonl"
    p = _command(commands, "score", "grade predictions that exist already", example)
    p.set_defaults(command=score)
    p.add_argument("task", metavar="TASK")
    p.add_argument("--data", type=Path, required=True, metavar="ROWS", help="rows in the benchmark's own columns")
    p.add_argument("--predictions", type=Path, required=True, metavar="PREDS", help="JSON Lines of {id, prediction}")
    p.add_argument("--protocol", choices=("opencompass", "official"), help="rules (default: the task's)")
    p.add_argument("--judge", choices=("none", "stored"), default="none", help="stored: replay each line's `judge`")
    p.add_argument("--out", type=Path, metavar="FILE", help="write a line a row, as in scores.jsonl")
    p.add_argument("--json", action="store_true", help="print the summary as JSON")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--allow-ungraded", action="store_true", help="exit 0 even if some items are ungraded")


def _add_report(commands: "Commands[argparse.ArgumentParser]") -> None:
    p = _command(commands, "report", "print what results folders hold", "sailbench report results --format md --groups")
    p.set_defaults(command=report)
    p.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    p.add_argument("--format", choices=("table", "md", "csv", "json"), default="table")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of the terminal")


def _add_tasks(commands: "Commands[argparse.ArgumentParser]") -> None:
    p = _command(commands, "tasks", "list the benchmarks", "sailbench tasks --json")
    p.set_defaults(command=tasks)
    p.add_argument("--json", action="store_true", help="every card as JSON")


def _add_show(commands: "Commands[argparse.ArgumentParser]") -> None:
    p = _command(
        commands, "show", "show a task's card, or how one sample is asked", "sailbench show mmmu validation_Art_1"
    )
    p.set_defaults(command=show)
    p.add_argument("task", metavar="TASK")
    p.add_argument("id", nargs="?", metavar="ID")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--offline", action="store_true", help="never touch the network")


def _add_models(commands: "Commands[argparse.ArgumentParser]") -> None:
    p = _command(commands, "models", "list the models that have a name", "sailbench models --json")
    p.set_defaults(command=models)
    p.add_argument("--json", action="store_true")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    from sailbench import plan as planning

    plan = planning.make(_options(arguments))
    if arguments.dry_run:
        for line in planning.forecast(plan):
            print(line)
        return DONE
    with plan.results.locked():
        if arguments.fresh:
            for work in plan.work:
                plan.results.forget(work.task.name)
        records = _ask_and_grade(plan)
    _print_table(records, arguments.groups)
    print(f"results in {plan.results.folder}")
    return _finished(records, arguments.allow_ungraded)


def _options(arguments: argparse.Namespace) -> "Options":
    from sailbench.data import Places
    from sailbench.models.engines import Choice
    from sailbench.plan import Options
    from sailbench.run import Overrides, Selection

    ids = tuple(i.strip() for i in arguments.ids.split(",") if i.strip())
    return Options(
        model=Choice(arguments.model, arguments.name, arguments.device, arguments.dtype, arguments.offline),
        tasks=arguments.tasks,
        out=arguments.out,
        selection=Selection(limit=arguments.limit, seed=arguments.seed, ids=ids),
        overrides=Overrides(thinking=arguments.thinking, max_tokens=arguments.max_tokens),
        protocol=arguments.protocol,
        places=Places.of(os.environ, arguments.data_dir, arguments.offline),
    )


def _ask_and_grade(plan: "Plan") -> list[dict[str, Any]]:
    """Collect what is unanswered under a progress bar, then grade everything that is stored."""
    from rich.console import Console

    from sailbench import run as running
    from sailbench.report.terminal import RunProgress

    console = Console(stderr=True)
    waiting = plan.waiting()
    total = sum(len(work.samples) for work in plan.work)
    stored = total - sum(map(len, waiting.values()))
    console.print(f"{total} samples: {stored} answered before, {len(waiting)} to ask", markup=False, highlight=False)
    with RunProgress(console, running.counts(waiting)) as progress:
        watch = running.live_scores(plan.protocol, progress.answered)
        running.collect(plan.model, waiting, plan.results, watch)
    facts = plan.facts(datetime.now(UTC))
    return [running.summary_record(work, plan.results, plan.protocol(work.task), facts) for work in plan.work]


def _finished(records: Sequence[Mapping[str, Any]], allow_ungraded: bool) -> int:
    ungraded = sum(r["ungraded"] for r in records)
    if not ungraded or allow_ungraded:
        return DONE
    print(f"sailbench: {ungraded} items are ungraded; the same command asks them again", file=sys.stderr)
    return UNGRADED


def _print_table(records: Sequence[Mapping[str, Any]], groups: bool) -> None:
    from rich.console import Console

    from sailbench.report.terminal import table

    Console(width=None if sys.stdout.isatty() else 160).print(table(records, groups))


def score(arguments: argparse.Namespace) -> int:
    from sailbench import data, predictions, registry
    from sailbench.run import as_record
    from sailbench.store import json_line, replace_file

    task = registry.load(arguments.task)
    protocol = arguments.protocol or task.protocol
    rows = list(data.read_table(arguments.data))
    given = predictions.read_predictions(arguments.predictions)
    grades = predictions.grade_rows(task, rows, given, protocol, stored_judge=arguments.judge == "stored")
    if arguments.out:
        replace_file(arguments.out, "".join(json_line(predictions.line(g)) + "\n" for g in grades))
    graded = [g.graded for g in grades if g.graded is not None]
    record = {"model": arguments.predictions.stem} | as_record(task, protocol, task.summarize(graded))
    if arguments.json:
        print(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        _print_table([record], arguments.groups)
    return _finished([record], arguments.allow_ungraded)


def report(arguments: argparse.Namespace) -> int:
    from sailbench.report.text import FORMATS
    from sailbench.store import read_summaries, replace_file

    records = [record for folder in arguments.folders for record in read_summaries(folder)]
    if arguments.format == "table" and arguments.out is None:
        _print_table(records, arguments.groups)
        return DONE
    text = FORMATS["md" if arguments.format == "table" else arguments.format](records, arguments.groups)
    if arguments.out:
        replace_file(arguments.out, text)
    else:
        print(text, end="")
    return DONE


def tasks(arguments: argparse.Namespace) -> int:
    from sailbench import registry

    if arguments.json:
        print(json.dumps(registry.listing(), ensure_ascii=False, indent=2))
        return DONE
    for line in registry.lines():
        print(line)
    return DONE


def show(arguments: argparse.Namespace) -> int:
    from sailbench import registry

    if arguments.id is None:
        for line in registry.card_lines(registry.resolve(arguments.task)):
            print(line)
        return DONE
    from sailbench import plan as planning
    from sailbench.data import Places

    places = Places.of(os.environ, arguments.data_dir, arguments.offline)
    for line in planning.shown(registry.load(arguments.task), arguments.id, places):
        print(line)
    return DONE


def models(arguments: argparse.Namespace) -> int:
    from sailbench.models import catalogue

    if arguments.json:
        print(json.dumps(catalogue.listing(), ensure_ascii=False, indent=2))
        return DONE
    for line in catalogue.lines():
        print(line)
    return DONE


if __name__ == "__main__":
    sys.exit(main())
