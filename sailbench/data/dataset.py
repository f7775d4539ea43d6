"""The rows of one benchmark with where they came from, for the summary's `data` field."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from sailbench.data.download import Digests
from sailbench.data.locks import Guard
from sailbench.data.shelf import Shelf
from sailbench.data.tables import Table
from sailbench.errors import DataError
from sailbench.rows import Drawn, Row


class Part(NamedTuple):
    """A table of a data set; `root` is where its media paths start, `digest` its content's if that is known."""

    table: Table
    root: Path | None
    name: str = ""
    digest: str | None = None


class DataSet:
    """Rows in order, of all parts. Nothing is read before it is asked for, and rows can be read again."""

    def __init__(self, parts: Sequence[Part], source: str, revision: str | None = None) -> None:
        self.parts = tuple(parts)
        self.source = source
        self.revision = revision
        # Where media's digests come from, and what is asked for addresses in rows.
        self.guard: Guard | None = None

    @classmethod
    def drawn(cls, source: Drawn) -> "DataSet":
        rows = _DrawnTable([dict(row) for row in source.rows()])
        return cls([Part(rows, None, "", rows.digest)], source="drawn in code", revision=source.version)

    def __len__(self) -> int:
        return sum(len(part.table) for part in self.parts)

    def __iter__(self) -> Iterator[Row]:
        number = 0
        shelves = {part.root: Shelf(part.root) for part in self.parts if part.root is not None}
        for part in self.parts:
            for columns in _told(part.table):
                row = Row(columns, part.root, number)
                row.part = part.name
                if part.root is not None:
                    find = shelves[part.root].find
                    row.find = find if self.guard is None else self.guard.finding(find)
                if self.guard is not None:
                    row.digest_of = self.guard.digest_of
                yield row
                number += 1

    @property
    def rows(self) -> Iterator[Row]:
        return iter(self)

    @cached_property
    def digest(self) -> str:
        """Of the rows' content: a file's SHA-256, a commit as `git:...`, of several parts the SHA-256 of theirs."""
        own = [part.digest or Digests.of(part.table.path).sha256 for part in self.parts]
        distinct = list(dict.fromkeys(own))
        return distinct[0] if len(distinct) == 1 else hashlib.sha256("\n".join(own).encode()).hexdigest()

    def facts(self) -> dict[str, Any]:
        return {"source": self.source, "revision": self.revision, "digest": self.digest, "n": len(self)}


def _told(table: Table) -> Iterator[dict[str, Any]]:
    """The table's rows; what its parser stumbles over is the user's to mend, not a crash."""
    try:
        yield from table
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {table.path}: {' '.join(str(error).split())}") from error


class _DrawnTable:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.path = Path("drawn")
        self.own = rows

    def __len__(self) -> int:
        return len(self.own)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.own)

    @property
    def digest(self) -> str:
        text = json.dumps(self.own, default=lambda held: hashlib.sha256(held).hexdigest(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
