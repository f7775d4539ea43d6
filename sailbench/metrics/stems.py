"""English words cut to their stems: Porter's rules with the changes that nltk makes to them by default.

Porter 1980, "An algorithm for suffix stripping"; nltk/nltk 3.10 nltk/stem/porter.py, NLTK_EXTENSIONS.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

Rule = tuple[str, str, Callable[[str], bool]]

_IRREGULAR = {
    **dict.fromkeys(("sky", "skies"), "sky"),
    **{f"{letter}ying": f"{letter}ie" for letter in "dlt"},
    **{own: own for own in ("news", "howe", "inning", "outing", "canning", "proceed", "exceed", "succeed")},
    **{f"{own}s": own for own in ("inning", "outing", "canning")},
}


def stem(word: str) -> str:
    """The word's stem in lower case.

    >>> stem("Relational"), stem("hopping"), stem("ponies"), stem("by")
    ('relat', 'hop', 'poni', 'by')
    """
    lowered = word.lower()
    if lowered in _IRREGULAR:
        return _IRREGULAR[lowered]
    if len(word) <= 2:
        return lowered
    word = _without_suffixes(_first(_without_ending(lowered), (("y", "i", _after_consonant),)))
    if word.endswith("e") and (_measure(word[:-1]) > 1 or (_measure(word[:-1]) == 1 and not _is_short(word[:-1]))):
        word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _consonants(word: str) -> list[bool]:
    """Which letters are consonants: all but vowels, and y only at the start or behind a vowel."""
    found: list[bool] = []
    for letter in word:
        found.append(not (found and found[-1]) if letter == "y" else letter not in "aeiou")
    return found


def _measure(word: str) -> int:
    """How often consonants follow vowels."""
    found = _consonants(word)
    return sum(second and not first for first, second in pairwise(found))


def _is_short(word: str) -> bool:
    """Ends in consonant, vowel, consonant other than w, x, y; or is a vowel and a consonant."""
    kinds = _consonants(word)
    if len(word) == 2:
        return kinds == [False, True]
    return kinds[-3:] == [True, False, True] and word[-1] not in "wxy"


def _after_consonant(before: str) -> bool:
    return len(before) > 1 and _consonants(before)[-1]


def _first(word: str, rules: Sequence[Rule]) -> str:
    """The first suffix that fits is replaced if its condition holds; no other is tried."""
    for suffix, replacement, condition in rules:
        if word.endswith(suffix):
            before = word[: len(word) - len(suffix)]
            return before + replacement if condition(before) else word
    return word


def _always(_: str) -> bool:
    return True


def _long(before: str) -> bool:
    return _measure(before) > 0


def _longer(before: str) -> bool:
    return _measure(before) > 1


def _without_ending(word: str) -> str:
    """Without the ending of a plural, a past or a present participle."""
    if word.endswith("ies") and len(word) == 4:
        word = word[:-1]
    else:
        word = _first(word, (("sses", "ss", _always), ("ies", "i", _always), ("ss", "ss", _always), ("s", "", _always)))
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _long(word[:-3]) else word
    for ending in ("ed", "ing"):
        before = word.removesuffix(ending)
        if before != word and not all(_consonants(before)):
            return _mended(before)
    return word


def _mended(word: str) -> str:
    """An "e" put back, or a doubled consonant made one."""
    if word.endswith(("at", "bl", "iz")):
        return f"{word}e"
    if len(word) > 1 and word[-1] == word[-2] and _consonants(word)[-1]:
        return word if word[-1] in "lsz" else word[:-1]
    return f"{word}e" if _measure(word) == 1 and _is_short(word) else word


_SECOND: tuple[Rule, ...] = tuple(
    (suffix, replacement, _long)
    for suffix, replacement in (
        *(("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble")),
        *(("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate")),
        *(("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")),
        *(("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful")),
    )
)
# The l of "logi" belongs to what stands before it, so that "geologi" is cut.
_SECOND += (("logi", "log", lambda before: _long(f"{before}l")),)
_THIRD: tuple[Rule, ...] = tuple(
    (suffix, replacement, _long)
    for suffix, replacement in (
        *(("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")),
    )
)
_FOURTH: tuple[Rule, ...] = (
    *((s, "", _longer) for s in ("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent")),
    ("ion", "", lambda before: _longer(before) and before[-1] in "st"),
    *((s, "", _longer) for s in ("ou", "ism", "ate", "iti", "ous", "ive", "ize")),
)


def _without_suffixes(word: str) -> str:
    while word.endswith("alli") and _long(word[:-4]):
        word = word[:-2]
    for rules in (_SECOND, _THIRD, _FOURTH):
        word = _first(word, rules)
    return word
