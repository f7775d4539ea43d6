"""English words that a tokenizer divides, or keeps together, as a list says: contractions, abbreviations, smileys.

The list is that of explosion/spaCy 3.8 (spacy/lang/en/tokenizer_exceptions.py, spacy/lang/tokenizer_exceptions.py),
made anew here; tests compare the two where spaCy is installed.
"""

from collections.abc import Iterable, Iterator
from functools import cache

Words = tuple[str, ...]

_PRONOUNS = ("i", "you", "he", "she", "it", "we", "they")
_ASKING = ("who", "what", "when", "where", "why", "how", "there")
_MODALS = ("could", "might", "must", "should", "would")
_VERBS = (*_MODALS, "ca", "do", "does", "did", "had", "may", "need", "ought", "sha", "wo")
_WILL = (("'ll",), ("'ll", "'ve"), ("'d",), ("'d", "'ve"))
# What may stand behind which words, with an apostrophe or without it.
_ENDINGS: tuple[tuple[Words, tuple[Words, ...]], ...] = (
    (("i",), (("'m",), ("'m", "a"))),
    ((*_PRONOUNS, *_ASKING, "that", "this", "these", "those"), _WILL),
    (("i", "you", "we", "they", *_ASKING, "these", "those"), (("'ve",),)),
    (("you", "we", "they", *_ASKING, "these", "those"), (("'re",),)),
    (("he", "she", "it", *_ASKING, "that", "this"), (("'s",),)),
    (_VERBS, (("n't",), ("n't", "'ve"))),
    (_MODALS, (("'ve",),)),
    (("ai", "are", "is", "was", "were", "have", "has", "dare"), (("n't",),)),
    (("not",), (("'ve",),)),
)
# Contractions that are words of their own.
_WHOLE = ("ill", "its", "hell", "shell", "shed", "were", "well", "whore")
_DIVIDED = "how 'd 'y|can not|gon na|got ta|let 's|c'm on"
_KEPT = (
    "doin doin' goin goin' nothin nothin' nuthin nuthin' ol ol' somethin somethin' lovin lovin' havin havin' ma'am "
    "o'clock 'cause 'cos 'coz 'cuz 's co. e.g. i.e."
)
_KEPT_AS_THEY_ARE = (
    "em 'em ll 'll nuff 'nuff \u2018S \u2018s and/or w/o 're 'bout 'd a.m. p.m. vs. v.s. E.G. I.E. "
    "Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. "
    "Kan. Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. "
    "Ore. Pa. S.C. Sep. Sept. Tenn. Va. Wash. Wis. Adm. Bros. Corp. D.C. Dr. Gen. Gov. Inc. Jr. Ltd. Md. Messrs. Mo. "
    "Mont. Mr. Mrs. Ms. Ph.D. Prof. Rep. Rev. Sen. St. "
    "' \\\") <space> '' C++ a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u. v. w. x. y. z. ä. ö. ü. "
    "\\t \\n \u2014"
)
_SPACES = (" ", "\t", "\n", "\u00a0")
_SMILEYS = (
    ":) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( "
    ":-(( :((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 "
    ":() >:o :* :-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< "
    "._. ;_; -_- -__- v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 "
    "(^_^) (-_-) (._.) (>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>"
)


@cache
def exceptions() -> dict[str, Words]:
    """Every word of the list, and what it is divided into."""
    found: dict[str, Words] = {word: (word,) for word in (*_SMILEYS.split(), *_SPACES)}
    found |= {f"°{letter}.": ("°", letter, ".") for letter in "cfkCFK"}
    contracted = ("".join(parts) for parts in _contractions())
    found |= dict(zip(contracted, _contractions(), strict=True))
    found |= {"".join(parts): tuple(parts) for parts in (line.split() for line in _both_ways(_DIVIDED.split("|")))}
    found |= {"y'all": ("y'", "all"), "yall": ("y", "all")}
    found |= {word: (word,) for word in (*_both_ways(_KEPT.split()), *_KEPT_AS_THEY_ARE.split())}
    for hour in range(1, 13):
        found |= {f"{hour}{half}": (str(hour), half) for half in ("a.m.", "am", "p.m.", "pm")}
    found = {word: parts for word, parts in found.items() if word.lower() not in _WHOLE}
    return found | {_curly(word): tuple(map(_curly, parts)) for word, parts in found.items()}


def _curly(word: str) -> str:
    return word.replace("'", "\u2019")


def _contractions() -> Iterator[Words]:
    for words, endings in _ENDINGS:
        for word in _both_ways(words):
            for ending in endings:
                yield (word, *ending)
                yield (word, *(part.replace("'", "") for part in ending))


def _both_ways(words: Iterable[str]) -> Iterator[str]:
    """Each word as it is and with its first letter (not its first sign) in capitals."""
    for word in words:
        first = next(place for place, sign in enumerate(word) if sign.isalpha())
        yield from (word, word[:first] + word[first].upper() + word[first + 1 :])
