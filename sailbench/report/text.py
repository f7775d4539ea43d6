"""The sheet as Markdown."""

from collections.abc import Iterator, Sequence

from sailbench.report.inert import markdown_cell
from sailbench.report.lines import footnotes, sheet_headings, sheet_line
from sailbench.report.sheet import Sheet


def markdown(sheet: Sheet) -> str:
    """A table a section with models as columns, then what its signs mean."""
    return "\n".join(_markdown(sheet)) + "\n"


def _markdown(sheet: Sheet) -> Iterator[str]:
    headings = sheet_headings(sheet)
    for section in sheet.sections:
        yield from (f"### {markdown_cell(section.title)}", "")
        yield row(headings)
        yield "|---|" + "---:|" * (len(headings) - 1)
        for line in section.lines:
            yield row(sheet_line(sheet, line).cells)
        yield ""
    yield from (f"- {markdown_cell(note)}" for note in footnotes(sheet))


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(markdown_cell, cells)) + " |"
