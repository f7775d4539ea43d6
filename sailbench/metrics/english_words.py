"""English text in words, exactly as spaCy's English tokenizer divides it, without spaCy.

Its pipeline en_core_web_sm uses the language's own rules, which are these (explosion/spaCy 3.8, spacy/tokenizer.pyx,
spacy/lang/punctuation.py, spacy/lang/char_classes.py): at spaces, then signs off both ends, then signs within words;
a list of exceptions comes first. Tests compare the two where spaCy is installed.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from sailbench.metrics.english_exceptions import Words, exceptions

LONGEST = 400  # signs without a space among them; more are one word, lest a stranger's text take hours

_LATIN = "41-5A 61-7A C0-D6 D8-F6 F8-1BF 1C4-2AF 1D00-1D25 1D6B-1D77 1D79-1D9A 1E00-1EFF 2C60-2C7B 2C7E-2C7F "
_LATIN += "A722-A76F A771-A787 A78B-A78E A790-A7B9 A7FA AB30-AB5A AB60-AB64 FF21-FF3A FF41-FF5A"
_GREEK_AND_CYRILLIC = "386 388-38A 38C 38E-38F 391-3A9 3AC-3AF 3B1-3C9 3CC-3CE 400-401 403-40A 40C-40D 410-451 453-45A "
_GREEK_AND_CYRILLIC += "45C-45D 490-491 496-497 4A2-4A3 4AE-4AF 4BA-4BB 4D8-4D9 4E8-4E9"
_WITHOUT_CASE = "591-5F4 620-64A 66E-6D5 6E5-6FF 750-77F 8A0-8BD 900-9FF B80-CFF D80-DFF 1100-137F 2E80-2FDF 2FF0-30FF "
_WITHOUT_CASE += "31C0-31EF 3200-4DBF 4E00-9FFF AC00-D7AF F900-FAFF FB1D-FBB1 FBD3-FD3D FD50-FDC7 FDF0-FDFB FE30-FE4F "
_WITHOUT_CASE += "FE70-FEFC 1EE00-1EEBB 1F200-1F2FF 20000-2A6DF 2A700-2EBEF 2F800-2FA1F"
# Symbols younger than spaCy's table (Unicode 11).
_YOUNGER = "166D 2B97 2BC9 2BFF 2E50-2E51 2FFC-2FFF 31E4-31EF 32FF FD40-FD4F FDCF FDFE-FDFF 1019C 11FD5-11FF1 "
_YOUNGER += "1CC00-1CFFF 1D1E9-1D1EA 1E14F 1ED2E 1F10D-1F10F 1F16C-1F16F 1F1AD 1F6D5-1F6DF 1F6FA-1F6FF 1F774-1F77F "
_YOUNGER += "1F7D9-1F7FF 1F8AE-1F8FF 1F90C-1F90F 1F93F 1F971-1F972 1F977-1F979 1F97B 1F9A3-1F9AF 1F9BA-1F9BF "
_YOUNGER += "1F9C3-1F9CF 1FA00-1FA5F 1FA6E-1FBFF"

_PUNCTUATION = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
# Two kinds of angle brackets look alike: U+2329 and U+3008.
_QUOTES = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》\u2329\u232a\u3008\u3009⟦⟧"
_CURRENCIES = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫€₭₮₯₰₱₲₳₴₵₶₷₸₹₺₻₼₽₾₿"
_UNITS = (
    "km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa "
    "mbar mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч "
    "кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ тбكم كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام جرام جم كغ ملغ "
    "كوب اكواب"
)


def _signs(ranges: str) -> Iterator[str]:
    for one in ranges.split():
        first, _, last = one.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


def _one_of(signs: str) -> str:
    return "".join(map(re.escape, dict.fromkeys(signs)))


class _Rules(NamedTuple):
    """Patterns for what is cut off the start and the end of a word, and within it, and for what is an address."""

    start: re.Pattern[str]
    end: re.Pattern[str]
    within: re.Pattern[str]
    address: re.Pattern[str]


@cache
def _rules() -> _Rules:
    cased = "".join(_signs(f"{_LATIN} {_GREEK_AND_CYRILLIC}"))
    without = _ranges(_WITHOUT_CASE)
    letters = f"{_ranges(f'{_LATIN} {_GREEK_AND_CYRILLIC}')}{without}"
    lower = _one_of("".join(c for c in cased if unicodedata.category(c) == "Ll" or c == "ʔ")) + without
    upper = _one_of("".join(c for c in cased if unicodedata.category(c) == "Lu")) + without
    icons = _icons()
    quotes, both = _one_of(_QUOTES), _one_of(_PUNCTUATION + _QUOTES)
    before_stop = _one_of("%²-+|(?:)" + _PUNCTUATION + _QUOTES)
    units = "|".join(map(re.escape, _UNITS.split()))
    return _Rules(
        start=re.compile(
            rf"[§%=—–{both}{_one_of(_CURRENCIES)}{icons}]|\+(?![0-9])|\.\.+|US\$|C\$|A\$",
        ),
        end=re.compile(
            rf"(?:[{both}—–{icons}]|……|\.\.+|['’][sS]|(?<=[0-9])(?:\+|[{_one_of(_CURRENCIES)}]|US\$|C\$|A\$|{units})|"
            rf"(?<=°[FfCcKk])\.|(?<=[0-9{lower}{before_stop}])\.|(?<=[{upper}][{upper}])\.)$"
        ),
        within=re.compile(
            rf"\.\.+|[…{icons}]|(?<=[0-9])[-+*^](?=[0-9-])|(?<=[{lower}{quotes}])\.(?=[{upper}{quotes}])|"
            rf"(?<=[{letters}]),(?=[{letters}])|(?<=[{letters}0-9])(?:-|–|—|--|---|——|~)(?=[{letters}])|"
            rf"(?<=[{letters}0-9])[:<>=/](?=[{letters}])"
        ),
        address=_address(lower),
    )


def _ranges(ranges: str) -> str:
    """A regular expression's class of the signs in these ranges."""
    ends = ([chr(int(end, 16)) for end in one.split("-")] for one in ranges.split())
    return "".join("-".join(re.escape(end) for end in both) for both in ends)


