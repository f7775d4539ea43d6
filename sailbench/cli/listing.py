"""`sailbench tasks`, `show` and `models`: what there is to choose from."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli.frame import DONE, command, say, say_json

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands


def add_tasks(commands: "Commands") -> None:
    p = command(commands, "tasks", "list the benchmarks", "sailbench tasks --json")
    p.set_defaults(command=tasks)
    p.add_argument("--json", action="store_true", help="every card as JSON")
    p.add_argument("--markdown", action="store_true", help="a table, as in the README")


def add_show(commands: "Commands") -> None:
    p = command(
        commands, "show", "show a task's card, or how one sample is asked", "sailbench show mmmu validation_Art_1"
    )
    p.set_defaults(command=show)
    p.add_argument("task", metavar="TASK")
    p.add_argument("id", nargs="?", metavar="ID")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--offline", action="store_true", help="never touch the network")


def add_models(commands: "Commands") -> None:
    p = command(commands, "models", "list the models that have a name", "sailbench models --json")
    p.set_defaults(command=models)
    p.add_argument("--json", action="store_true")


def tasks(arguments: argparse.Namespace) -> int:
    from sailbench import registry

    if arguments.json:
        say_json(registry.listing())
        return DONE
    if arguments.markdown:
        print(registry.markdown(), end="")
        return DONE
    for line in registry.lines():
        say(line)
    return DONE


def show(arguments: argparse.Namespace) -> int:
    from sailbench import registry

    if arguments.id is None:
        for line in registry.card_lines(registry.resolve(arguments.task)):
            say(line)
        return DONE
    from sailbench import plan as planning
    from sailbench.data import Places

    places = Places.of(os.environ, arguments.data_dir, arguments.offline)
    for line in planning.shown(registry.load(arguments.task), arguments.id, places):
        say(line)
    return DONE


def models(arguments: argparse.Namespace) -> int:
    from sailbench.models import catalogue

    if arguments.json:
        say_json(catalogue.listing())
        return DONE
    for line in catalogue.lines():
        say(line)
    return DONE
