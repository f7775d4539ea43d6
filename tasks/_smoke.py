"""What the smoke tasks share: rows from a Parquet file inside the package, a rule for replies of a word or a number."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import as_file, files
from typing import Any

from sailbench.families import rule, whole_reply
from sailbench.rows import Drawn, Row
from sailbench.types import Sample, Sampling

SHORT = Sampling(max_tokens=32, detail="frame")  # one tile: as large as the pictures are


def shipped(name: str) -> tuple[Drawn, ...]:
    """The rows of sailbench/smoke/NAME.parquet, which recipes/nano draws from a fixed seed."""
    return (Drawn(rows=lambda: _rows(name)),)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet

    with as_file(files("sailbench") / "smoke" / f"{name}.parquet") as path:
        yield from parquet.read_table(path).to_pylist()


def reader(group: str = "", **fields: Callable[[Row], Any]) -> Callable[[Row], Sample]:
    """Reads a row into a sample, grouped by the column `group`; `fields` tell what a task reads in a way of its own."""

    def read(row: Row) -> Sample:
        sample = Sample(
            id=row.text("id"),
            question=row.text("question"),
            target=row.text("answer"),
            media=(*row.images("image", "images"), *row.videos("video")),
            group={group: row.text(group)} if group else {},
        )
        return replace(sample, **{name: field(row) for name, field in fields.items()})

    return read


def is_said(said: str, sample: Sample) -> float:
    """Letter case and a full stop aside, the reply is the answer and nothing else."""
    return float(said.casefold().rstrip(".").strip() == sample.target.casefold())


by_word = rule(whole_reply, is_said)
