"""What was chosen: whether each task's rows and media are at hand or can be had, who judges, the model's weights."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sailbench import registry
from sailbench.data import Places, published_tsvs
from sailbench.data.folders import find
from sailbench.data.space import human
from sailbench.doctor.finding import Finding
from sailbench.doctor.network import REFUSED, Hub, given, place
from sailbench.errors import DataError, SailbenchError
from sailbench.models import catalogue
from sailbench.models.engines import Choice
from sailbench.rows import Drawn, Source
from sailbench.rows import Hub as Split
from sailbench.task import Task

AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How what is not at hand could be had: from which hub, and whether the network answered."""

    places: Places
    hub: Hub
    reachable: bool
    judge: str = field(default="")


def tasks(spec: str, ways: Ways) -> Iterator[Finding]:
    """A line or more for each task, in the order named; what the hub has to be asked is asked at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for own in pool.map(lambda name: _task(name, ways), registry.select(spec)):
            yield from own


def _task(name: str, ways: Ways) -> list[Finding]:
    try:
        own = registry.load(name)
    except SailbenchError as error:
        return [Finding(f"task {name}", "fail", str(error))]
    check = f"task {own.name}"
    return [_data(own, name, check, ways), *_judge(own, check, ways)]


def _data(task: Task, word: str, check: str, ways: Ways) -> Finding:
    """`word` is what the user called the task, and what commands call it."""
    try:
        there = at_hand(task, ways.places)
    except (DataError, OSError) as error:
        return Finding(check, "fail", str(error))
    if there:
        return Finding(check, "ok", there)
    pull = f"`sailbench data pull {word}`"
    if ways.hub.offline or ways.places.offline:
        todo = f"{pull} where there is a network, `sailbench data pack {word} --to FILE`, and import FILE here"
        return Finding(
            check, "fail", f"its data are not in {ways.places.root}, and --offline forbids to load them", todo
        )
    return _to_be_had(task, check, ways, pull)


def _to_be_had(task: Task, check: str, ways: Ways, pull: str) -> Finding:
    """Data that are not here: from the hub, or from where their TSV files are published, which asks for no token."""
    repos = list(dict.fromkeys(one.repo for one in task.sources if isinstance(one, Split)))
    closed = [repo for repo in repos if ways.hub.access(repo) in REFUSED] if ways.reachable else []
    if repos and ways.reachable and not closed:
        return Finding(check, "warn", "its data are not here: the run downloads them", f"{pull} does it before")
    published = [[one.url for one in own] for own in published_tsvs(task.sources)]
    if published and all(any(map(given, own)) for own in published):
        where = place(published[0][0])
        return Finding(check, "warn", f"its data are not here: the run downloads {where}", f"{pull} does it before")
    if closed:
        todo = f"ask for access at {ways.hub.url}/datasets/{closed[0]}, then `hf auth login` or set HF_TOKEN"
        return Finding(check, "fail", f"its data are not here, and {closed[0]} is gated", todo)
    todo = f"mend the network, or carry them over: {pull} elsewhere, then `sailbench data pack ... --to FILE`"
    return Finding(check, "fail", "its data are not here, and where they are published cannot be reached", todo)


def at_hand(task: Task, places: Places) -> str:
    """Where the task's rows and media lie; "" if they, or some, would have to be downloaded. Nothing is read."""
    if any(isinstance(one, Drawn) for one in task.sources):
        return "its rows come with the package or are drawn"
    if places.location is not None:
        found = find(task.name, task.sources, places.location)
        return f"its rows are in {', '.join(str(one.files[0]) for one in found[:2])}"
    tsvs, mirrors = places.tsvs(task.name), published_tsvs(task.sources)
    if mirrors and all(tsvs.has(own[0]) for own in mirrors):
        return f"its rows are in {tsvs.path(mirrors[0][0])}"
    return _on_this_side_of_the_hub(task.sources, task.name, places)


def _on_this_side_of_the_hub(sources: Sequence[Source], task: str, places: Places) -> str:
    hubs = [one for one in sources if isinstance(one, Split)]
    if not hubs:
        return ""
    cache = places.hub(task)
    cache.offline = True
    for hub in hubs:
        split = cache.known(hub)
        if split is None:
            return ""
        try:
            cache.media(hub, split.commit)
        except DataError:
            return ""
    return f"its data are in {places.root}"


def _judge(task: Task, check: str, ways: Ways) -> Iterator[Finding]:
    """What the card says of judges, unless there is one."""
    if not task.rubric or ways.judge:
        return
    needed = task.card.facts.get("judge", "").startswith("required")
    todo = "pass --judge openai:MODEL or local:PATH"
    if needed:
        said = "graded by a judge, and none was chosen: samples would stay ungraded"
        yield Finding(check, "fail", said, f"{todo} (`sailbench show {task.name}` says who judged for the authors)")
    else:
        yield Finding(check, "ok", f"graded by rules; a judge may read what they cannot ({todo})")


def model(choice: Choice, ways: Ways, room: tuple[int, str]) -> Finding:
    """A model of this machine, checked for its name already: its weights, and whether they fit."""
    spec = choice.spec.removeprefix("local:")
    entry = catalogue.entry(spec)
    if spec == catalogue.RANDOM:
        return Finding("model", "ok", f"{spec} is made when it is first used")
    try:
        folder = catalogue.locate(spec, offline=True)
    except SailbenchError:
        return _to_be_fetched(spec, entry.hub if entry else spec, ways)
    return _weights(folder, room)


def _weights(folder: Path, room: tuple[int, str]) -> Finding:
    if not (folder / "config.json").is_file():
        todo = "give the folder that a checkpoint was saved to"
        return Finding(
            "model", "fail", f"{folder} has no config.json" if folder.is_dir() else f"there is no {folder}", todo
        )
    size = sum(one.stat().st_size for one in folder.rglob("*.safetensors"))
    said = f"{folder}: {human(size)} of weights"
    if size == 0:
        return Finding(
            "model", "fail", f"{folder} has no *.safetensors", "save the weights in this format: pickles are not read"
        )
    if size > room[0]:
        todo = "take a larger GPU, several (--engine vllm --tensor-parallel N), or a smaller model"
        return Finding("model", "warn", f"{said}, but {room[1]} has {human(room[0])}", todo)
    return Finding("model", "ok", said)


def _to_be_fetched(spec: str, repo: str, ways: Ways) -> Finding:
    fetch = f"`hf download {repo}`"
    if ways.hub.offline or not ways.reachable:
        why = "--offline forbids to load it" if ways.hub.offline else "the hub cannot be reached"
        return Finding(
            "model", "fail", f"{repo} is not in the hub's cache, and {why}", f"{fetch} where there is a network"
        )
    status = ways.hub.access(repo, "models")
    if status in REFUSED or status == 404:
        todo = f"look at {ways.hub.url}/{repo}: ask for access there, then `hf auth login` or set HF_TOKEN"
        return Finding("model", "fail", f"the hub does not give {repo} (status {status})", todo)
    return Finding("model", "warn", f"{spec} is not here: the run downloads {repo}", f"{fetch} does it before")
