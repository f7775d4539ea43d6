r"""Stretches of a text between marks, as `a.*?b` finds them, in one pass.

Such a pattern, tried at every opening mark of a text without closing ones, takes minutes for a reply that repeats
itself: each try reads to the end. Here a mark that is missing once is missing for the rest.
"""

from collections.abc import Iterator


def stretches(text: str, *marks: str) -> Iterator[tuple[int, int]]:
    r"""Where pieces begin and end that open with the first mark and close with the last, those between in order.

    The shortest from left to right, none within another: `re.finditer("<t.*?>.*?</t>", text, re.DOTALL)`.

    >>> list(stretches("a{b}{c", "{", "}")), list(stretches("<t x>y</t>", "<t", ">", "</t>"))
    ([(1, 4)], [(0, 10)])
    """
    end = 0
    while (start := text.find(marks[0], end)) >= 0:
        end = start + len(marks[0])
        for mark in marks[1:]:
            closes = text.find(mark, end)
            if closes < 0:
                return
            end = closes + len(mark)
        yield start, end


def within_lines(text: str, *marks: str) -> Iterator[tuple[int, int]]:
    """The same of pieces that hold no line break, nor do the marks: the pattern without DOTALL."""
    place = 0
    for line in text.split("\n"):
        yield from ((place + start, place + end) for start, end in stretches(line, *marks))
        place += len(line) + 1


def replaced(text: str, *marks: str, by: str = "") -> str:
    r"""The text with another in the place of every such piece of a line: `re.sub`.

    >>> replaced(r"x \tag{1} y \tag{", r"\tag{", "}")
    'x  y \\tag{'
    """
    pieces, place = [], 0
    for start, end in within_lines(text, *marks):
        pieces += [text[place:start], by]
        place = end
    return "".join(pieces) + text[place:]


def blanked(text: str, *marks: str) -> str:
    """The text with spaces in the place of every piece, lines or not, so that the rest keeps its places."""
    pieces, place = [], 0
    for start, end in stretches(text, *marks):
        pieces += [text[place:start], " " * (end - start)]
        place = end
    return "".join(pieces) + text[place:]
