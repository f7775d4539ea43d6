"""Differences of runs that graded the same samples, paired sample by sample, for the page's chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sailbench.aggregate import Aggregate
from sailbench.contrast import Lines, contrast, measure_of, shared
from sailbench.report.page.samples import TaskSamples
from sailbench.report.runs import Run

# Of more runs than make so many pairs, the later ones are not paired.
MOST = 15


@dataclass(frozen=True, slots=True)
class Held:
    """A run's part of a task, as a contrast takes it."""

    record: Mapping[str, Any]
    lines: Lines


def paired(own: TaskSamples, runs: Sequence[Run], headline: Aggregate | None) -> dict[str, tuple[float, ...]]:
    """By "first,second" run: the second's value less the first's in percent of the scale, and its 95 % interval."""
    held = {
        number: Held(run.records[own.task], part.scores)
        for number, (run, part) in enumerate(zip(runs, own.runs, strict=True))
        if part and {"value", "scale"} <= run.records[own.task].keys()
    }
    found = {}
    for first, second in list(combinations(held, 2))[:MOST]:
        made = _paired(held[first], held[second], headline)
        if made is not None:
            found[f"{first},{second}"] = made
    return found


def _paired(first: Held, second: Held, headline: Aggregate | None) -> tuple[float, ...] | None:
    digests = {(own.record.get("data") or {}).get("digest") for own in (first, second)} - {None}
    if first.lines.keys() != second.lines.keys() or not first.lines or len(digests) > 1:
        return None
    measure = measure_of(headline, first, second)
    found = contrast(measure, shared(list(first.lines), first.lines, second.lines), 1, same=False)
    if found is None:
        return None
    own = found.difference
    return tuple(round(100 * share, 4) for share in (own.mean, own.lower(0.025), own.upper(0.025)))
