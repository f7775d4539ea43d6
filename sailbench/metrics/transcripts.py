"""Texts, tables, formulae and molecules written down from images, as CC-OCR compares them.

AlibabaResearch/AdvancedLiterateMachinery@fb6187e Benchmarks/CC-OCR/evaluation/evaluator (the authors), and
open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/ccocr_evaluator, which has an older version of it.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from sailbench.metrics.edit_distance import edit_similarity
from sailbench.metrics.stretches import replaced, stretches
from sailbench.metrics.teds import as_page, table_similarity_score


class TokenCounts(NamedTuple):
    """Tokens that both sides have, and how many each has."""

    right: int
    said: int
    wanted: int

    @property
    def f1(self) -> float:
        recall, precision = self.right / (self.wanted + 1e-9), self.right / (self.said + 1e-9)
        return 2 * recall * precision / (recall + precision + 1e-9)


def token_counts(prediction: str, truth: str, words: bool = True, plain: bool = False) -> TokenCounts:
    """Words or, without `words`, signs of both texts in lower case, whatever their order; "###" and "***" go.

    `plain` leaves nothing of words but a to z and digits.

    >>> token_counts("Hello, World", "hello world", plain=True), token_counts("Hello, World", "hello world")
    (TokenCounts(right=2, said=2, wanted=2), TokenCounts(right=1, said=2, wanted=2))
    """
    said, wanted = (Counter(_tokens(text, words, plain)) for text in (prediction, truth))
    return TokenCounts(sum((said & wanted).values()), sum(said.values()), sum(wanted.values()))


def _tokens(text: str, words: bool, plain: bool) -> list[str]:
    text = re.sub(r"\s+", " ", text.strip().replace("\t", " ").replace("\n", " ").replace("###", "").replace("***", ""))
    tokens = (token.lower() for token in (text.split(" ") if words else text.replace(" ", "")))
    return [token for token in (re.sub("[^A-Za-z0-9]+", "", t) if plain else t for t in tokens) if token]


_PREAMBLE = (
    *((r"\documentclass{", "}"), (r"\usepackage[", "]{", "}"), (r"\usepackage{", "}"), (r"\geometry{", "}")),
    *((r"\begin{document}",), (r"\end{document}",), (r"\noindent",)),
)
_HALF_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}


def _without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")


def document_score(prediction: str, truth: str, lenient: bool = False) -> float:
    """The similarity of two documents in LaTeX, blanks and preamble aside; nothing is like an empty text.

    The authors take what stands in the first closed ```latex fence, else behind the first open one. The older version
    (`lenient`) takes the first fence of any kind, with the name of its language as part of the text.

    >>> document_score("```latex\\nx y\\n```", "xy"), document_score("```latex\\nx\\n```", "x", lenient=True) < 0.2
    (1.0, True)
    """
    text = _without_preamble(prediction)
    if lenient:
        fences = text.split("```")
        text = (fences[1] if len(fences) > 1 else text).replace("```", "")
    else:
        text = _fenced(text, "```latex")
    return _similarity(_without_blanks(text), _without_blanks(truth))


def _without_preamble(text: str) -> str:
    for marks in _PREAMBLE:
        text = replaced(text, *marks)
    return text


def _fenced(text: str, opening: str) -> str:
    """What stands between the opening and the next fence, if there is something; else behind the opening."""
    _, opened, rest = text.partition(opening)
    if not opened:
        return text
    inside, closed, _ = rest[1:].partition("```")
    return rest[:1] + inside if closed else rest.partition(opening)[0]


def _similarity(said: str, wanted: str) -> float:
    return edit_similarity(said, wanted) if said or wanted else 0.0


def formula_score(prediction: str, truth: str) -> float:
    """The similarity of two formulae in LaTeX, blanks and fences aside; line breaks of the truth count."""
    said = prediction.replace("\n", " ").replace("```latex", "").replace("```", "").replace("\t", " ")
    return _similarity(said.replace(" ", ""), truth.replace(" ", ""))


def molecule_score(prediction: str, truth: str) -> float:
    """The similarity of two molecules in SMILES, blanks and the tag around them aside."""
    said = _without_blanks(prediction).replace("<smiles>", "").replace("</smiles>", "")
    return _similarity(said, truth.replace(" ", ""))


def html_table_score(prediction: str, truth: str) -> float:
    """TEDS of all the tables in both texts, put together; blanks in cells and full-width signs do not count."""
    said, wanted = (_flat_tables(text) for text in (_fenced(prediction, "```html"), truth))
    return table_similarity_score(as_page(said), as_page(wanted))


def _flat_tables(text: str) -> str:
    text = text if "</table>" in text else f"{text}</table>"
    tables = (text[start:end] for start, end in stretches(text, "<table", ">", "</table>"))
    return "".join(map(_flat, tables)).translate(_HALF_WIDTH)


def _flat(table: str) -> str:
    table = re.sub(r">\s+<", "><", replaced(table, "<table", ">", by="<table>"))
    pieces, place = [], 0
    for start, end in stretches(table, ">", "<"):
        pieces += [table[place:start], _without_blanks(table[start:end])]
        place = end
    return ("".join(pieces) + table[place:]).replace("\n", "").strip()


def blankless_table_score(prediction: str, truth: str) -> float:
    """TEDS as the older version has it: all spaces go first, so that a cell with spans is a tag "tdcolspan"."""
    text = _without_preamble(prediction)
    fences = text.split("```html")
    text = _without_blanks((fences[1] if len(fences) > 1 else text).replace("```", "")).replace("，", ",")
    return table_similarity_score(as_page(text), as_page(_without_blanks(truth)))


Comparison = Callable[[str, str], float]
# By CC-OCR's names for what is shown: the authors' rules, and those of the older version.
COMPARISONS: Mapping[str, Comparison] = {
    "doc": document_score,
    "table": html_table_score,
    "formula": formula_score,
    "molecular": molecule_score,
}
OLDER_COMPARISONS: Mapping[str, Comparison] = {
    **COMPARISONS,
    "doc": partial(document_score, lenient=True),
    "table": blankless_table_score,
}
