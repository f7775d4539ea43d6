"""The command line of the recipe: `python -m recipes.nano --help`."""

import argparse
from dataclasses import replace
from pathlib import Path

from recipes.nano import course, export, smoke
from recipes.nano.stages import BY_NAME, STAGES

EXAMPLES = """examples:
  python -m recipes.nano train --out out/nano               all stages, going on where an earlier try stopped
  python -m recipes.nano train --out out/tiny --miniature   every stage for a few steps, on a much smaller model
  python -m recipes.nano table --out out/nano               what each stage gained, scored by sailbench
  python -m recipes.nano export --out out/nano --to sailbench/models/nano
  python -m recipes.nano smoke                              draw the smoke tasks' rows anew
"""


def main() -> None:
    parser = argparse.ArgumentParser("recipes.nano", epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    own = {name: commands.add_parser(name) for name in ("train", "table", "export", "smoke")}
    for name in ("train", "table", "export"):
        own[name].add_argument("--out", type=Path, required=True, help="the folder of states, logs and checkpoints")
    own["train"].add_argument("--seed", type=int, default=0)
    own["train"].add_argument("--workers", type=int, default=2, help="processes of one thread each")
    own["train"].add_argument(
        "--miniature", action="store_true", help="minutes instead of hours, learns next to nothing"
    )
    own["train"].add_argument("--steps", type=float, default=1.0, help="all stages' steps times this")
    own["export"].add_argument("--stage", choices=list(BY_NAME), default=STAGES[-1].name)
    own["export"].add_argument("--to", type=Path, required=True)
    asked = parser.parse_args()
    if asked.command == "smoke":
        smoke.write()
    elif asked.command == "train":
        size = course.MINIATURE if asked.miniature else course.FULL
        stages = course.miniature() if asked.miniature else STAGES
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * asked.steps))) for stage in stages)
        course.run(asked.out, stages, size, seed=asked.seed, workers=asked.workers)
    elif asked.command == "table":
        print(course.table(asked.out))
    else:
        export.write(course.after(asked.out, BY_NAME[asked.stage]), asked.out / "base", asked.to)


if __name__ == "__main__":
    main()
