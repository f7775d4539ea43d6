"""A page in Markdown, LaTeX and HTML taken apart: its tables, displayed formulae, code and paragraphs, with places.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py md_tex_filter has it.
What is found is blanked out, so that the rest keeps its places. Patterns that could take long on a stranger's text are
searches here.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sailbench.metrics.markdown_tables import table_rows, tables_as_html
from sailbench.metrics.stretches import blanked, stretches

MOST_TABLES = 1_000  # on one page; further ones are no tables

Span = tuple[int, int]
Piece = tuple[int, str]


class Block(NamedTuple):
    """A piece of a page: `kind` is text, formula, html_table or latex_table, `place` its first character."""

    kind: str
    place: int
    content: str


# In this order where two could begin at one place.
_DISPLAYED = {"$$": "$$", r"\[": r"\]", "$": "$", r"\(": r"\)"}
_DOLLARS = {"$$": "$$", "$": "$", r"\(": r"\)"}
_CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_HTML_TABLE = ("<table", "</table>")
_LATEX_TABLE = (r"\begin{table}", r"\end{table}")


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
        blocks += [Block("html_table", start, page[start:end]) for start, end in stretches(page, *_HTML_TABLE)]
        page = blanked(page, *_HTML_TABLE)
    blocks += [Block("text", found.start(), found[2].strip()) for found in _CODE.finditer(page)]
    page = _CODE.sub(lambda found: " " * len(found[0]), page)
    blocks += _paragraphs(_without_commands(page))
    return sorted(blocks, key=lambda block: block.place)


def _tidied(page: str) -> str:
    """Without images and fences, and with long runs of one sign cut to four."""
    page = "\n".join(map(_without_images, page.split("\n")))
    page = re.sub(r"^```markdown\n?", "", page, flags=re.MULTILINE)
    page = re.sub(r"```\n?$", "", page, flags=re.MULTILINE)
    page = re.sub(r" {4,}", "    ", re.sub(r"_{4,}", "____", page))
    return re.sub(r"([^a-zA-Z0-9])\1{10,}", r"\1\1\1\1", page)


def _without_images(line: str) -> str:
    pieces, place = [], 0
    while (start := line.find("![", place)) >= 0:
        opens = line.find("](", start + 2)
        closes = line.find(")", opens + 2) if opens >= 0 else -1
        if closes < 0:
            break
        pieces.append(line[place:start])
        place = closes + 1
    return "".join(pieces) + line[place:]


def _blanked(page: str, start: int, end: int) -> str:
    return page[:start] + " " * (end - start) + page[end:]


def _latex_tables(page: str) -> list[Piece]:
    tables = [(start, page[start:end]) for start, end in stretches(page, *_LATEX_TABLE)]
    page = blanked(page, *_LATEX_TABLE)
    begins = [found.start() for found in re.finditer(r"\\begin{tabular}", page)][:MOST_TABLES]
    ends = [found.start() for found in re.finditer(r"\\end{tabular}", page)]
    # The original counts the signs of its patterns, one more than those of what they match; so the piece has one more.
    tabulars = _nested(begins, ends, step=14, restart=16)
    return sorted([*tables, *((start, page[start:end]) for start, end in tabulars)], key=lambda piece: piece[0])


def _html_tables(page: str) -> list[Piece]:
    last = page.rfind(">")
    begins = [found.start() for found in re.finditer("<table", page) if found.end() <= last][:MOST_TABLES]
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


class Marked(NamedTuple):
    """A piece between marks: where it begins and ends, marks included, and its opening mark."""

    start: int
    end: int
    mark: str


def marked(text: str, marks: Mapping[str, str]) -> Iterator[Marked]:
    """Pieces between marks from left to right, each up to the next closing mark."""
    openings = re.compile("|".join(map(re.escape, marks)))
    place, missing = 0, set[str]()
    while opening := openings.search(text, place):
        start = opening.start()
        place = start + 1
        for mark, closing in marks.items():
            if mark in missing or not text.startswith(mark, start):
                continue
            closes = text.find(closing, start + len(mark))
            if closes >= 0:
                place = closes + len(closing)
                yield Marked(start, place, mark)
                break
            missing.add(mark)


def _formulae(page: str) -> tuple[list[Block], str]:
    r"""All formulae, between \[ and \], and the page without the displayed ones: those within a line stay in it."""
    blocks, kept = [], page
    for start, end, _ in marked(page, _DISPLAYED):
        line = "".join(page[start:end].split())
        dollars = list(marked(line, _DOLLARS))
        # Of several, all are rewritten as the first one is: only what stands between marks like its own is kept.
        shown = not dollars or (dollars[0].mark == "$$" and dollars[0].end - dollars[0].start > 4)
        if shown:
            kept = _blanked(kept, start, end)
        blocks.append(Block("formula", start, _rewritten(line, dollars, keep_shown=shown)))
    return blocks, kept


def _rewritten(line: str, dollars: Sequence[Marked], keep_shown: bool) -> str:
    pieces, place = [], 0
    for start, end, mark in dollars:
        inside = line[start + len(mark) : end - len(mark)]
        pieces += [line[place:start], rf"\[{inside if (mark == '$$') == keep_shown else ''}\]"]
        place = end
    return "".join(pieces) + line[place:]


def _without_commands(page: str) -> str:
    r"""\title{}, \text{} and \section{} go from around their content, first those on one line."""
    page = "\n".join(_unwrapped(line, r"\\title\{") for line in page.split("\n"))
    page = _stripped(_stripped(page, r"\\title\s*\{"), r"\\text\s*\{")
    page = "\n".join(_unwrapped(line, r"\\section\*?\{") for line in page.split("\n"))
    return _stripped(page, r"\\section\*?\{")


def _stripped(page: str, opening: str) -> str:
    return _unwrapped(page, opening, str.strip)


def _unwrapped(page: str, opening: str, change: Callable[[str], str] = str) -> str:
    """The content up to the next closing brace, changed."""
    pieces, end, last = [], 0, page.rfind("}")
    for found in re.finditer(opening, page):
        if end <= found.start() and found.end() <= last:
            closes = page.index("}", found.end())
            pieces += [page[end : found.start()], change(page[found.end() : closes])]
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
