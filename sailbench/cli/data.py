"""`sailbench data`: pull benchmarks' data, verify them, pack them for machines without network, import them there."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sailbench.cli.frame import DONE, UNGRADED, command, say
from sailbench.errors import DataError, SailbenchError, UsageError

if TYPE_CHECKING:
    from sailbench.cli.frame import Commands
    from sailbench.data import Places
    from sailbench.task import Task

EXAMPLE = """sailbench data pull mmstar,@video --dry-run
  sailbench data pull mmstar --mirror https://hf-mirror.com
  sailbench data verify mmstar
  sailbench data pack mmstar,mme --to bench.tar      # then, elsewhere: sailbench data import bench.tar"""


def add_data(commands: "Commands") -> None:
    p = command(commands, "data", "pull, verify, pack and import benchmarks' data", EXAMPLE)
    actions = p.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_pull(actions)
    _add_verify(actions)
    one = command(actions, "pack", "write pulled data into one tar file", "sailbench data pack mmstar --to bench.tar")
    _tasks(one, pack)
    one.add_argument("--to", type=Path, required=True, metavar="FILE", help="the archive to write")
    text = "take in an archive of `data pack`, or VLMEvalKit's LMUData folder"
    one = command(actions, "import", text, "sailbench data import ~/LMUData --tasks mmstar")
    one.set_defaults(command=take)
    one.add_argument("place", type=Path, metavar="FILE|DIR")
    one.add_argument("--tasks", default="all", metavar="T,T", help="of a folder, what these tasks need (default: all)")
    one.add_argument("--accept", action="store_true", help="take files that differ from what was pulled here")


def _add_pull(actions: "Commands") -> None:
    p = command(actions, "pull", "download what tasks need and lock its digests", "sailbench data pull mmstar,@video")
    _tasks(p, pull)
    p.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="URL",
        help="https://host, or https://published/=https://mirror/; before $SAILBENCH_MIRRORS; may be repeated",
    )
    p.add_argument("--accept", action="store_true", help="take what changed as it is now, and lock it")
    p.add_argument("--fetch-urls", action="store_true", help="also fetch media that rows name by a web address")
    p.add_argument("--dry-run", action="store_true", help="tell what would be downloaded, and stop")
    p.add_argument("--offline", action="store_true", help="never touch the network: lock what is there")


def _add_verify(actions: "Commands") -> None:
    text = "read everything that was pulled again, and compare it with its lock"
    p = command(actions, "verify", text, "sailbench data verify mmstar\n  sailbench data verify all --upstream")
    _tasks(p, verify)
    network = p.add_mutually_exclusive_group()
    network.add_argument(
        "--upstream", action="store_true", help="ask where the data were published whether they changed"
    )
    network.add_argument("--offline", action="store_true", help="never touch the network (as without --upstream)")


def _tasks(p: argparse.ArgumentParser, action: Any) -> None:
    p.set_defaults(command=action)
    p.add_argument("tasks", metavar="TASK,...", help="tasks, @groups, files (./mine.py), or all")


def _chosen(spec: str) -> "dict[str, Task]":
    """The tasks by the words that name them."""
    from sailbench import registry

    return {word: registry.load(word) for word in registry.select(spec)}


def _places(chosen: "Mapping[str, Task]", **more: Any) -> "Places":
    """The cache alone: a folder that SAILBENCH_DATA names is the user's, and is neither filled nor locked."""
    from sailbench.data import Places

    words = {task.name: word for word, task in chosen.items()}
    return replace(Places.of(os.environ, None), location=None, words=words, **more)


def pull(arguments: argparse.Namespace) -> int:
    from sailbench.data import Mirrors
    from sailbench.data import pull as pulling
    from sailbench.data.space import human

    mirrors = Mirrors.of(os.environ, arguments.mirror)
    chosen = _chosen(arguments.tasks)
    places = _places(chosen, mirrors=mirrors, accept=arguments.accept, offline=arguments.offline)
    needs = pulling.together(_needed(task, places) for task in chosen.values())
    free = needs.check(places.root)
    unknown = f"; the size of {needs.unknown} of them is not told" if needs.unknown else ""
    print(
        f"{len(needs.pieces)} files to download, {human(needs.coming)}{unknown}; on disk "
        f"{human(needs.disk)}, of {human(free)} free in {places.root}"
    )
    if arguments.dry_run:
        return DONE
    missing = 0
    with Bar() as bar:
        for task in chosen.values():
            pulled = _named(task, lambda own: pulling.pull(own, bar.watching(places), arguments.fetch_urls))
            missing += len(pulled.missing)
            print(f"{task.name}: {pulled.rows} rows, {len(pulled.lock.files)} files, {len(pulled.lock.media)} media")
            if pulled.missing:
                say(f"{task.name}: {len(pulled.missing)} media cannot be read, such as {pulled.missing[0]}")
    return UNGRADED if missing else DONE


