"""`sailbench doctor`: what this machine has, and what is missing for the model, tasks and judges chosen."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli import judges, keys
from sailbench.cli.frame import DONE, WRONG, command, say, say_json

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.doctor import Asked


def add_doctor(commands: "Commands") -> None:
    example = "sailbench doctor\n  sailbench doctor --tasks mmmu_val,mmvet --model sailvl2-2b --judge openai:gpt-4o"
    p = command(commands, "doctor", "check this machine, and what is missing for what is chosen", example)
    p.set_defaults(command=doctor)
    p.add_argument("--tasks", default="", metavar="T,T", help="tasks, @groups, files (./mine.py), or all")
    p.add_argument("--model", metavar="M", help="as for `sailbench run`")
    p.add_argument("--url", default="", metavar="URL", help="the server of --model openai:NAME")
    p.add_argument("--engine", default="torch", metavar="E", help="torch (default), hf, lmdeploy, vllm or remote:URL")
    p.add_argument("--judge", default="none", metavar="J[,J]", help="openai:MODEL, local:PATH or none (default)")
    p.add_argument("--judge-url", default="https://api.openai.com/v1", metavar="URL", help="of openai: judges")
    p.add_argument("--data-dir", type=Path, metavar="DIR", help="downloaded data (default: $SAILBENCH_DATA)")
    p.add_argument("--offline", action="store_true", help="never touch the network")
    p.add_argument("--json", action="store_true", help="print the findings as JSON")


def doctor(arguments: argparse.Namespace) -> int:
    """Lines appear as they are found; exit code 2 when something fails."""
    from sailbench import registry
    from sailbench.doctor import examine

    names = registry.select(arguments.tasks) if arguments.tasks else []  # a slip there is told before anything else
    found = []
    for one in examine(_asked(arguments)):
        found.append(one)
        if not arguments.json:
            say(one.line(max(14, *(len(name) + 5 for name in names), 0)), flush=True)
    failed = sum(one.state == "fail" for one in found)
    if arguments.json:
        say_json({"fit": not failed, "findings": [one.record() for one in found]})
    else:
        warned = sum(one.state == "warn" for one in found)
        print(f"{len(found)} checks, {warned} to look at, {failed} in the way")
    return WRONG if failed else DONE


def _asked(arguments: argparse.Namespace) -> "Asked":
    from sailbench.data import Places
    from sailbench.doctor import Asked
    from sailbench.models.engines import Choice

    model = Choice(arguments.model or "", engine=arguments.engine, url=arguments.url, key=keys.of_model())
    return Asked(
        places=Places.of(os.environ, arguments.data_dir, arguments.offline),
        tasks=arguments.tasks,
        model=model if arguments.model else None,
        judges=tuple(
            Choice(spec, url=arguments.judge_url, key=keys.of_judge()) for spec in judges.named(arguments.judge)
        ),
        environ=os.environ,
    )
