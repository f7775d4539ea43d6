"""Reports as text: Markdown, CSV and JSON, each a pure function of summaries."""

import csv
import io
import json
from collections.abc import Sequence

from sailbench.report.lines import HEADINGS, Record, lines


def markdown(records: Sequence[Record], groups: bool = False) -> str:
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(line.cells for line in lines(records, groups))]
    return "".join("| " + " | ".join(_escaped(cell) for cell in row) + " |\n" for row in rows)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def as_csv(records: Sequence[Record], groups: bool = False) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows([_inert(cell) for cell in line.cells] for line in lines(records, groups))
    return out.getvalue()


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "@", "\t"} or (cell[:1] == "-" and cell != "-") else cell


def as_json(records: Sequence[Record], groups: bool = True) -> str:
    kept = [dict(r) if groups else {k: v for k, v in r.items() if k != "groups"} for r in records]
    return json.dumps(kept, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMATS = {"md": markdown, "csv": as_csv, "json": as_json}
