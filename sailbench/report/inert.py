"""Text from models, data sets and files made harmless for whoever shows it: terminals, spreadsheets, XML, web pages.

What would be obeyed instead of shown (escape sequences, marks that turn the order of letters) becomes visible.
"""

import json
import re
from typing import Any

# Control characters but tab and newline (C0, DEL, C1: a terminal takes U+009B for ESC [), the marks that turn or
# hide the order of letters, line separators, and lone surrogates, which no file can hold.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\n")


def plain(text: str) -> str:
    r"""The text with what a terminal would obey written out.

    >>> plain("red \x1b[31m")
    'red \\x1b[31m'
    """
    return _OBEYED.sub(lambda found: _written(found.group()), text.replace("\r\n", "\n"))


def _written(mark: str) -> str:
    return f"\\x{ord(mark):02x}" if ord(mark) < 0x100 else f"\\u{ord(mark):04x}"


def line(text: str) -> str:
    """The text in one line."""
    return " ".join(plain(text).split())


def cell(text: str) -> str:
    """One line that no spreadsheet takes for a formula; a lone dash is none."""
    own = line(text)
    return f"'{own}" if own.startswith(_FORMULA) and own != "-" else own


def markdown_cell(text: str) -> str:
    """One line for a Markdown table: no column, link, image or tag begins in it."""
    return re.sub(r"([\\|`*\[\]<>])", r"\\\1", line(text))


def as_json(content: Any, indent: int | None = None) -> str:
    """JSON whose text may be printed: every character that would be obeyed is escaped, and nothing is lost."""
    return _escaped(json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False))


def json_in_html(content: Any) -> str:
    """JSON for a script element of a page: nothing in it can end the element or begin another."""
    text = _escaped(json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _escaped(text: str) -> str:
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
