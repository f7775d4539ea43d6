"""How well a page was turned into Markdown: its text, formulae, tables and reading order, each by edits.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/omnidocbench.py has it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sailbench.metrics.block_matching import Pair, paired_blocks, paired_one_by_one
from sailbench.metrics.edit_distance import edit_distance
from sailbench.metrics.page_blocks import Block, page_blocks
from sailbench.metrics.page_spelling import spelled_formula, spelled_table, spelled_text
from sailbench.metrics.teds import table_similarity_score

COUNTED = ("text_block", "title", "code_txt", "code_txt_caption", "reference")
# These are paired, so that nothing else is paired with what the reply makes of them; then they do not count.
UNCOUNTED = (
    *("equation_caption", "figure_caption", "figure_footnote", "table_caption", "table_footnote", "code_algorithm"),
    *("code_algorithm_caption", "header", "footer", "page_footnote", "page_number"),
)

Element = Mapping[str, Any]


class PageScores(NamedTuple):
    """Edits over the longer lengths, 0 for the same; None where the page has no such element. And TEDS of tables."""

    text: float | None = None
    formula: float | None = None
    table: float | None = None
    order: float | None = None
    teds: float | None = None

    def distance(self) -> float | None:
        """The mean of the distances that the page has."""
        known = [own for own in (self.text, self.formula, self.table, self.order) if own is not None]
        return sum(known) / len(known) if known else None


def page_scores(reply: str, page: Mapping[str, Any]) -> PageScores:
    """The reply against a page's elements (`layout_dets`, and in `extra` what belongs together)."""
    blocks: dict[str, list[Block]] = defaultdict(list)
    for block in page_blocks(reply):
        blocks[block.kind].append(block)
    elements = _elements(page)
    text, order = _text_and_order(blocks["text"], elements)
    tables = _tables(blocks["html_table"], elements)
    return PageScores(
        text=text,
        formula=_formulae(blocks["formula"], elements),
        table=_distance(tables),
        order=order,
        teds=sum(table_similarity_score(said, wanted) for wanted, said in tables) / len(tables) if tables else None,
    )


def _elements(page: Mapping[str, Any]) -> dict[str, list[Element]]:
    """A page's elements by category. Texts that a column or a picture cuts in two are put together, at the end."""
    chains = _chains((page.get("extra") or {}).get("relation") or [])
    cut = {own for chain in chains for own in chain}
    known: dict[Any, Element] = {}
    elements: dict[str, list[Element]] = defaultdict(list)
    for element in page.get("layout_dets") or []:
        if element.get("anno_id") in cut:
            known[element["anno_id"]] = element
        else:
            elements[element.get("category_type", "")].append(element)
    for chain in chains:
        parts = sorted((known[own] for own in chain if own in known), key=_place)
        if parts:
            kind = parts[0].get("category_type", "")
            text = "".join(str(part.get("text", "")) for part in parts)
            elements[kind].append({"category_type": kind, "order": parts[0].get("order"), "text": text})
    return elements


def _chains(relations: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """What belongs together, by its numbers. What has two neighbours is there twice: so the original counts it."""
    chains: list[list[Any]] = []
    for relation in relations:
        if relation.get("relation_type") != "truncated":
            continue
        ends = [relation.get("source_anno_id"), relation.get("target_anno_id")]
        held = [chain for chain in chains if not set(ends).isdisjoint(chain)]
        for chain in held:
            chain += ends
        if not held:
            chains.append(ends)
    return chains


def _place(element: Element) -> Any:
    return element.get("order") or 0


class _Lines(NamedTuple):
    """Lines that hold something as they are compared, and what stands at the same place in the list with all lines.

    The original looks a line's order and place up there, by its number here: after an empty line they are others'.
    """

    spelled: list[str]
    raw: list[str]
    kinds: list[str]
    orders: list[Any]


def _wanted_lines(elements: Sequence[Element], key: str, spell: Callable[[str], str]) -> _Lines:
    ordered = sorted(elements, key=_place)
    raw = [str(element.get(key, "")) for element in ordered]
    found = [(spell(line), line, own.get("category_type", "")) for line, own in zip(raw, ordered, strict=True)]
    kept = [own for own in found if own[0] and own[1]]
    orders = [own.get("order") for own in ordered]
    return _Lines([own[0] for own in kept], [own[1] for own in kept], [own[2] for own in kept], orders)


def _said_lines(blocks: Sequence[Block], spell: Callable[[str], str]) -> list[str]:
    spelled = [(spell(block.content), block.content) for block in blocks]
    return [own for own, raw in spelled if own and raw]


def _text_and_order(
    blocks: Sequence[Block], elements: Mapping[str, list[Element]]
) -> tuple[float | None, float | None]:
    texts = [own for kind in (*COUNTED, *UNCOUNTED) for own in elements.get(kind, [])]
    if not texts:
        return None, None
    wanted, said = _wanted_lines(texts, "text", spelled_text), _said_lines(blocks, spelled_text)
    pairs = [pair for pair in paired_blocks(said, wanted.spelled) if _counts([wanted.kinds[i] for i in pair.wanted])]
    compared = [
        ("".join(wanted.spelled[i] for i in pair.wanted), "".join(said[i] for i in pair.said)) for pair in pairs
    ]
    return _distance(compared), _order_distance(pairs, wanted.orders, [block.place for block in blocks])


def _counts(kinds: Sequence[str]) -> bool:
    """Whether a pair counts: most of its true lines do; what is in the reply alone does."""
    return not kinds or any(kind in COUNTED for kind in kinds)


def _order_distance(pairs: Sequence[Pair], orders: Sequence[Any], places: Sequence[int]) -> float | None:
    """The edits between the true order of the lines and that in which the reply has them; what it lacks counts."""
    wanted = sorted(orders[i] for pair in pairs for i in pair.wanted if orders[i])
    found = sorted((pair for pair in pairs if pair.wanted and pair.said), key=lambda pair: places[pair.said[0]])
    said = [orders[i] for pair in found for i in pair.wanted if orders[i]]
    longer = max(len(wanted), len(said))
    return edit_distance(wanted, said) / longer if longer else None


def _formulae(blocks: Sequence[Block], elements: Mapping[str, list[Element]]) -> float | None:
    wanted = _wanted_lines(elements.get("equation_isolated", []), "latex", spelled_formula).spelled
    said = _said_lines(blocks, spelled_formula)
    pairs = [pair for pair in paired_blocks(said, wanted) if pair.wanted]
    return _distance([("".join(wanted[i] for i in own.wanted), "".join(said[i] for i in own.said)) for own in pairs])


def _tables(blocks: Sequence[Block], elements: Mapping[str, list[Element]]) -> list[tuple[str, str]]:
    """True tables with those of the reply, paired as they are and then spelled alike."""
    wanted = _wanted_lines(elements.get("table", []), "html", str).raw
    said = _said_lines(blocks, str)
    pairs = [pair for pair in paired_one_by_one(said, wanted) if pair.wanted]
    raw = [(wanted[pair.wanted[0]], said[pair.said[0]] if pair.said else "") for pair in pairs]
    return [(spelled_table(one) or one, spelled_table(other) or other) for one, other in raw]


def _distance(compared: Sequence[tuple[str, str]]) -> float | None:
    """All edits over all longer lengths."""
    longer = sum(max(len(wanted), len(said)) for wanted, said in compared)
    return sum(edit_distance(wanted, said) for wanted, said in compared) / longer if longer else None
