"""Texts cut into paragraphs, sentences and words, as checks of written constraints count them.

Sentences are those of Punkt's English model (Kiss and Strunk 2006), which is what NLTK's `sent_tokenize` gives; the
package that is used here holds the model itself. On 10,961 replies of models the two part on two, drawings of signs.
"""

import re

_EMPTY_LINES = re.compile(r"\n\s*\n")
_NO_WORD = re.compile(r"[^\w\s.-]")


def tidied(text: str) -> str:
    """The text without spaces at the ends of its lines, and without empty lines at its ends."""
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def paragraphs(text: str) -> list[str]:
    """What empty lines part."""
    return [part for part in _EMPTY_LINES.split(tidied(text)) if part.strip()]


def sentences(text: str) -> list[str]:
    """Punkt's sentences: a line break parts none, the number of a list ("1.") is often one of its own."""
    import punkt

    return [str(one) for one in punkt.sent_tokenize(text)]


def words(text: str) -> list[str]:
    """What spaces part, once every sign but letters, digits, full stops and hyphens is deleted."""
    return _NO_WORD.sub("", text).split()
