"""The command line: argv in, exit code out. The only room that prints or exits; every heavy import is late."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from sailbench import __version__
from sailbench.cli import (
    data,
    doctor,
    exporting,
    gating,
    judges,
    listing,
    planning,
    reporting,
    running,
    scoring,
    serving,
)
from sailbench.cli.frame import DONE, INTERRUPTED, WRONG, say
from sailbench.errors import SailbenchError

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
        say(f"sailbench: {error}", file=sys.stderr)
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
    for add in (
        running.add_run,
        scoring.add_score,
        reporting.add_report,
        reporting.add_leaderboard,
        gating.add_gate,
        gating.add_explain,
        data.add_data,
        listing.add_tasks,
        listing.add_show,
        listing.add_models,
        doctor.add_doctor,
        planning.add_plan,
        judges.add_judges,
        exporting.add_export,
        exporting.add_degrade,
        serving.add_serve,
    ):
        add(commands)
    return top
