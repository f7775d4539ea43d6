"""The report as one web page: charts, a table, and a browser of samples, in a file that asks nothing of any network.

The page is `page.html` with its style, its script and its data put in. Whatever a model or a data set says travels as
JSON in script elements that are not run, and the script shows it as text alone; a content security policy that names
the one script and the one style by their digests keeps anything else from running.
"""

import base64
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sailbench import __version__
from sailbench.aggregate import Aggregate
from sailbench.contrast import headline_of
from sailbench.data import Places
from sailbench.errors import SailbenchError
from sailbench.report.inert import json_in_html
from sailbench.report.lines import footnotes, half_width
from sailbench.report.page.inputs import Inputs, named, read_inputs
from sailbench.report.page.pairs import paired
from sailbench.report.page.samples import TaskSamples, stored
from sailbench.report.page.thumbnails import thumbnails
from sailbench.report.sheet import Cell, Line, Sheet, family_of

HERE = Path(__file__).parent
SCRIPTS = ("base.js", "charts.js", "costs.js", "overview.js", "table.js", "samples.js", "detail.js", "start.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Where questions and images may be, files of tasks that are not bundled, and how much room images get."""

    places: Places = field(default_factory=Places)
    task_files: Sequence[str] = ()
    megabytes: float = 20.0
    only: Mapping[str, Collection[str]] | None = None


def page(sheet: Sheet, wishes: Wishes) -> str:
    """The whole page; `wishes.only` names the samples of each task that are to be in it, where not all are."""
    tasks = sorted({task for run in sheet.runs for task in run.records}, key=_order(sheet))
    found = {task: read_inputs(task, sheet.runs, wishes.places, wishes.task_files) for task in tasks}
    whole = [stored(task, sheet.runs, found[task]) for task in tasks]
    pairs = {own.task: paired(own, sheet.runs, _headline(own.task, wishes)) for own in whole}
    samples = [_wanted(own, wishes.only) for own in whole]
    media = [medium for own in samples for medium in own.media()]
    blocks = {
        "data": _overview(sheet, samples, found) | {"pairs": pairs},
        "media": thumbnails(media, int(wishes.megabytes * 1e6)),
    }
    blocks |= {f"task-{number}": own.texts() for number, own in enumerate(samples)}
    return _assembled(blocks)


def _headline(task: str, wishes: Wishes) -> Aggregate | None:
    try:
        return headline_of(named(task, wishes.task_files))
    except SailbenchError:  # a file that cannot be read is told where its samples should be
        return None


def _wanted(own: TaskSamples, only: Mapping[str, Collection[str]] | None) -> TaskSamples:
    return own if only is None else replace(own, ids=tuple(id for id in own.ids if id in only.get(own.task, ())))


def _order(sheet: Sheet) -> Any:
    order = {line.task: place for place, line in enumerate(sheet.lines)}
    return lambda task: order.get(task, len(order))


def _assembled(blocks: Mapping[str, Any]) -> str:
    style, script = _text("page.css"), "".join(map(_text, SCRIPTS))
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    data = "\n".join(
        f'<script type="application/json" id="{name}">{json_in_html(content)}</script>'
        for name, content in blocks.items()
    )
    parts = {"policy": _policy(style, script), "style": style, "data": data, "script": script}
    html = _text("page.html")
    # From the end, so that nothing that was put in is looked at again.
    for name in sorted(parts, key=lambda name: html.index(f"<!-- {name} -->"), reverse=True):
        before, after = html.split(f"<!-- {name} -->", 1)
        html = before + parts[name] + after
    return html


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    own = f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}"
    return f"{own}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _overview(sheet: Sheet, samples: Sequence[TaskSamples], found: Mapping[str, Inputs]) -> dict[str, Any]:
    """What is shown before any sample is opened."""
    return {
        "version": __version__,
        "runs": [_run(run.name, run.records.values()) for run in sheet.runs],
        "sections": [
            {"title": section.title, "lines": [_line(sheet, line) for line in section.lines]}
            for section in sheet.sections
        ],
        "notes": list(footnotes(sheet)),
        "missing": [own.trouble for own in found.values() if own.trouble],
        "tasks": [own.index() | {"family": family_of(own.task)} for own in samples],
    }


def _run(name: str, records: Any) -> dict[str, Any]:
    own = list(records)
    counted = ("n", "ungraded", "unparsed", "truncated", "seconds", "tokens_in", "tokens_out")
    told = ("model_fingerprint", "engine", "hardware", "date", "sailbench", "commit")
    first = own[0]
    return {
        "name": name,
        "tasks": len(own),
        **{what: sum(record.get(what) or 0 for record in own) for what in counted},
        **{what: str(first.get(what) or "") for what in told},
    }


def _line(sheet: Sheet, line: Line) -> dict[str, Any]:
    cells = [_cell(cell, sheet.runs[i].records.get(line.task)) if cell else None for i, cell in enumerate(line.cells)]
    record = next((run.records[line.task] for run in sheet.runs if line.task in run.records), {})
    return {
        "row": line.row,
        "task": line.task,
        "label": line.label,
        "title": line.title,
        "inner": line.inner,
        "higher": record.get("higher_is_better", True),
        "cells": cells,
    }


def _cell(cell: Cell, record: Mapping[str, Any] | None) -> dict[str, Any]:
    own = cell.number
    asked = max(1, (record or {}).get("n", 0) + (record or {}).get("ungraded", 0))
    return {
        "value": own.value,
        "half": half_width(own),
        "interval": own.interval,
        "stderr": own.stderr,
        "scale": own.scale,
        "n": own.n,
        "total": own.total,
        "rows": own.of_rows,
        "ungraded": own.ungraded,
        "bounds": own.bounds if own.ungraded else None,
        "published": cell.published,
        "source": cell.source,
        "marks": cell.marks,
        "tokens": (record or {}).get("tokens_out", 0) / asked,
        "seconds": (record or {}).get("seconds", 0) / asked,
    }
