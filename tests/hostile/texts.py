"""Texts that are out for trouble in whatever shows them."""

LINK = "\x1b]8;;http://evil.example/\x1b\\click\x1b]8;;\x1b\\"
TEXTS = (
    *("\x1b[31mred\x1b[0m", LINK, "\x9b2Jgone", "good\r\x1b[2Kbad", "\a\b\b\x7f", "\x1b]0;title\x07", "\x1bP+q\x1b\\"),
    *("\u202egnp.exe", "\u2066inside\u2069", "\u200fmark", "\u2028line", "\ufeff", "\ufffe", "\x00", "\ud800"),
    *("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "--><b>", "]]>", "<![CDATA[", "&lt;b&gt;"),
    *("[x](javascript:alert(1))", "![x](http://evil.example/x.png)", "a|b", "`code`", "\n# heading\n", "<!-- "),
    *('=HYPERLINK("http://evil")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "[bold]x[/bold]"),
    *("{{7*7}}", "${7*7}", "%s%n", "'; DROP TABLE x;--", "../../etc/passwd"),
)
ALL = " ".join(TEXTS)
# What a terminal, an editor or a page would obey, or no file can hold. A tab and a line feed are harmless.
OBEYED = [chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
OBEYED += ["\u200e", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\ud800"]


def obeyed(text):
    """The marks in a text that whoever shows it would obey."""
    return [hex(ord(mark)) for mark in OBEYED if mark in text]
