"""`--judge` and what goes with it, and `sailbench judges`: the rubrics there are, and how good a judge is."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sailbench.cli import auditing, keys
from sailbench.cli.frame import DONE, command, positive, say, say_json
from sailbench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.judge import Judge
    from sailbench.judging import Panel, Price
    from sailbench.store import Results

# Stands where a rubric's name may stand, so no bundled rubric can have it.
AUDIT = "audit"


def add_judge_options(p: argparse.ArgumentParser) -> None:
    """What `run` can be told about judges."""
    group = p.add_argument_group("judges", "the key is read from $SAILBENCH_JUDGE_KEY or $OPENAI_API_KEY")
    group.add_argument(
        "--judge", default="none", metavar="J[,J]", help="openai:MODEL, local:PATH or none (default); several vote"
    )
    group.add_argument("--judge-url", default="https://api.openai.com/v1", metavar="URL", help="of openai: judges")
    group.add_argument("--judge-concurrency", type=positive, default=16, metavar="N", help="calls in flight (16)")
    group.add_argument("--judge-rate", type=positive, metavar="N", help="at most N calls a minute to each judge")
    group.add_argument("--judge-budget", type=float, metavar="USD", help="ask no more once this much is spent")
    group.add_argument("--judge-prices", type=Path, metavar="FILE", help="TOML: dollars a million tokens, by model")


def named(option: str) -> list[str]:
    """The judges that `--judge` names."""
    return [spec for one in option.split(",") if (spec := one.strip()) not in ("", "none")]


def panel(arguments: argparse.Namespace, results: "Results") -> "Panel | None":
    """The judges that were named, or None."""
    specs = named(arguments.judge)
    if not specs:
        return None
    from sailbench.judging import Desk, Limits, Panel
    from sailbench.models import engines

    key, known = keys.of_judge(), prices(arguments.judge_prices)
    desks = []
    for spec in specs:
        choice = engines.Choice(
            spec, offline=arguments.offline, url=arguments.judge_url, key=key, concurrency=arguments.judge_concurrency
        )
        engines.check(choice)
        model = engines.load(choice)
        limits = Limits(arguments.judge_budget, arguments.judge_rate)
        desks.append(Desk(model, results, known.get(model.name), limits))
    return Panel(desks)


def prices(path: Path | None) -> "Mapping[str, Price]":
    """A price table: `["gpt-4o-mini"]`, then `in = 0.15` and `out = 0.6`, in dollars a million tokens."""
    import tomllib

    from sailbench.judging import Price

    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {model: Price(float(own["in"]), float(own["out"])) for model, own in table.items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f'{path} is no price table: {error}; write ["MODEL"], in = 0.15, out = 0.6') from error


def add_judges(commands: "Commands") -> None:
    example = "sailbench judges mmvet\n  sailbench judges audit mmvet --labels people.jsonl"
    p = command(commands, "judges", "list the rubrics, show one, or audit a judge against labels", example)
    p.set_defaults(command=judges)
    p.usage = "sailbench judges [RUBRIC] [--json]\n       sailbench judges audit TASK --labels FILE [options]"
    p.add_argument("rubric", nargs="?", metavar="RUBRIC", help="a bundled rubric, or a file of your own")
    p.add_argument("task", nargs="?", metavar="TASK", help="audit: the task whose judge is looked at")
    p.add_argument("--json", action="store_true")
    auditing.add_options(p)


def judges(arguments: argparse.Namespace) -> int:
    from sailbench import judge

    if arguments.rubric == AUDIT:
        return auditing.audit(arguments)
    auditing.refuse_options(arguments)
    if arguments.rubric is not None:
        return _show(arguments.rubric, arguments.json)
    rubrics = [judge.load(name) for name in judge.names()]
    if arguments.json:
        say_json([_facts(own) for own in rubrics])
        return DONE
    for own in rubrics:
        kind = "extracts" if own.extracts else "labels" if own.labels else f"0 to {own.top:g}"
        sees = "sees media" if own.sees_media else ""
        print(f"{own.name:<18} {kind:<10} {own.model:<28} {sees:<10} {own.used_by}".rstrip())
    return DONE


def _show(name: str, as_json: bool) -> int:
    from sailbench import judge

    if name not in judge.names() and not name.endswith(".toml"):
        raise UsageError(f"no rubric {name!r}{did_you_mean(name, judge.names())} (`sailbench judges` lists them)")
    own = judge.load(name)
    if as_json:
        say_json(_facts(own) | {"prompt": own.prompt})
        return DONE
    for fact, value in _facts(own).items():
        say(f"{fact}: {value}")
    say(f"\n{own.prompt.strip()}")
    return DONE


def _facts(own: "Judge") -> dict[str, object]:
    return {
        "name": own.name,
        "used_by": own.used_by,
        "official_judge": own.model,
        "top": None if own.extracts or own.labels else own.top,
        "labels": dict(own.labels),
        "extracts": own.extracts,
        "sees_media": own.sees_media,
        "digest": own.digest,
    }
