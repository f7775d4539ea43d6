"""The task registry: the files of a folder are the tasks. Listing reads docstrings only and imports nothing heavy."""

import ast
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar

from sailbench import vlmeval
from sailbench.errors import TaskError, UsageError, did_you_mean
from sailbench.rows import Row
from sailbench.task import Card, Task
from sailbench.types import Sample

P = ParamSpec("P")
R = TypeVar("R")

# Families that are not benchmarks: shipped rows for demos and smoke tests.
NOT_BENCHMARKS = ("demo", "smoke")


def folder() -> Path:
    """The bundled task files: inside the wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    bundled = package / "_bundled" / "tasks"
    return bundled if bundled.is_dir() else package.parent / "tasks"


@cache
def cards() -> dict[str, Card]:
    """Every task's card by name, in alphabetical order."""
    files = sorted(p for p in folder().glob("*.py") if not p.name.startswith("_"))
    return {p.stem: card(p) for p in files}


def card(path: Path) -> Card:
    """A task file's card, without importing the file."""
    try:
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except SyntaxError as error:
        raise TaskError(f"{path}:{error.lineno}: {error.msg}") from error
    return Card.parse(docstring or path.stem)


def benchmarks() -> dict[str, Card]:
    """The cards of real benchmarks: no demos, no smoke tests."""
    return {name: card for name, card in cards().items() if card.facts.get("family") not in NOT_BENCHMARKS}


def groups() -> dict[str, list[str]]:
    """The groups that `@name` selects: those that cards name, their families, and `all`."""
    found: dict[str, list[str]] = {}
    for name, own in cards().items():
        for group in dict.fromkeys((*own.names("groups"), own.facts.get("family", ""))):
            if group:
                found.setdefault(group, []).append(name)
    return found


def select(spec: str) -> list[str]:
    """Task names and files from "mmmu,@opencompass,./mine.py,all", each once, in the order named."""
    chosen: list[str] = []
    for word in (w.strip() for w in spec.split(",")):
        chosen.extend(_named(word) if word else ())
    if not chosen:
        raise UsageError("no task named; see `sailbench tasks`")
    return list(dict.fromkeys(chosen))


def _named(word: str) -> Iterable[str]:
    if word.endswith(".py") or word.startswith(vlmeval.PREFIX):
        return [word]
    if word == "all":
        return benchmarks()
    if word.startswith("@"):
        if word[1:] not in groups():
            raise UsageError(
                f"no group {word}{did_you_mean(word[1:], groups())} (groups: {', '.join(sorted(groups()))})"
            )
        return groups()[word[1:]]
    return [resolve(word)]


def resolve(name: str) -> str:
    """A task's own name from its name or one of its aliases."""
    if name in cards():
        return name
    aliases = {alias: task for task, own in cards().items() for alias in own.names("aliases")}
    if name in aliases:
        return aliases[name]
    raise UsageError(f"no task {name!r}{did_you_mean(name, [*cards(), *aliases])} (`sailbench tasks` lists them)")


def load(name: str) -> Task:
    """The task of a name, an alias, a file path, or of one of VLMEvalKit's data sets."""
    if name.startswith(vlmeval.PREFIX):
        return vlmeval.task(name)
    path = Path(name) if name.endswith(".py") else folder() / f"{resolve(name)}.py"
    if not path.is_file():
        raise UsageError(
            f"there is no task file {path}; give the path of one (./mine.py), or a name of `sailbench tasks`"
        )
    module = _import(path)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise TaskError(f"{path} defines no TASK")
    told = replace(task, name=path.stem, card=Card.parse(module.__doc__ or path.stem))
    rules = {protocol: _located(path, rule) for protocol, rule in task.rules.items()}
    return replace(told, read=_located(path, task.read), ask=_located(path, task.ask), rules=rules)


def _located(path: Path, own: Callable[P, R]) -> Callable[P, R]:
    """What a task file brings along, with its slips told as the file's: a row in another format among them."""

    @wraps(own)
    def located(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return own(*arguments, **named)
        except SLIPS as error:
            about = next((f" (at {_named_thing(one)})" for one in arguments if _named_thing(one)), "")
            raise TaskError(f"{_place(error, path)}: {type(error).__name__}: {error}{about}") from error

    return located


def _named_thing(one: object) -> str:
    return f"row {one.number}" if isinstance(one, Row) else f"sample {one.id}" if isinstance(one, Sample) else ""


def _place(error: BaseException, path: Path) -> str:
    """The task file with the line at which it went wrong, where that is known; or the file beside it that it shares."""
    if isinstance(error, SyntaxError) and Path(error.filename or "").is_file():
        return f"{error.filename}:{error.lineno}"
    home = path.resolve().parent
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(name, line) for name, line in frames if Path(name).resolve().parent == home]
    return f"{own[-1][0]}:{own[-1][1]}" if own else str(path)


def _import(path: Path) -> ModuleType:
    """Import a task file as a module of a package that is its folder, so that files there can share readers."""
    home = path.resolve().parent
    package = f"sailbench_tasks_{abs(hash(home)):x}"
    if package not in sys.modules:
        made = ModuleType(package)
        made.__path__ = [str(home)]
        sys.modules[package] = made
    name = f"{package}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SLIPS as error:
        raise TaskError(f"{_place(error, path)}: {type(error).__name__}: {error}") from error
    return module


# What a slip in a task file raises, while it is imported or when it is used.
SLIPS = (
    *(SyntaxError, ImportError, NameError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError),
    *(AssertionError, RuntimeError),
)


def listing() -> list[dict[str, str]]:
    """Every benchmark's card as plain records, for `tasks --json`."""
    return [{"name": name, "title": own.title, **own.facts} for name, own in benchmarks().items()]


def lines() -> Iterator[str]:
    """The benchmarks by family, a line each: size, modality, judge, reference; then groups and demos."""
    families: dict[str, list[str]] = {}
    for name, own in cards().items():
        families.setdefault(own.facts.get("family", "other"), []).append(name)
    for family in sorted(families, key=lambda f: (f in NOT_BENCHMARKS, f)):
        yield f"{family} ({len(families[family])})"
        yield from (f"  {_listed(name)}" for name in families[family])
    yield f"{len(benchmarks())} benchmarks; groups: {', '.join(f'@{g}' for g in sorted(groups()))}, all"


def _listed(name: str) -> str:
    facts = cards()[name].facts
    judge = facts.get("judge", "none").split()[0].rstrip(",;")
    size, modality, paper = facts.get("size", "?"), facts.get("modality", ""), facts.get("paper", "")
    return f"{name:<24} {size:>7}  {modality:<12} judge {judge:<9} {paper}"


def markdown() -> str:
    """The benchmarks as a Markdown table, for the README."""
    rows = ["| id | benchmark | size | modality | judge | metric |", "|---|---|---|---|---|---|"]
    for name, own in benchmarks().items():
        facts = {key: value.replace("|", "\\|") for key, value in own.facts.items()}
        judge = facts.get("judge", "none").split()[0].rstrip(",;:")
        cells = (
            f"`{name}`",
            own.title,
            facts.get("size", ""),
            facts.get("modality", ""),
            judge,
            facts.get("metric", ""),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def card_lines(name: str) -> Iterator[str]:
    """A card for people."""
    own = cards()[name]
    yield f"{name}: {own.title}"
    yield from (f"  {fact}: {value}" for fact, value in own.facts.items())
    if own.notes:
        yield from ("", own.notes)
