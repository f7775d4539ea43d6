"""The command line of the recipe: `python -m recipes.nano --help`."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from recipes.nano import course, export, smoke, soup
from recipes.nano.stages import BY_NAME, STAGES, Stage
from sailbench.errors import ModelError

EXAMPLES = """examples:
  python -m recipes.nano train --out out/nano               all stages, going on where an earlier try stopped
  python -m recipes.nano train --out out/tiny --miniature   every stage for a few steps, on a much smaller model
  python -m recipes.nano train --out out/ada --search-rate adapter   AdaLRS looks for the rate of this stage
  python -m recipes.nano table --out out/nano               what each stage gained, scored by sailbench
  python -m recipes.nano export --out out/nano --to sailbench/models/nano
  python -m recipes.nano soup out/one out/two --to out/soup the mean of exported checkpoints
  python -m recipes.nano smoke                              draw the smoke tasks' rows anew
"""


def main() -> None:
    parser = _parser()
    asked = parser.parse_args()
    try:
        COMMANDS[asked.command](asked)
    except ModelError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("recipes.nano", epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    own = {name: commands.add_parser(name) for name in COMMANDS}
    for name in ("train", "table", "export"):
        own[name].add_argument("--out", type=Path, required=True, help="the folder of states, logs and checkpoints")
    train = own["train"]
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    train.add_argument("--miniature", action="store_true", help="minutes instead of hours, learns next to nothing")
    train.add_argument("--steps", type=float, default=1.0, help="all stages' steps times this")
    searchable = [stage.name for stage in STAGES if stage.kind != "rewards"]
    train.add_argument("--search-rate", nargs="+", choices=searchable, default=[], metavar="STAGE", help="by AdaLRS")
    own["export"].add_argument("--stage", choices=list(BY_NAME), default=STAGES[-1].name)
    own["export"].add_argument("--to", type=Path, required=True)
    own["soup"].add_argument("checkpoints", type=Path, nargs="+", help="exported folders of one shape")
    own["soup"].add_argument("--to", type=Path, required=True)
    return parser


def _train(asked: argparse.Namespace) -> None:
    size = course.MINIATURE if asked.miniature else course.FULL
    stages = [_changed(stage, asked) for stage in (course.miniature() if asked.miniature else STAGES)]
    course.run(asked.out, stages, size, seed=asked.seed, workers=asked.workers)


def _changed(stage: Stage, asked: argparse.Namespace) -> Stage:
    steps = max(1, round(stage.steps * asked.steps))
    return replace(stage, steps=steps, search=max(3, steps // 15) if stage.name in asked.search_rate else 0)


def _table(asked: argparse.Namespace) -> None:
    print(course.table(asked.out))


def _export(asked: argparse.Namespace) -> None:
    export.write(course.after(asked.out, BY_NAME[asked.stage]), asked.out / "base", asked.to)


def _soup(asked: argparse.Namespace) -> None:
    soup.write(asked.checkpoints, asked.to)


def _smoke(_: argparse.Namespace) -> None:
    smoke.write()


COMMANDS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "train": _train,
    "table": _table,
    "export": _export,
    "soup": _soup,
    "smoke": _smoke,
}

if __name__ == "__main__":
    main()
