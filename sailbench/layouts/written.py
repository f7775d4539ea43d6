"""Graded answers written as other harnesses keep them, and as a results folder that `gate` and `explain` read."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import UsageError
from sailbench.layouts import text_columns
from sailbench.rows import Row
from sailbench.store import Results, replace_file, replace_lines
from sailbench.types import Graded, Response

FORMS = ("vlmevalkit", "lmms-eval", "results")


@dataclass(frozen=True, slots=True)
class Answered:
    """A row, the text that was said of it (None: nothing), and its grade; rows that are not part have none."""

    row: Row
    text: str | None
    graded: Graded | None


def parse(option: str) -> tuple[str, Path]:
    """FORM=PATH of the command line."""
    form, equals, path = option.partition("=")
    if form not in FORMS or not equals or not path:
        raise UsageError(f"{option!r} is no export: give FORM=PATH, where FORM is {', '.join(FORMS)}")
    return form, Path(path)


def vlmevalkit(answers: Sequence[Answered], path: Path) -> None:
    """A table of the rows' text columns with `prediction` and `hit`, every cell quoted, as with PRED_FORMAT=tsv."""
    rows = [
        {"index": own.graded.sample.id}
        | dict(text_columns(own.row.columns))
        | {"prediction": own.text, "hit": _number(own.graded.score.value)}
        for own in answers
        if own.graded is not None and own.text is not None
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    replace_file(path, out.getvalue())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def lmms_eval(answers: Sequence[Answered], path: Path) -> None:
    """A line a sample, by the row's number in the source."""
    lines = (
        {
            "doc_id": number,
            "target": own.graded.sample.target,
            "resps": [[own.text]],
            "filtered_resps": [own.graded.score.answer or ""],
            "score": own.graded.score.value,
        }
        for number, own in enumerate(answers)
        if own.graded is not None and own.text is not None
    )
    replace_lines(path, lines)


def results(answers: Sequence[Answered], folder: Path, record: Mapping[str, Any], lines: Sequence[Any]) -> None:
    """A model's folder as a run leaves it, though the answers came from elsewhere."""
    kept, task = Results(folder.parent, folder.name), str(record["task"])
    kept.forget(task)
    journal = kept.journal(task)
    for own in answers:
        if own.graded is not None and own.text is not None:
            journal.append(f"imported {own.graded.sample.id}", own.graded.sample.id, Response(texts=(own.text,)))
    kept.write_scores(task, lines)
    unknown: dict[str, Any] = {
        "model_fingerprint": "",
        "engine": "imported",
        "hardware": "",
        "judge": None,
        "sampling": {},
    }
    unknown |= {"seconds": 0.0, "tokens_in": 0, "tokens_out": 0}
    kept.write_summary(task, {**unknown, **record, "model": folder.name})
    kept.close()
