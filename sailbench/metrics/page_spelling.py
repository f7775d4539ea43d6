r"""Parts of pages spelled alike before they are compared: text without markup, formulae without fonts, plain tables.

opendatalab/OmniDocBench as open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/OmniDocBench/utils.py has it.
"""

import html
import logging
import re
import unicodedata
from functools import lru_cache

LONGEST_FORMULA = 5_000  # characters; a longer one stays as it is
LONGEST_TABLE = 100_000  # characters; a longer one is none
MOST_SPANS = 2_000  # in a table; one with more is none

_INLINE = re.compile(r"\$(.*?)\$|\\\((.*?)\\\)")
_ESCAPED = re.compile(r"\\[\\_&%^]")


def spelled_text(text: str) -> str:
    r"""Letters, digits and underscores alone; formulae within the line as plain Unicode.

    >>> spelled_text("A $x^2$, b.\n"), spelled_text(r"c/t \(\alpha_1\)")
    ('Ax2b', 'cα_1')
    """
    return _letters(_plain_formulae(text))


def _letters(text: str) -> str:
    for blank in ("\\t", "\\n", "\t", "\n", "/t", "/n"):
        text = text.replace(blank, "")
    return re.sub(r"[^\w\u4e00-\u9fff]", "", text)


def _plain_formulae(text: str) -> str:
    pieces, end = [], 0
    for found in _INLINE.finditer(text):
        formula = _ESCAPED.sub("", found[1] if found[1] is not None else found[2])
        plain = _plain(formula + " " * formula.endswith("\\")) if any(sign in formula for sign in r"\^_") else None
        if plain is not None:
            pieces += [text[end : found.start()], plain.strip()]
            end = found.end()
    return "".join(pieces) + text[end:]


@lru_cache(maxsize=4096)
def _plain(formula: str) -> str | None:
    from pylatexenc.latex2text import LatexNodes2Text

    if len(formula) > LONGEST_FORMULA:
        return None
    logger = logging.getLogger("pylatexenc")
    if not logger.handlers:  # else it warns on the terminal of what it cannot make of a stranger's text
        logger.addHandler(logging.NullHandler())
    try:
        return str(LatexNodes2Text().latex_to_text(formula))
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
_DISPLAYED = re.compile(r"\\\[(.+?)(?<!\\)\\\]")
_DROPPED = [re.compile(own) for own in (r"\\tag\{.*?\}", r"\\hspace\{.*?\}", r"\\begin\{.*?\}", r"\\end\{.*?\}")]
_DROPPED.append(re.compile(r"\\arraycolsep.*?\}"))


def spelled_formula(text: str) -> str:
    r"""Without displaying brackets, tags, environments, fonts and spaces, in lower case.

    >>> spelled_formula(r"\[ \mathbf{X} = 1 \tag{2} \]")
    '{x}=1'
    """
    displayed = _DISPLAYED.search(text)
    text = displayed[1].strip() if displayed else text
    for pattern in _DROPPED:
        text = pattern.sub("", text)
    text = text.strip(".")
    for name in _FONTS:
        text = text.replace(name, "")
    return text.lower()


_TABLE = re.compile(r"<table\b[^>]*>(.*)</table>", re.DOTALL | re.IGNORECASE)
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
    text = "".join(_TABLE.findall(text))
    for attribute in _ATTRIBUTES:
        text = attribute.sub("", text)
    text = re.sub(r"\s+", " ", re.sub("</?tbody>", "", text))
    text = f'<html><body><table border="1" >{text}</table></body></html>'
    for tag in (*_TAGS_WITHIN, '<spandata-span-identity="">'):
        text = text.replace(tag, "")
    return re.sub("<colgroup>.*?</colgroup>", "", text)


def _cells(text: str) -> str:
    """Headings renamed to cells, spans and table heads unwrapped, MathML by its alternative text."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "html.parser")
    for heading in soup.find_all("th"):
        heading.name = "td"
    for head in soup.find_all("thead"):
        head.unwrap()
    for formula in soup.find_all("math"):
        formula.replace_with(f"${formula.get('alttext', '')}$")
    for span in soup.find_all("span"):
        span.unwrap()
    return str(soup)
