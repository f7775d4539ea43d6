"""Published scores (`results/reference/*.json`) and what may make them differ from a run's: protocol, judge, coverage.

A file is one table of a paper: its source, the rules and the judge it was made with, its rows by our names, and the
scores and printed means of each model.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sailbench import registry
from sailbench.errors import StoreError
from sailbench.report.means import MEANS, OF_PLACES, number
from sailbench.report.runs import Record

# What a mark beside a difference says.
MARKS = {
    "p": "protocol differs, or what was published is not known to be this number",
    "j": "judge differs",
    "n": "coverage differs: not the same number of samples, or some are ungraded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One published table; `rows` holds title, number of samples and doubts of each row."""

    source: str
    url: str
    protocol: str
    judge: str
    notes: Sequence[str]
    rows: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, str]
    scores: Mapping[str, Mapping[str, float]]
    means: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Published:
    """A published number and the table it is in."""

    value: float
    table: Table


def folder() -> Path:
    """The bundled tables: inside the wheel, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    bundled = package / "_bundled" / "reference"
    return bundled if bundled.is_dir() else package.parent / "results" / "reference"


def read_tables(place: Path) -> tuple[Table, ...]:
    """The tables of a folder, in the order of the numbers in their names; none where there is no folder."""
    return tuple(_read(path) for path in sorted(place.glob("*.json"), key=_order))


def _order(path: Path) -> list[tuple[int, str]]:
    return [(int(digits or 0), letters) for letters, digits in re.findall(r"(\D*)(\d*)", path.stem)]


def _read(path: Path) -> Table:
    try:
        return Table(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{path} is not a table of published scores: {error}") from error


@cache
def bundled() -> tuple[Table, ...]:
    return read_tables(folder())


def published(tables: Sequence[Table], model: str, row: str) -> Published | None:
    """A model's number on a row, or its printed mean, from the first table that has it."""
    wanted = _spelled(model)
    for table in tables:
        for name, title in table.models.items():
            own = table.means if row in MEANS else table.scores
            if wanted in (_spelled(name), _spelled(title)) and row in own[name]:
                return Published(own[name][row], table)
    return None


def _spelled(model: str) -> str:
    """A model's name without what spellings differ in: the folder in brackets, case, punctuation, its owner."""
    return re.sub(r"[^a-z0-9]+", "", model.partition(" (")[0].rpartition("/")[2].lower())


def marks(records: Mapping[str, Record], row: str, table: Table) -> str:
    """Which of `MARKS` hold for a run's number on a row; of a mean, those of any of its rows."""
    if row in MEANS:
        found = {mark for member in MEANS[row] for mark in marks(records, member, table)}
        return "".join(mark for mark in MARKS if mark in found)
    record = records.get(_task(row))
    if record is None:
        return ""
    own = table.rows.get(row, {})
    told = {
        "p": record["protocol"] != table.protocol or bool(own.get("differs")),
        "j": _judged(_task(row)) and (record.get("judge") or {}).get("model") != table.judge,
        "n": bool(record["ungraded"]) or _counts_other(records, row, own.get("n")),
    }
    return "".join(mark for mark in MARKS if told[mark])


def _task(row: str) -> str:
    return OF_PLACES.get(row, (row,))[0].partition(":")[0]


def _judged(task: str) -> bool:
    """Whether a judge has a say in the published number, as the task's card tells."""
    own = registry.cards().get(task)
    return own is not None and not own.facts.get("judge", "none").startswith("none")


def _counts_other(records: Mapping[str, Record], row: str, n: int | None) -> bool:
    """Whether the run's number is over another count of samples than the published one, as far as that is known."""
    ours = number(records, row)
    return n is not None and ours is not None and ours.n != n