@cache
def _icons() -> str:
    younger = set(_signs(_YOUNGER))
    return "".join(
        c for c in map(chr, range(128, sys.maxunicode)) if unicodedata.category(c) == "So" and c not in younger
    )


def _address(lower: str) -> re.Pattern[str]:
    """A URL or e-mail address: the host may be numbers, but no private network's."""
    host_sign = "A-Za-z0-9\u00a1-\uffff"
    return re.compile(
        r"(?:(?:[\w+\-.]{2,})://)?(?:\S+(?::\S*)?@)?(?:"
        r"(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})"
        r"(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})"
        r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}"
        r"(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))"
        rf"|(?:(?:[{host_sign}][{host_sign}_-]{{0,62}})?[{host_sign}]\.)+(?:[{lower}]{{2,63}})"
        r")(?::\d{2,5})?(?:[/?#]\S*)?$"
    )


class _Token(NamedTuple):
    text: str
    spaced: bool = False  # a single space follows


def english_words(text: str) -> list[str]:
    """The words and signs of a text, in order; more than one space in a row, and line breaks, are words too.

    >>> english_words("It's $5.00, isn't it?  Ask Dr. Who.")
    ['It', "'s", '$', '5.00', ',', 'is', "n't", 'it', '?', ' ', 'Ask', 'Dr.', 'Who', '.']
    """
    return [token.text for token in _by_list(list(_tokens(text, listed=True)))]


