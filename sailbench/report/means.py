"""The rows of a leaderboard that are no task's headline: other metrics, means of places, and means over benchmarks.

A row is named `task`, or `task:metric` for another of its numbers. The means are those of the SAIL-VL2 report
(arXiv 2509.14033, tables 8 to 10): plain means of their rows, and a mean only where every row of it is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sailbench.report.runs import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number of a run: `n` of `total` samples are graded. Of a mean (`of_rows`), `n` of `total` rows are there.

    `bounds` hold the value for any outcome of what is ungraded; None where they are not known.
    """

    value: float | None
    n: int
    total: int
    of_rows: bool = False
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    bounds: tuple[float, float] | None = None
    ungraded: int = 0
    scale: float = 100.0


# Rows made of places in several tasks' groupings: `task:grouping/place`, averaged.
# The report names RefCOCO's third set "test" only, which neither RefCOCO nor RefCOCO+ has: RefCOCOg's is taken.
OF_PLACES: Mapping[str, tuple[str, ...]] = {
    "refcoco_avg": (
        "refcoco:split/testA",
        "refcoco:split/testB",
        "refcocog:split/test",
        "refcoco_plus:split/testA",
        "refcoco_plus:split/testB",
    )
}
OPENCOMPASS = (
    "mmbench_v11_en_dev",
    "mmstar",
    "mmmu_val",
    "mathvista_mini",
    "ocrbench",
    "ai2d",
    "hallusionbench",
    "mmvet",
)
GENERAL = (
    "mmbench_v11_en_dev",
    "mme:percent",
    "mmstar",
    "realworldqa",
    "ai2d",
    "docvqa_val",
    "ocrbench",
    "mmvet",
    "hallusionbench",
    "crpe_relation:plain",
    "mmmu_val",
    "mm_ifeval",
    "refcoco_avg",
)
MATHEMATICS = (
    "logicvista",
    "mathvision",
    "mathverse_mini",
    "mathvista_mini",
    "olympiadbench_mini",
    "wemath",
    "dynamath",
)
SEVERAL_IMAGES = ("video_mme", "longvideobench_val", "tempcompass", "mmiu")
REASONING = ("mathvista_mini", "mathvision", "mathverse_mini:version/Vision Only", "dynamath", "wemath", "logicvista")
# In the order of the report; a mean's members are rows or means above it.
MEANS: Mapping[str, tuple[str, ...]] = {
    "OpenCompass avg": OPENCOMPASS,
    "General": GENERAL,
    "Math & Reasoning": MATHEMATICS,
    "Multi-image & Video": SEVERAL_IMAGES,
    "OpenSource avg": ("General", "Math & Reasoning", "Multi-image & Video"),
    "Reasoning avg": REASONING,
}


def number(records: Mapping[str, Record], row: str) -> Number | None:
    """A run's number on a row, None where the run does not have it."""
    if row in MEANS:
        return mean([number(records, member) for member in MEANS[row]])
    if row in OF_PLACES:
        return _over_places(records, OF_PLACES[row])
    task, _, metric = row.partition(":")
    if task not in records:
        return None
    grouping, slash, place = metric.partition("/")
    record = records[task]
    return _place(record, grouping, place) if slash else _metric(record, metric) if metric else _headline(record)


def _over_places(records: Mapping[str, Record], places: Sequence[str]) -> Number | None:
    own = [number(records, place) for place in places]
    made, n = mean(own), sum(one.n for one in own if one)
    ungraded = sum(records[task]["ungraded"] for task in {p.partition(":")[0] for p in places} if task in records)
    if made.value is None:
        return made if made.n else None
    return replace(made, n=n, total=n + ungraded, ungraded=ungraded, of_rows=False)


def _headline(record: Record) -> Number:
    return Number(
        value=record["value"],
        n=record["n"],
        total=record["n"] + record["ungraded"],
        stderr=record.get("stderr"),
        interval=record.get("interval"),
        bounds=record.get("bounds"),
        ungraded=record["ungraded"],
        scale=record.get("scale", 100.0),
    )


def _metric(record: Record, metric: str) -> Number | None:
    """Another number of the task; which samples it is over is the task's secret, so `n` is that of the task."""
    if metric not in record["metrics"]:
        return None
    total = record["n"] + record["ungraded"]
    return Number(value=record["metrics"][metric], n=record["n"], total=total, ungraded=record["ungraded"])


def _place(record: Record, grouping: str, place: str) -> Number | None:
    """A place's number, with its own bounds; older summaries tell only how many the whole task has ungraded."""
    places = record["groups"].get(grouping, {})
    own = places.get(place)
    if own is None:
        return None
    told = any("ungraded" in other for other in places.values())
    ungraded = own.get("ungraded", 0) if told else record["ungraded"]
    ends = own.get("bound_low"), own.get("bound_high")
    return Number(
        value=own["value"],
        n=own["n"],
        total=own["n"] + ungraded,
        stderr=own["stderr"],
        bounds=None if None in ends else ends,
        ungraded=ungraded,
        scale=record.get("scale", 100.0),
    )


def mean(members: Sequence[Number | None]) -> Number:
    """The plain mean, None unless every member has a value. Bounds hold it for any outcome of what is ungraded."""
    there = [member for member in members if member is not None and member.value is not None]
    n, total = len(there), len(members)
    if n < total or not total:
        return Number(value=None, n=n, total=total, of_rows=True)
    return Number(
        value=sum(float(member.value or 0) for member in there) / total,
        n=n,
        total=total,
        of_rows=True,
        stderr=_together([member.stderr for member in there]),
        bounds=_bounds(there),
        ungraded=sum(member.ungraded for member in there),
    )


def _together(errors: Sequence[float | None]) -> float | None:
    """The standard error of a mean of numbers that do not depend on each other."""
    known = [error for error in errors if error is not None]
    return sum(e * e for e in known) ** 0.5 / len(errors) if len(known) == len(errors) else None


def _bounds(members: Sequence[Number]) -> tuple[float, float] | None:
    if not any(member.ungraded for member in members):
        return None
    ends = [member.bounds if member.ungraded else (member.value, member.value) for member in members]
    if any(end is None for end in ends):
        return None
    low, high = (sum(float(end[i] or 0) for end in ends if end) / len(members) for i in (0, 1))
    return low, high


def reached(records: Mapping[str, Record]) -> dict[str, Number]:
    """Every mean of which a run has at least one row, whole or not."""
    found = {title: number(records, title) for title in MEANS}
    return {title: own for title, own in found.items() if own is not None and _begun(records, title)}


def _begun(records: Mapping[str, Record], title: str) -> bool:
    return any(_begun(records, row) if row in MEANS else number(records, row) for row in MEANS[title])
