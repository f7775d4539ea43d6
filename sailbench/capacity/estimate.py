"""From questions to figures: requests a task, seconds and GPU-hours, a judge's calls and money, disk."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sailbench import judge, registry
from sailbench.capacity import requests
from sailbench.capacity.gpus import Gpu
from sailbench.capacity.requests import Rate, Sources
from sailbench.capacity.roofline import MOST_ROWS, Efficiency, Engine, Network
from sailbench.capacity.simulation import Workers
from sailbench.errors import ModelError, UsageError
from sailbench.judging import CHARACTERS_A_TOKEN, Price
from sailbench.models import catalogue
from sailbench.models.sail.config import SailConfig
from sailbench.rows import Tsv
from sailbench.task import Task

VERDICT_TOKENS = 16  # of a judge's reply, as `run --dry-run` counts them
QUESTION_TOKENS = 100  # of the question and the reference answer that a judge is shown
LOAD_SECONDS = 120.0  # from a worker's start to its first request
MOST_REQUESTS = 500_000  # that are simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is planned: tasks, a model, GPUs of a kind in workers of `gpus_a_worker`, a judge and its price.

    `tsvs` is the folder of downloaded TSV files.
    """

    tasks: Sequence[str]
    model: str
    gpu: Gpu
    gpus: int
    workers: int
    gpus_a_worker: float
    sources: Sources
    judge: str = ""
    price: Price | None = None
    limit: int | None = None
    answer_tokens: int | None = None
    tsvs: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A judge's calls for a task, at most, and the tokens of each."""

    calls: int
    tokens_in: float
    tokens_out: float
    basis: str

    def money(self, price: Price) -> float:
        return self.calls * (self.tokens_in * price.tokens_in + self.tokens_out * price.tokens_out) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A task's part. `seconds` are one worker's for one request, `latency` those from its start to its answer.

    `data_bytes` is None for data that is not here yet, `longest` the most tokens that an answer may have.
    """

    task: str
    requests: int
    rate: Rate
    seconds: float
    latency: float
    judging: Judging | None
    data_bytes: int | None
    longest: int = catalogue.DIRECT_TOKENS

    @property
    def work(self) -> float:
        """Seconds of one worker."""
        return self.requests * self.seconds

    @property
    def stored_bytes(self) -> float:
        usual = requests.STORED_BYTES + 4 * self.rate.tokens_out
        return self.requests * (self.rate.stored if self.rate.stored is not None else usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Every task's part, what could not be counted and why, and what the figures rest on."""

    question: Question
    lines: tuple[Line, ...]
    left_out: Mapping[str, str]
    assumptions: tuple[str, ...]
    weight_bytes: int | None

    @property
    def requests(self) -> int:
        return sum(line.requests for line in self.lines)

    @property
    def work(self) -> float:
        return sum(line.work for line in self.lines)

    @property
    def gpu_hours(self) -> float:
        return self.work * self.question.gpus_a_worker / 3600

    @property
    def hours(self) -> float:
        """Workers kept busy to the end, and their start; stragglers and failures come with the simulation."""
        longest = max((line.latency for line in self.lines), default=0.0)
        return (LOAD_SECONDS + max(self.work / self.question.workers, longest)) / 3600

    @property
    def judge_calls(self) -> int:
        return sum(line.judging.calls for line in self.lines if line.judging)

    @property
    def money(self) -> float | None:
        """Dollars for the judge, at most; None where its price is not known."""
        price = self.question.price
        return None if price is None else sum(line.judging.money(price) for line in self.lines if line.judging)

    @property
    def rows(self) -> int:
        """How many requests a worker answers at once, on the whole: what turns its seconds into latencies."""
        latency = sum(line.requests * line.latency for line in self.lines)
        return max(1, round(latency / self.work)) if self.work else 1

    def costs(self, seed: int) -> list[float]:
        """Seconds of a worker for every request, spread as measured, or as assumed."""
        chance, kept = random.Random(seed), min(1.0, MOST_REQUESTS / max(1, self.requests))
        return [cost / kept for line in self.lines for cost in _spread(line, round(line.requests * kept), chance)]

    def cluster(self, count: int, mean_life: float | None, slow: float) -> Workers:
        """So many workers as they would do this work, each living so many hours, a share of them slow."""
        return Workers(count=count, rows=self.rows, start=LOAD_SECONDS, hours_between_failures=mean_life, slow=slow)


def estimate(question: Question) -> Estimate:
    """The whole estimate. Raises UsageError or ModelError where nothing is known to make one from."""
    rates = requests.known(question.sources)
    config, why = _config(question.model)
    engine = None if config is None else Engine(Network.of(config), question.gpu, question.gpus_a_worker)
    lines, left_out = [], {}
    for name in question.tasks:
        made = _line(registry.load(name), question, rates, (config, engine))
        if isinstance(made, Line):
            lines.append(made)
        else:
            left_out[name] = made
    if not lines:
        reasons = "; ".join(dict.fromkeys(left_out.values()))
        raise UsageError(f"nothing can be estimated: {reasons}{f' ({why})' if why else ''}")
    weights = engine.network.weight_bytes if engine else None
    return Estimate(
        question=question,
        lines=tuple(lines),
        left_out=left_out,
        assumptions=tuple(_assumptions(question, lines, engine)),
        weight_bytes=weights,
    )