def _needed(task: "Task", places: "Places") -> Any:
    from sailbench.data import pull as pulling
    from sailbench.data.space import human

    pieces = _named(task, lambda own: pulling.needed(own, places))
    size = sum(one.coming for one in pieces)
    print(f"{task.name}: " + (f"{len(pieces)} files, {human(size)}" if pieces else "all there"))
    return pieces


def _named(task: "Task", action: Any) -> Any:
    """What goes wrong with one of many tasks says with which."""
    try:
        return action(task)
    except SailbenchError as error:
        said = str(error)
        raise type(error)(said if said.startswith(f"{task.name}:") else f"{task.name}: {said}") from error


class Bar:
    """Progress on the terminal: a line a file."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (text, BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._rows: dict[str, Any] = {}

    def __enter__(self) -> "Bar":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def watching(self, places: "Places") -> "Places":
        return replace(places, progress=self.update)

    def update(self, name: str, done: int, total: int | None) -> None:
        if name not in self._rows:
            self._rows[name] = self.progress.add_task(name[-48:], total=total)
        self.progress.update(self._rows[name], completed=done, total=total)
        if total is not None and done >= total:
            self.progress.remove_task(self._rows.pop(name))


def verify(arguments: argparse.Namespace) -> int:
    wrong, chosen = 0, _chosen(arguments.tasks)
    with Bar() as bar:
        places = bar.watching(_places(chosen, offline=not arguments.upstream))
        for task in chosen.values():
            wrong += _verified(task, places)
    if wrong:
        raise DataError(f"{wrong} files or media are not what was pulled")
    return DONE


def _verified(task: "Task", places: "Places") -> int:
    """How many files and media differ; each of them is named."""
    from sailbench.data import pull as pulling
    from sailbench.data import upstream

    found = _named(task, lambda own: list(pulling.verify(own, replace(places, offline=True))))
    if not found and not places.offline:
        found = _named(task, lambda own: list(upstream.changed(own, places)))
    as_pulled = "as it was pulled" if places.offline else "as it was pulled, and as it is published"
    print(f"{task.name}: " + (f"{len(found)} differ" if found else as_pulled))
    for line in found[:20]:
        say(f"  {line}", file=sys.stderr)
    if found:
        pull = f"sailbench data pull {places.word(task.name)}"
        print(f"  `{pull}` fetches what is missing, `{pull} --accept` takes the rest as it is now", file=sys.stderr)
    return len(found)


def pack(arguments: argparse.Namespace) -> int:
    from sailbench.data import pack as packing
    from sailbench.data.space import human

    chosen = _chosen(arguments.tasks)
    names = [task.name for task in chosen.values()]
    size = packing.pack(names, _places(chosen), arguments.to)
    print(f"{len(names)} tasks, {human(size)}, in {arguments.to}")
    return DONE


def take(arguments: argparse.Namespace) -> int:
    from sailbench.data import lmudata
    from sailbench.data import pack as packing

    place = arguments.place
    if not place.exists():
        raise UsageError(f"there is no {place}; give an archive of `sailbench data pack`, or an LMUData folder")
    if place.is_file():
        imported = packing.unpack(place, _places({}).root, arguments.accept)
        print(f"{imported.files} files are new; locked: {', '.join(imported.tasks)}")
        return DONE
    chosen = _chosen(arguments.tasks)
    places = _places(chosen, accept=arguments.accept, offline=True)
    return _take_folder(lmudata.take(place, list(chosen.values()), places), place)


def _take_folder(taken: Any, place: Path) -> int:
    from sailbench.data.space import human

    count = 0
    for own in taken:
        count += 1
        images = f" and {own.images} images" if own.images else ""
        say(f"{own.task}: {own.name}, {human(own.size)}{images}")
    if not count:
        raise DataError(f"{place} holds no file that the chosen tasks are published in")
    print("`sailbench data pull TASK --offline` locks what was taken in")
    return DONE
