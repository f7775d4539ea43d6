r"""Parts of pages spelled alike before they are compared: text without markup, formulae without fonts, plain tables.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py has it.
"""

import html
import itertools
import logging
import re
import unicodedata
from functools import lru_cache
from typing import Any

from sailbench.metrics.page_blocks import marked
from sailbench.metrics.stretches import replaced

LONGEST_FORMULA = 5_000  # characters; a longer one stays as it is
MOST_TOKENS = 20_000  # that the parser may look at: it begins anew behind every bracket that is left open
LONGEST_TABLE = 100_000  # characters; a longer one is none
MOST_SPANS = 2_000  # in a table; one with more is none

_INLINE = {"$": "$", r"\(": r"\)"}
_ESCAPED = re.compile(r"\\[\\_&%^]")


def spelled_text(text: str) -> str:
    r"""Letters, digits and underscores alone; formulae within the line as plain Unicode.

    >>> spelled_text("A $x^2$, b.\n"), spelled_text(r"c/t \(\alpha_1\)")
    ('Ax2b', 'cα_1')
    """
    return _letters("\n".join(map(_plain_formulae, text.split("\n"))))


def _letters(text: str) -> str:
    for blank in ("\\t", "\\n", "\t", "\n", "/t", "/n"):
        text = text.replace(blank, "")
    return re.sub(r"[^\w\u4e00-\u9fff]", "", text)


def _plain_formulae(line: str) -> str:
    pieces, end = [], 0
    for found in marked(line, _INLINE):
        formula = _ESCAPED.sub("", line[found.start + len(found.mark) : found.end - len(found.mark)])
        plain = _plain(formula + " " * formula.endswith("\\")) if any(sign in formula for sign in r"\^_") else None
        if plain is not None:
            pieces += [line[end : found.start], plain.strip()]
            end = found.end
    return "".join(pieces) + line[end:]


@lru_cache(maxsize=1)
def _walker() -> Any:
    """The parser's reader, which gives up after so many tokens: some of a hundred letters would take it hours."""
    from pylatexenc.latexwalker import LatexWalker

    class Walker(LatexWalker):  # type: ignore[misc]
        def __init__(self, formula: str) -> None:
            super().__init__(formula)
            self.tokens = itertools.count()

        def get_token(self, *places: Any, **options: Any) -> Any:
            if next(self.tokens) > MOST_TOKENS:
                raise ValueError("no end of tokens")
            return super().get_token(*places, **options)

    return Walker


@lru_cache(maxsize=4096)
def _plain(formula: str) -> str | None:
    from pylatexenc.latex2text import LatexNodes2Text

    if len(formula) > LONGEST_FORMULA:
        return None
    logger = logging.getLogger("pylatexenc")
    if not logger.handlers:  # else it warns on the terminal of what it cannot make of a stranger's text
        logger.addHandler(logging.NullHandler())
    try:
        return str(LatexNodes2Text().nodelist_to_text(_walker()(formula).get_latex_nodes()[0]))
    except Exception:
        # The original goes on after any exception of the parser, which has many: the formula stays as it is.
        return None


_FONTS = (
    *(r"\mathbf", r"\mathrm", r"\mathnormal", r"\mathit", r"\mathbb", r"\mathcal", r"\mathscr", r"\mathfrak"),
    *(r"\mathsf", r"\mathtt", r"\textbf", r"\text", r"\boldmath", r"\boldsymbol", r"\operatorname", r"\bm"),
    *(r"\symbfit", r"\mathbfcal", r"\symbf", r"\scriptscriptstyle", r"\notag", r"\setlength", r"\coloneqq"),
    *(r"\space", r"\thickspace", r"\thinspace", r"\medspace", r"\nobreakspace", r"\negmedspace", r"\quad"),
    *(r"\qquad", r"\enspace", r"\substackw", " "),
)
_CLOSING = re.compile(r"(?<!\\)\\\]")
_DROPPED = (r"\tag{", r"\hspace{", r"\begin{", r"\end{", r"\arraycolsep")  # each up to the next brace


def spelled_formula(text: str) -> str:
    r"""Without displaying brackets, tags, environments, fonts and spaces, in lower case.

    >>> spelled_formula(r"\[ \mathbf{X} = 1 \tag{2} \]")
    '{x}=1'
    """
    displayed = next(filter(None, map(_displayed, text.split("\n"))), None)
    text = text if displayed is None else displayed.strip()
    for opening in _DROPPED:
        text = replaced(text, opening, "}")
    text = text.strip(".")
    for name in _FONTS:
        text = text.replace(name, "")
    return text.lower()


def _displayed(line: str) -> str | None:
    r"""What stands between the first \[ and the next \], if there is something."""
    start = line.find(r"\[")
    closing = _CLOSING.search(line, start + 3) if start >= 0 else None
    return line[start + 2 : closing.start()] if closing else None


_OPENING_TABLE, _CLOSING_TABLE = re.compile(r"<table\b", re.IGNORECASE), re.compile("</table>", re.IGNORECASE)
_ATTRIBUTES = [re.compile(f' {name}=".*?"') for name in ("style", "height", "width", "align", "class")]
_TAGS_WITHIN = ("<sup>", "</sup>", "<sub>", "</sub>", "<span>", "</span>", "<div>", "</div>", "<p>", "</p>")


def spelled_table(text: str) -> str:
    """The HTML of all that stands between the first and the last table tag, as a page of one plain table; "" for none.

    Headings are cells, spans and the parts of a table are unwrapped, looks and breaks go.

    >>> spelled_table('<table class="x"><thead><tr><th>A</th></tr></thead></table>')
    '<html><body><table border="1" ><tr><td>A</td></tr></table></body></html>'
    """
    if "<table" not in text.replace(" ", "") or len(text) > LONGEST_TABLE or text.count("<span") > MOST_SPANS:
        return ""
    text = unicodedata.normalize("NFKC", html.unescape(_cells(text)).replace("\n", "")).strip()
    text = _within_table(text)
    for attribute in _ATTRIBUTES:
        text = attribute.sub("", text)
    text = re.sub(r"\s+", " ", re.sub("</?tbody>", "", text))
    text = f'<html><body><table border="1" >{text}</table></body></html>'
    for tag in (*_TAGS_WITHIN, '<spandata-span-identity="">'):
        text = text.replace(tag, "")
    return replaced(text, "<colgroup>", "</colgroup>")


def _within_table(text: str) -> str:
    opening, closings = _OPENING_TABLE.search(text), [found.start() for found in _CLOSING_TABLE.finditer(text)]
    last = closings[-1] if closings else -1
    begins = text.find(">", opening.end(), last) if opening and opening.end() <= last else -1
    return text[begins + 1 : last] if begins >= 0 else ""


def _cells(text: str) -> str:
    """Headings renamed to cells, spans and table heads unwrapped, MathML by its alternative text."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    for heading in soup.find_all("th"):
        heading.name = "td"
    for head in soup.find_all("thead"):
        head.hidden = True  # as `unwrap`, which takes long where tags are nested deep
    for formula in soup.find_all("math"):
        formula.replace_with(f"${formula.get('alttext', '')}$")
    for span in soup.find_all("span"):
        span.hidden = True
    return str(soup)