def _config(model: str) -> tuple[SailConfig | None, str]:
    """The model's configuration from the catalogue or its folder, or why there is none."""
    entry = catalogue.entry(model)
    try:
        if entry is not None and entry.config:
            return SailConfig.parse(entry.config), ""
        if Path(model).is_dir():
            return SailConfig.load(Path(model)), ""
    except ModelError as error:
        return None, str(error)
    return None, f"no configuration of {model} is at hand"


def size(task: Task) -> int | None:
    """The number of requests by the card; None where it says none."""
    found = re.match(r"\d+", task.card.facts.get("size", ""))
    return int(found[0]) if found else None


def _line(
    task: Task, question: Question, rates: Mapping[str, Rate], model: tuple[SailConfig | None, Engine | None]
) -> Line | str:
    """A task's part, or why there is none."""
    config, engine = model
    modality = task.card.facts.get("modality", "image")
    entry = catalogue.entry(question.model)
    usual = requests.REASONING_TOKENS if entry and entry.thinking else requests.ANSWER_TOKENS
    rate = rates.get(task.name) or rates.get("default")
    if rate is None and config is not None:
        rate = requests.assumed(modality, config, question.answer_tokens or usual)
    if rate is None:
        return "neither measured rates nor a configuration (--from, --rates)"
    count = size(task) if size(task) is not None else rate.n
    if count is None:
        return "its size is not known"
    count = min(count, question.limit or count)
    if rate.seconds is not None:
        seconds, latency = rate.seconds, rate.seconds * question.sources.in_flight
    elif engine is not None:
        seconds, latency = _by_roofline(engine, rate)
    else:
        return "no measured seconds and no configuration for a roofline"
    return Line(
        task=task.name,
        requests=count,
        rate=rate,
        seconds=seconds,
        latency=latency,
        judging=_judging(task, count, rate),
        data_bytes=_data_bytes(task, question.tsvs),
        longest=entry.max_tokens if entry else catalogue.DIRECT_TOKENS,
    )


def _by_roofline(engine: Engine, rate: Rate) -> tuple[float, float]:
    """A worker's seconds for the request, and its latency: reading is done one after another, writing together."""
    tiles = max(0.0, rate.tokens_in - requests.TEXT_TOKENS) / engine.network.tile_slots
    reading, writing = engine.reading(rate.tokens_in, tiles), engine.writing(rate.tokens_in, rate.tokens_out)
    return reading + writing, reading + writing * engine.rows(rate.tokens_in + rate.tokens_out)


def _judging(task: Task, count: int, rate: Rate) -> Judging | None:
    """As measured where a run was judged; else one call a request, or none where rules suffice."""
    need = task.card.facts.get("judge", "none").split()[0].rstrip(",;:(")
    if need == "none" or not task.rubric:
        return None
    measured = rate.judge.get("calls")
    if measured:
        tokens = float(rate.judge["tokens"]) / measured - VERDICT_TOKENS
        calls = round(count * measured / rate.judge["of"])
        return Judging(calls=calls, tokens_in=tokens, tokens_out=VERDICT_TOKENS, basis="measured")
    tokens = len(judge.load(task.rubric).prompt) / CHARACTERS_A_TOKEN + QUESTION_TOKENS + rate.tokens_out
    basis = "a call a request" if need == "required" else "at most a call a request: rules come first"
    return Judging(calls=count, tokens_in=tokens, tokens_out=VERDICT_TOKENS, basis=basis)


def _data_bytes(task: Task, folder: Path | None) -> int | None:
    """The size of the task's TSV files, if they are here."""
    names = {source.name for source in task.sources if isinstance(source, Tsv)}
    files = [folder / name for name in names] if folder else []
    return sum(file.stat().st_size for file in files) if files and all(file.is_file() for file in files) else None


def _assumptions(question: Question, lines: Sequence[Line], engine: Engine | None) -> Iterator[str]:
    if engine is not None and any(line.rate.seconds is None for line in lines):
        gpu = question.gpu
        peaks = f"{gpu.flops / 1e12:g} TFLOP/s dense BF16, {gpu.bandwidth / 1e12:g} TB/s ({gpu.source})"
        yield f"speed by roofline of the configuration on {gpu.name}: {peaks}; assumed {Efficiency()}"
        yield f"at most {MOST_ROWS} answers written together on a worker, as its memory allows"
    if any(line.rate.basis.startswith("assumed") for line in lines):
        width, height = requests.PICTURE
        several = requests.PICTURES["multi_image"]
        yield (
            f"assumed media where nothing was measured: a picture of {width}x{height} (several: {several} of them), "
            f"{requests.FRAMES} frames of a video"
        )
    if any(line.rate.seconds is not None for line in lines):
        yield f"measured seconds overlap: {question.sources.in_flight} requests at a time (--in-flight)"
    if any(line.judging for line in lines):
        shown = f"{QUESTION_TOKENS} tokens for question and reference, {VERDICT_TOKENS} of verdict"
        yield f"judge calls where none were measured: rubric and answer, {shown}"
    yield f"{LOAD_SECONDS:g} s from a worker's start to its first request"


def _spread(line: Line, count: int, chance: random.Random) -> list[float]:
    """Costs around the line's: drawn from what was measured, else lognormal, none beyond the longest answer allowed."""
    if line.rate.shape:
        return [line.seconds * one for one in chance.choices(line.rate.shape, k=count)]
    most = line.longest / line.rate.tokens_out if line.rate.tokens_out else 1.0
    drawn = [min(most, chance.lognormvariate(0, requests.SPREAD)) for _ in range(count)]
    mean = sum(drawn) / count if count else 1.0
    return [line.seconds * one / mean for one in drawn]
