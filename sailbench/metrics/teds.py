"""TEDS: how alike two HTML tables are, by the edits between their trees of rows and cells."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sailbench.metrics.edit_distance import edit_distance

LARGEST = 6_000_000  # pairs of nodes
DEEPEST = 200  # levels
MOST_EDITS = 8 * LARGEST  # changes looked at: tables take some 6 a pair of nodes, trees like combs a hundred


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of any tree: `label` is what edits compare, children stand in order."""

    label: Any
    children: list["TreeNode"] = field(default_factory=list)

    def size(self) -> int:
        return sum(map(len, self.levels()))

    def levels(self) -> list[list["TreeNode"]]:
        """All nodes, by their distance from this one."""
        found = [[self]]
        while below := [child for node in found[-1] for child in node.children]:
            found.append(below)
        return found


def is_comparable(one: TreeNode, other: TreeNode) -> bool:
    """Whether two trees can be compared in minutes; what is larger or deeper is a loop of the model, no answer."""
    return one.size() * other.size() <= LARGEST and max(len(one.levels()), len(other.levels())) <= DEEPEST


Cost = Callable[[TreeNode], float]
Change = Callable[[TreeNode, TreeNode], float]


class TangledError(ValueError):
    """Trees that cannot be compared in minutes, however many nodes they have."""


def tree_distance(one: TreeNode, other: TreeNode, change: Change, change_to_nothing: Cost = lambda _: 1.0) -> float:
    """The least cost of edits that make one ordered tree of the other: nodes inserted, removed or changed.

    TangledError after `MOST_EDITS`.
    """
    from apted import APTED, Config

    edits = itertools.count()

    class Costs(Config):  # type: ignore[misc]
        def delete(self, node: TreeNode) -> float:
            return change_to_nothing(node)

        insert = delete

        def rename(self, node1: TreeNode, node2: TreeNode) -> float:
            if next(edits) > MOST_EDITS:
                raise TangledError(f"{one.size()} and {other.size()} nodes")
            return change(node1, node2)

    return float(APTED(one, other, Costs()).compute_edit_distance())


@dataclass(frozen=True, slots=True)
class _Cell:
    """A tag with, if it is a table cell, its spans and its content as signs and tags."""

    tag: Any
    spans: tuple[int, int] | None = None
    content: tuple[str, ...] = ()


def table_similarity_score(prediction: str, truth: str) -> float:
    """TEDS of the first table in each HTML page, 0 where one has none; below 0 for trees that have nothing in common.

    The rule is IBM's (2020, for PubTabNet) as Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2 TEDS_metric.py and
    AlibabaResearch/AdvancedLiterateMachinery@fb6187e CC-OCR doc_parsing_evaluator.py have it: cells are td alone, th
    are nodes without content; nodes within cells count for the size only.

    >>> page = "<html><body><table><tr><td>{}</td><td>b</td></tr></table></body></html>"
    >>> table_similarity_score(page.format("ax"), page.format("ay"))
    0.8333333333333334
    """
    said, wanted = _table(prediction), _table(truth)
    if said is None or wanted is None:
        return 0.0
    size = max(len(said.xpath(".//*")), len(wanted.xpath(".//*")))
    try:
        one, other = _tree(said), _tree(wanted)
    except ValueError:  # a span that is no number: the authors' scripts stop or count 0
        return 0.0
    if not size or not is_comparable(one, other):
        return 0.0
    if one == other:
        return 1.0
    try:
        return 1.0 - tree_distance(one, other, _cell_change) / size
    except TangledError:
        return 0.0


def _table(page: str) -> Any:
    """The first table right in the page's body."""
    from lxml import etree, html

    if not page:
        return None
    try:
        root = html.fromstring(page, parser=html.HTMLParser(remove_comments=True, encoding="utf-8"))
    except (etree.LxmlError, ValueError):  # nothing in it, or signs that no page may hold
        return None
    tables = root.xpath("body/table")
    return tables[0] if tables else None


def _tree(node: Any) -> TreeNode:
    if node.tag == "td":
        spans = (int(node.attrib.get("colspan", "1")), int(node.attrib.get("rowspan", "1")))
        return TreeNode(_Cell("td", spans, tuple(_content(node)[1:-1])))
    return TreeNode(_Cell(node.tag), [_tree(child) for child in node.getchildren()])


def _content(node: Any) -> list[str]:
    """The signs and tags of a node, its own tags around them."""
    content = [f"<{node.tag}>", *(node.text or "")]
    for child in node.getchildren():
        content += _content(child)
    if node.tag != "unk":
        content.append(f"</{node.tag}>")
    return content + list(node.tail or "") if node.tag != "td" else content


def _cell_change(one: TreeNode, other: TreeNode) -> float:
    said, wanted = one.label, other.label
    if said.tag != wanted.tag or said.spans != wanted.spans:
        return 1.0
    longer = max(len(said.content), len(wanted.content))
    return edit_distance(said.content, wanted.content) / longer if longer else 0.0


def as_page(table: str) -> str:
    """A table's HTML as a page of its own."""
    return f"<html><body>{table}</body></html>"


def rows_as_page(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a page with one table."""
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return as_page("<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>")


def as_full_page(table: str) -> str:
    """A table's HTML with the tags around it that it lacks, on one line.

    Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/TEDS_metric.py wrap_html_table
    """
    table = table.replace("\n", "")
    table = table if "<table" in table else f"<table>{table}"
    table = table if "</table>" in table else f"{table}</table>"
    table = table if "<body>" in table else f"<body>{table}</body>"
    return table if "<html>" in table else f"<html>{table}</html>"


def markdown_page(text: str) -> str:
    """A Markdown table as a page; its second line is passed over. Same source, convert_markdown_table_to_html.

    The original means to cut the marks of a code block, and cuts these letters from the ends of the text instead.
    """
    lines = text.strip("```markdown").strip("```").strip().split("\n")  # noqa: B005
    rows = (line.strip().split("|")[1:-1] for line in (lines[0], *lines[2:]))
    return rows_as_page([[" " if set(cell) == {" "} else cell.strip() for cell in row] for row in rows])