def _tokens(text: str, listed: bool) -> Iterator[_Token]:
    """Before exceptions that hold signs are put together again; `listed`: exceptions are looked up on the way."""
    # Runs of blanks and of other signs; the first blank after a word is not part of the run if it is a space.
    runs = [found.group() for found in re.finditer(r"\s+|\S+", text)]
    for place, run in enumerate(runs):
        following = runs[place + 1] if place + 1 < len(runs) else ""
        if run[0].isspace():
            run = run[1:] if place and run[0] == " " else run
            if run:
                yield _Token(run)
            continue
        words = _divided(run, listed)
        yield from map(_Token, words[:-1])
        yield _Token(words[-1], following.startswith(" "))


def _divided(run: str, listed: bool) -> Sequence[str]:
    """The words of a run of signs without blanks."""
    known = exceptions() if listed else {}
    if run in known:
        return known[run]
    if len(run) > LONGEST:
        return [run]
    before, core, after = _stripped(run, known)
    middle: Sequence[str] = ()
    if core:
        middle = known.get(core) or ([core] if _is_address(core) else _split_within(core))
    return [*before, *middle, *after]


def _stripped(word: str, known: dict[str, Words]) -> tuple[list[str], str, list[str]]:
    """Signs off both ends, until an exception is left or nothing more comes off."""
    before: list[str] = []
    after: list[str] = []
    size = 0
    while word and len(word) != size and word not in known:
        size = len(word)
        start = _length(_rules().start.match(word))
        if start and word[start:] in known:
            before.append(word[:start])
            word = word[start:]
            break
        end = _length(_rules().end.search(word[start:]))
        if end and word[:-end] in known:
            after.append(word[-end:])
            word = word[:-end]
            break
        if start:
            before.append(word[:start])
        if end and (not start or start + end <= len(word)):
            after.append(word[-end:])
            word = word[start:-end]
        else:
            word = word[start:]
    return before, word, after[::-1]


def _length(found: re.Match[str] | None) -> int:
    return len(found.group()) if found else 0


def _is_address(word: str) -> bool:
    return "." in word and _rules().address.match(word) is not None


def _split_within(word: str) -> list[str]:
    pieces, start = [], 0
    for found in _rules().within.finditer(word):
        if found.start() == 0:
            continue
        pieces += [word[start : found.start()], found.group()]
        start = found.end()
    return [piece for piece in (*pieces, word[start:]) if piece]


@cache
def _taken_apart() -> dict[str, list[Words]]:
    """Exceptions that the rules take apart, as what they become, by its first word."""
    apart: dict[str, list[Words]] = {}
    for word in exceptions():
        signs = _rules().start.match(word) or _rules().end.search(word) or _rules().within.search(word) or " " in word
        if signs:
            pieces = tuple(token.text for token in _tokens(word, listed=False))
            apart.setdefault(pieces[0], []).append(pieces)
    return apart


def _by_list(tokens: list[_Token]) -> list[_Token]:
    """The tokens with exceptions put together again, or divided as the list says; the longest come first."""
    found = [
        (place, place + len(pieces))
        for place, token in enumerate(tokens)
        for pieces in _taken_apart().get(token.text, ())
        if tuple(own.text for own in tokens[place : place + len(pieces)]) == pieces
    ]
    chosen: dict[int, int] = {}
    seen: set[int] = set()
    for start, end in sorted(set(found), key=lambda span: (span[0] - span[1], span[0])):
        if start not in seen and end - 1 not in seen:
            chosen[start] = end
        seen.update(range(start, end))
    return list(_replaced(tokens, chosen))


def _replaced(tokens: list[_Token], chosen: dict[int, int]) -> Iterator[_Token]:
    place = 0
    while place < len(tokens):
        end = chosen.get(place, place + 1)
        own = tokens[place:end]
        word = "".join(token.text for token in own)
        # Pieces with a space between them are no exception after all.
        apart = any(token.spaced for token in own[:-1])
        parts = exceptions().get(word) if place in chosen and not apart else None
        yield from own if parts is None else map(_Token, parts)
        place = end
