"""A page in Markdown, LaTeX and HTML taken apart: its tables, displayed formulae, code and paragraphs, with places.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py md_tex_filter has it.
What is found is blanked out, so that the rest keeps its places. Patterns that could take long on a stranger's text are
searches here.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from sailbench.metrics.markdown_tables import table_rows, tables_as_html

Span = tuple[int, int]
Piece = tuple[int, str]


class Block(NamedTuple):
    """A piece of a page: `kind` is text, formula, html_table or latex_table, `place` its first character."""

    kind: str
    place: int
    content: str


_IMAGE = re.compile(r"!\[.*?\]\(.*?\)")
_DISPLAYED = re.compile(r"\$\$(.*?)\$\$|\\\[(.*?)\\\]|\$(.*?)\$|\\\((.*?)\\\)", re.DOTALL)
_DOLLARS = re.compile(r"\$\$(.*?)\$\$|\$(.*?)\$|\\\((.*?)\\\)", re.DOTALL)
_CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_HTML_TABLE = re.compile(r"<table.*?</table>", re.DOTALL)
_LATEX_TABLE = re.compile(r"\\begin{table}.*?\\end{table}", re.DOTALL)


def page_blocks(page: str) -> list[Block]:
    """The blocks of a page in the order of their places."""
    page = _tidied(page)
    blocks: list[Block] = []
    for kind, spans in (("latex_table", _latex_tables), ("html_table", _html_tables)):
        for start, content in spans(page):
            blocks.append(Block(kind, start, content))
            page = _blanked(page, start, start + len(content))
    formulae, page = _formulae(page)
    blocks += formulae
    if len(table_rows(f"{page}\n")) >= 2:
        page = tables_as_html(page)
        blocks += [Block("html_table", found.start(), found[0].strip()) for found in _HTML_TABLE.finditer(page)]
        page = _HTML_TABLE.sub(lambda found: " " * len(found[0]), page)
    blocks += [Block("text", found.start(), found[2].strip()) for found in _CODE.finditer(page)]
    page = _CODE.sub(lambda found: " " * len(found[0]), page)
    blocks += _paragraphs(_without_commands(page))
    return sorted(blocks, key=lambda block: block.place)


def _tidied(page: str) -> str:
    """Without images and fences, and with long runs of one sign cut to four."""
    page = _IMAGE.sub("", page)
    page = re.sub(r"^```markdown\n?", "", page, flags=re.MULTILINE)
    page = re.sub(r"```\n?$", "", page, flags=re.MULTILINE)
    page = re.sub(r" {4,}", "    ", re.sub(r"_{4,}", "____", page))
    return re.sub(r"([^a-zA-Z0-9])\1{10,}", r"\1\1\1\1", page)


def _blanked(page: str, start: int, end: int) -> str:
    return page[:start] + " " * (end - start) + page[end:]


def _latex_tables(page: str) -> list[Piece]:
    tables = [(found.start(), found[0]) for found in _LATEX_TABLE.finditer(page)]
    page = _LATEX_TABLE.sub(lambda found: " " * len(found[0]), page)
    begins = [found.start() for found in re.finditer(r"\\begin{tabular}", page)]
    ends = [found.start() for found in re.finditer(r"\\end{tabular}", page)]
    # The original counts the signs of its patterns, one more than those of what they match; so the piece has one more.
    tabulars = _nested(begins, ends, step=14, restart=16)
    return sorted([*tables, *((start, page[start:end]) for start, end in tabulars)], key=lambda piece: piece[0])


def _html_tables(page: str) -> list[Piece]:
    last = page.rfind(">")
    begins = [found.start() for found in re.finditer("<table", page) if found.end() <= last]
    ends = [found.start() for found in re.finditer("</table>", page)]
    return [(start, page[start:end]) for start, end in _nested(begins, ends, step=8, restart=16)]


def _nested(begins: Sequence[int], ends: Sequence[int], step: int, restart: int) -> list[Span]:
    """Outermost pairs of begin and end marks. Where a begin is left open, it is passed over and the rest read anew.

    `step` is how far the original goes on behind a mark, `restart` how far behind an open one.
    """
    found: list[Span] = []
    start: int | None = 0
    while start is not None:
        spans, start = _pairs(begins, ends, start, step)
        found += spans
        start = None if start is None else start + restart
    return found


def _pairs(begins: Sequence[int], ends: Sequence[int], place: int, step: int) -> tuple[list[Span], int | None]:
    """The pairs from a place on, and the first begin that is left open."""
    spans: list[Span] = []
    opened: list[int] = []
    i, j = bisect_left(begins, place), bisect_left(ends, place)
    while i < len(begins) or j < len(ends):
        if i < len(begins) and (j >= len(ends) or begins[i] < ends[j]):
            opened.append(begins[i])
            place = begins[i] + step
        else:
            if opened and not opened[1:]:
                spans.append((opened[0], ends[j] + step))
            opened = opened[:-1]
            place = ends[j] + step
        i, j = bisect_left(begins, place, i), bisect_left(ends, place, j)
    return spans, opened[0] if opened else None


def _formulae(page: str) -> tuple[list[Block], str]:
    r"""All formulae, between \[ and \], and the page without the displayed ones: those within a line stay in it."""
    blocks, kept = [], page
    for found in _DISPLAYED.finditer(page):
        line = "".join(found[0].split())
        dollars = _DOLLARS.search(line)
        if dollars is None or dollars[1]:
            kept = _blanked(kept, *found.span())
        if dollars is not None:
            # Of several, all are rewritten as the first one is.
            group = (lambda own: own[1] or "") if dollars[1] else (lambda own: (own[2] or "") + (own[3] or ""))
            line = _DOLLARS.sub(lambda own, group=group: rf"\[{group(own)}\]", line)
        blocks.append(Block("formula", found.start(), line))
    return blocks, kept


def _without_commands(page: str) -> str:
    r"""\title{}, \text{} and \section{} go from around their content."""
    page = re.sub(r"\\title\{(.*?)\}", r"\1", page)
    page = _unwrapped(_unwrapped(page, r"\\title\s*\{"), r"\\text\s*\{")
    return _unwrapped(re.sub(r"\\section\*?\{(.*?)\}", r"\1", page), r"\\section\*?\{")


def _unwrapped(page: str, opening: str) -> str:
    """The content up to the next closing brace, without blanks around it."""
    pieces, end = [], 0
    for found in re.finditer(opening, page):
        closes = page.find("}", found.end())
        if found.start() >= end and closes >= 0:
            pieces += [page[end : found.start()], page[found.end() : closes].strip()]
            end = closes + 1
    return "".join(pieces) + page[end:]


def _paragraphs(page: str) -> list[Block]:
    """What stands between empty lines, or on lines where there are none. Their places do not count the breaks."""
    pieces = page.split("\n\n")
    pieces = page.split("\n") if len(pieces) == 1 else pieces
    blocks, place = [], 0
    for piece in pieces:
        text = "\n".join(line.strip() for line in piece.strip().split("\n") if line.strip())
        kind = "text"
        if text.startswith("<table") and text.endswith("</table>"):
            kind = "html_table"
        elif text.startswith("$") and text.endswith("$"):
            kind = "formula" if text.replace("$", "").strip() else ""
        if text and kind:
            blocks.append(Block(kind, place, text))
        place += len(piece)
    return blocks
