"""Values of any kind dealt out of bytes, so that one input serves hypothesis, a fuzzer and a stored corpus alike.

A text is mostly plain letters, with the marks between them that readers look for, and now and then any sign at all.
"""

import struct

MARKS = (
    *(
        "\\boxed{",
        "\\frac{",
        "\\text{",
        "\\sqrt{",
        "answer is ",
        "Answer: ",
        "the final answer ",
        "<think>",
        "</think>",
    ),
    *("<answer>", "</answer>", "```json\n", "```", "**", "yes", "No", "None", "nan", "inf", "1e999", "9**9", "9^9"),
    *(
        "10000000000",
        "0.",
        "-",
        "1,000",
        "A",
        "B.",
        "(C)",
        "D ",
        "the ",
        "is ",
        "<table><tr><td>",
        "</td></tr></table>",
    ),
    *("<table", '<td colspan="x">', "| a | b |\n", "|---|---|\n", "\\begin{tabular}", "\\end{tabular}", "$", "$$"),
    *("\\(", "\\)", "\\[", "\\]", "\u200b", "\u202e", "\x1b[31m", "\u2028", "\ufffc", "中", "是", "。", "，", "٣", "²"),
    *("½", "İ", "ß", "ﬃ", "e\u0301", "👍", "\x00", "\r\n", '{"a": ', '"a"', "[1, 2, 3, 4]", "(1,2)", "00:01:02"),
    *(" - ", "1:2", "%", "\\%", "°", "&amp;", "&#0;", "\\infty", "\\pm", "\\cup", "=", "\\in ", "1e5", "x=1, y=2"),
    *("<box>", "</box>", "[[", "]]", "'", "or", "and", "Mr. ", "a.b", "http://", "@", "#", "Score: 1", "[Yes]"),
    *("A: ", "B) ", "Option ", "\\mathrm{", "}", "\\times", "minutes", "$1.5", "千"),
)
NUMBERS = (0.0, 1.0, -1.0, 0.5, 1e-9, 1e9, -1e9, 3.0, 100.0, 1e300, -1e300, 5e-324)
MOST = 24


class Dealer:
    """Reads bytes from the front; zeros when there are no more."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    @property
    def empty(self):
        return self._at >= len(self._content)

    def byte(self):
        self._at += 1
        return 0 if self._at > len(self._content) else self._content[self._at - 1]

    def below(self, count):
        return self.byte() % count

    def flag(self):
        return self.byte() % 2 == 1

    def one_of(self, values):
        return values[(self.byte() + 256 * (self.byte() if len(values) > 256 else 0)) % len(values)]

    def text(self):
        """Up to 255 pieces: a byte below 128 is its letter, one above a mark, the highest any sign of two bytes."""
        pieces = []
        for _ in range(self.byte()):
            if self.empty:
                break
            own = self.byte()
            if own < 0x80:
                pieces.append(chr(own))
            elif own < 0xF8:
                pieces.append(MARKS[(own - 0x80) % len(MARKS)])
            else:
                pieces.append(chr(self.byte() * 256 + self.byte()))
        return "".join(pieces)

    def number(self):
        own = self.byte()
        if own < len(NUMBERS):
            return NUMBERS[own]
        if own < 128:
            return float(own - 64)
        return struct.unpack("<h", bytes((self.byte(), self.byte())))[0] / (10.0 if own % 2 else 1.0)

    def whole(self):
        return int(max(-1e9, min(1e9, self.number())))

    def many(self, make):
        return [make() for _ in range(self.below(MOST))]

    def anything(self, depth=3):
        """What JSON can hold."""
        kinds = (self.text, self.number, self.whole, self.flag, lambda: None)
        deep = (
            lambda: self.many(lambda: self.anything(depth - 1))[:4],
            lambda: {self.text()[:5]: self.anything(depth - 1) for _ in range(self.below(4))},
        )
        return self.one_of(kinds + deep * (depth > 0))()


class Endless(Dealer):
    """Deals texts that begin somehow and then repeat themselves for pages, as a model in a loop writes."""

    LENGTH = 20_000  # characters

    def text(self):
        start, unit = "", super().text()
        if self.flag():
            start, unit = unit, super().text()
        return start + unit * (self.LENGTH // max(1, len(unit))) + super().text()[:20]


class Same(Dealer):
    """Deals one text wherever a text is asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(bytes(range(1, 250)))
        self._text = text

    def text(self):
        return self._text
