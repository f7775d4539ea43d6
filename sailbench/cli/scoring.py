"""`sailbench score`: grade predictions that exist already."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli.frame import command, finished, print_table, say_json
from sailbench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.task import Task


def add_score(commands: "Commands") -> None:
    example = "sailbench score mmmu --data MMMU_DEV_VAL.tsv --predictions answers.jsonl --out scores.jsonl"
    p = command(commands, "score", "grade predictions that exist already", example)
    p.set_defaults(command=score)
    p.add_argument("task", metavar="TASK")
    p.add_argument("--data", type=Path, required=True, metavar="ROWS", help="rows in the benchmark's own columns")
    p.add_argument(
        "--predictions", type=Path, required=True, metavar="PREDS", help="JSON Lines, or VLMEvalKit's, lmms-eval's"
    )
    p.add_argument("--protocol", choices=("opencompass", "official"), help="rules (default: the task's)")
    p.add_argument("--judge", choices=("none", "stored"), default="none", help="stored: replay each line's `judge`")
    p.add_argument("--out", type=Path, metavar="FILE", help="write a line a row, as in scores.jsonl")
    p.add_argument(
        "--export",
        action="append",
        default=[],
        metavar="FORM=PATH",
        help="also write vlmevalkit=FILE.tsv, lmms-eval=FILE.jsonl or results=DIR/MODEL (for gate and explain)",
    )
    p.add_argument("--json", action="store_true", help="print the summary as JSON")
    p.add_argument("--groups", action="store_true", help="show a line for each category")
    p.add_argument("--allow-ungraded", action="store_true", help="exit 0 even if some items are ungraded")


def score(arguments: argparse.Namespace) -> int:
    from sailbench import data, predictions, registry
    from sailbench.layouts import written
    from sailbench.run import as_record, ungraded_because
    from sailbench.store import replace_lines

    exports = [written.parse(option) for option in arguments.export]
    task = registry.load(arguments.task)
    _check_rows(task)
    protocol = arguments.protocol or task.protocol
    rows = list(data.read_table(arguments.data))
    given = predictions.read_predictions(arguments.predictions)
    grades = predictions.grade_rows(task, rows, given, protocol, stored_judge=arguments.judge == "stored")
    if arguments.out:
        replace_lines(arguments.out, map(predictions.line, grades))
    graded = [g.graded for g in grades if g.graded is not None]
    record = {"model": arguments.predictions.stem, "ungraded_because": ungraded_because(graded)}
    record |= as_record(task, protocol, task.summarize(graded))
    said = predictions.matched([g.graded.sample if g.graded else None for g in grades], given)
    answers = [
        written.Answered(g.row, own.turns[-1] if own and own.turns else None, g.graded)
        for g, own in zip(grades, said, strict=True)
    ]
    lines = [predictions.line(g) for g in grades if g.graded is not None]
    for form, path in exports:
        if form == "results":
            written.results(answers, path, record, lines)
        else:
            {"vlmevalkit": written.vlmevalkit, "lmms-eval": written.lmms_eval}[form](answers, path)
    if arguments.json:
        say_json(record)
    else:
        print_table([record], arguments.groups)
    return finished([record], arguments.allow_ungraded)


def _check_rows(task: "Task") -> None:
    """UsageError for a task whose rows and grades another program makes: rows of a file are nothing to it."""
    from sailbench import data, registry

    if any(isinstance(source, data.Foreign) for source in task.sources):
        near = did_you_mean(task.name.rpartition(":")[2].lower(), registry.cards())
        raise UsageError(
            f"{task.name} is graded by another harness over rows of its own, so --data is no use; ask a model with "
            f"`sailbench run --tasks {task.name}`, or score a bundled task (`sailbench tasks`){near}"
        )
