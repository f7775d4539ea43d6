"""What one request of a task is like: tokens in and out, tiles, seconds; and what that is known from.

The best of these counts: a rates file, a finished run, an assumption. Assumed are the media a modality has, at a
stated size, looked at as the model would look at them, and the length of answers.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sailbench.errors import UsageError
from sailbench.models.sail import chat, tiling
from sailbench.models.sail.config import SailConfig
from sailbench.report.runs import Run, read_runs
from sailbench.types import Kind, Media, Request

# What is assumed where nothing was measured. Every one of these is shown with the estimate.
PICTURE = (1024, 768)
PICTURES = {"image": 1, "multi_image": 4}  # of a request, by modality
FRAMES = 16
TEXT_TOKENS = 100
ANSWER_TOKENS, REASONING_TOKENS = 32, 1500
SPREAD = 0.8  # of the logarithm of a request's cost
STORED_BYTES = 600  # of an answer and its grade in the results, besides four bytes a token of the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A task's usual request. `seconds` of one worker, where they were measured on the hardware that is planned for;
    `shape` are requests' costs relative to their mean, where they are known; `n` is how many requests the data has.
    """

    tokens_in: float
    tokens_out: float
    basis: str
    seconds: float | None = None
    shape: tuple[float, ...] = ()
    n: int | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)
    stored: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where rates come from: finished runs, a rates file, and for whom they are wanted: the model and the hardware.

    `in_flight` is how many requests an engine of those runs answered at once, whose seconds overlap.
    """

    model: str
    hardware: str = ""
    runs: Sequence[Path] = ()
    file: Path | None = None
    in_flight: int = 1


def known(sources: Sources) -> dict[str, Rate]:
    """Rates by task; "default" is everyone's who has none of its own."""
    rates: dict[str, Rate] = {}
    for run in read_runs(sources.runs) if sources.runs else ():
        for task in run.records:
            rate = _measured(run, task, sources)
            if rate is not None:
                rates[task] = rate
    return rates | (_stated(sources.file) if sources.file else {})


def _measured(run: Run, task: str, sources: Sources) -> Rate | None:
    record = run.records[task]
    lines = _journal(run.folder / f"{task}.jsonl")
    if not lines:
        return None
    count = len(lines)
    basis = f"{count} answers in {run.folder}"
    here = bool(sources.hardware) and sources.hardware.lower() in str(record.get("hardware", "")).lower()
    seconds = None
    if here and record["model"] == sources.model:
        together = min(count, sources.in_flight)
        seconds = sum(line["seconds"] for line in lines) / count / together
        basis += f" on {record['hardware']}, {together} at a time"
    weights = [line["seconds"] if seconds else line["tokens_out"] for line in lines]
    mean = sum(weights) / count
    return Rate(
        tokens_in=sum(line["tokens_in"] for line in lines) / count,
        tokens_out=sum(line["tokens_out"] for line in lines) / count,
        basis=basis if seconds else f"tokens of {basis}",
        seconds=seconds,
        shape=tuple(weight / mean for weight in weights) if mean else (),
        n=(record.get("data") or {}).get("n"),
        judge={**(record.get("judge") or {}), "of": count},
        stored=sum(path.stat().st_size for path in run.folder.glob(f"{task}.*")) / count,
    )


def _journal(path: Path) -> list[dict[str, Any]]:
    """The answers that came, the last of each key."""
    if not path.is_file():
        return []
    lines: dict[str, dict[str, Any]] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            line = json.loads(text)
            if line["error"] is None:
                lines[line["key"]] = line
        except (ValueError, KeyError, TypeError):  # a torn line, as a killed run leaves it
            continue
    return list(lines.values())


def _stated(path: Path) -> dict[str, Rate]:
    """A rates file: `[TASK]` or `[default]`, then tokens_in, tokens_out, and perhaps seconds, n and source."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {task: _of_table(own, path) for task, own in tables.items()}
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        hint = "write [TASK] or [default], tokens_in = 1800, tokens_out = 40, and perhaps seconds = 0.1 (of one worker)"
        raise UsageError(f"{path} is no file of rates: {error}; {hint}") from error


def _of_table(own: Mapping[str, Any], path: Path) -> Rate:
    return Rate(
        tokens_in=float(own["tokens_in"]),
        tokens_out=float(own["tokens_out"]),
        basis=str(own.get("source", path.name)),
        seconds=float(own["seconds"]) if "seconds" in own else None,
        n=int(own["n"]) if "n" in own else None,
    )


def tiles_of(modality: str, config: SailConfig) -> int:
    """Tiles of a request of this modality with the assumed media, as the model would cut them."""
    video = modality == "video"
    kind: Kind = "video" if video else "image"
    media = (Media(kind, "", "assumed"),) * (1 if video else PICTURES.get(modality, 1))
    request = Request(turns=("",), media=media)
    counts = [FRAMES] if video else [1] * len(media)
    side = config.image_size
    size = (side, side) if video else PICTURE
    return sum(tiling.count(size, view, side) for view in chat.views(request, counts, True))


def assumed(modality: str, config: SailConfig, answer_tokens: int) -> Rate:
    """A request of which nothing was measured."""
    tiles = tiles_of(modality, config)
    return Rate(
        tokens_in=float(tiles * config.slots_per_tile + TEXT_TOKENS),
        tokens_out=float(answer_tokens),
        basis=f"assumed: {tiles} tiles, {TEXT_TOKENS} tokens of text, {answer_tokens} of answer",
    )
