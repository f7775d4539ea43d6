"""Captions in the words of the Penn Treebank, as the caption metrics of COCO expect them, without Java.

pycocoevalcap runs Stanford's PTBTokenizer (CoreNLP 3.4.1, lower case) and drops punctuation. This tokeniser is our
own, made and held against that program's output: of 26,958 lines of plain English that models wrote 17 come out
otherwise, of 30,000 made-up captions full of prices, brands and abbreviations 21, of 37,081 lines with mathematics,
markup and other scripts 603. Where the original looks at the next caption to tell whether a full stop behind a
letter ends the sentence ("vitamin D."), here it always does.
"""

import re
from functools import lru_cache

# Punctuation that is dropped. The original names brackets in capitals, which no lower-case token equals: they stay.
_DROPPED = frozenset(("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"))
_BRACKETS = dict(zip("()[]{}", ("-lrb-", "-rrb-", "-lsb-", "-rsb-", "-lcb-", "-rcb-"), strict=True))
_RESPELLED = dict(zip("½¼¾¢£€¤", ("1/2", "1/4", "3/4", "cents", "#", "$", "$"), strict=True)) | _BRACKETS
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}  # others are quotes and spaces
_QUOTES = frozenset("'’‘‛`\"“”«»‹›…–—―")

# Words that keep their full stop anywhere; only with a capital; and only before a number.
_ABBREVIATION = re.compile(
    "adj|adm|adv|al|ala|alex|apr|ariz|assn|assoc|asst|atty|aug|ave|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr|co|"
    "col|colo|comdr|conn|corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|gov|hon|"
    "inc|ind|insp|invt|jan|jos|jr|jul|jun|kans?|ky|lieut|lt|ltd|maj|mar|md|mich|minn|mlle|mme|mo|mon|mont|mr|mrs|ms|"
    "msgr|mt|natl|neb|nev|nov|oct|okla|penn|pfc|ph|plc|pres|profs?|pvt|rd|reps?|rev|rt|sens?|sept?|seq|sfc|sgt|spc|"
    "sq|sr|st|ste|supt|sys|tel|tenn|thu|thurs|treas|tues?|univ|va|vs|vt|wed|wisc?|wm|wyo",
    re.IGNORECASE,
)
_WITH_A_CAPITAL = re.compile("Ark|Az|Del|Ill|La|Mass|Miss|Ore|Pa|Tex|Wash", re.IGNORECASE)
_BEFORE_A_NUMBER = re.compile("nos?|figs?|op|pp?|art", re.IGNORECASE)
# After a letter and a full stop these begin a sentence, and the stop is not the letter's.
_OPENERS = (
    "A|About|After|An|As|At|But|Earlier|He|Her|Here|However|If|In|It|Last|Many|More|Now|Once|One|Other|Our|She|Since|"
    "So|Some|Such|That|The|Their|Then|There|These|They|This|We|What|When|While|Yet|You"
)

_A = "['’]"
_W = r"[^\W_]"  # a letter or digit
_L = r"[^\W\d_]"  # a letter
_SUFFIX = rf"{_A}(?:s|m|d|ll|re|ve)(?!{_W})"
_TOKEN = re.compile(
    rf"""
    (?P<tag></?[a-z!][^<>\n]{{0,300}}>)
  | (?P<entity>&(?:amp|lt|gt|quot|apos|nbsp);)
  | (?P<link>(?:https?://|www\.)[^\s<>"|()]{{0,300}}[^\s<>"|().,;:!?'’])
  | (?P<mail>{_W}[\w.-]{{0,60}}@{_W}[\w-]{{0,60}}(?:\.[\w-]{{1,60}}){{1,5}})
  | (?P<handle>@{_L}\w*|\#{_L}+)
  | (?P<phone>(?:\(\d{{3}}\)|\d{{3,4}}(?=[ ]))[ ]?\d{{3,4}}[- ]\d{{4}}(?!\d))
  | (?P<dollars>(?:us|hk|nz|[ac])\$)
  | (?P<face>[:;=]{_A}?-?[)(]|:-?[dp](?!{_W})|;-?d(?!{_W})|:\||:O(?!{_W}))
  | (?P<mixed>\d+[ -]\d+/\d+(?!{_W}))
  | (?P<clock>\d+(?:\.\d+)?(?::\d+)+(?:\.\d+)?)
  | (?P<tis>{_A}t(?=(?:is|was)(?!{_W})))
  | (?P<suffix>{_SUFFIX})
  | (?P<negation>n['’`]t(?!{_W}))
  | (?P<clipped>{_A}(?:em|til|cause)(?!{_W})|{_A}n{_A}?(?!{_W})|{_A}\d0s(?!{_W})|(?:dunkin|somethin|ol){_A}(?!{_W}))
  | (?P<joined>(?:gim|lem)(?=me(?!{_W}))|(?:gon|wan)(?=na(?!{_W}))|got(?=ta(?!{_W}))|can(?=not(?!-?{_W})))
  | (?P<initials>(?:{_L}\.)+(?:{_L}(?:-{_W}+)*(?!{_W})|{_L}{{2,}}(?:[.-]{_W}+)*|-{_W}+(?:-{_W}+)*)?)
  | (?P<amp>(?-i:[A-Z]+&[A-Z]+))
  | (?P<apostrophe>(?!{_W}{_SUFFIX})(?:(?-i:[A-CE-HKM-NP-XZ]){_A}{_L}{{2,}}|[dl]{_A}{_W}{{2,}}|o{_A}{_W}{{2,}}
      |n{_A}{_L}{{2,}}|c{_A}(?:est|mon)|e{_A}er|(?:{_W}+-)+[dl]{_A}{_W}{{2,}}
      |{_L}+[aeiouy]{_A}(?!(?:ll|re|ve|em?)(?!{_W}))(?:[aeiou]{_L}*|mon|you))(?!{_W}))
  | (?P<elided>[jy]{_A}(?={_L})(?!{_SUFFIX[len(_A) :]}))
  | (?P<number>[-+]\d+(?:[.,:]\d+)*|[.,]\d+(?:[.,]\d+)*)
  | (?P<word>{_W}+?(?=n['’`]t(?!{_W}))
      |\d+(?:[.,]\d+)+(?:-{_W}+)*
      |{_L}+(?:[.?!]{_L}+)+(?!{_W})
      |{_W}+(?:[-_/]{_W}+)*)
  | (?P<stops>\.{{3,}})
  | (?P<run>[!?]+|--+|\*+|_+|\#+)
  | (?P<sign>\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBER_FOLLOWS = re.compile(r"\.\s*\d")
_SENTENCE_FOLLOWS = re.compile(rf"\s+(?:{_OPENERS})\s|\s*$")


@lru_cache(maxsize=1 << 16)
def penn_words(caption: str) -> str:
    """The caption's words in lower case, a space between two; punctuation but brackets is gone.

    >>> penn_words("A man's dog isn't running (yet), it can't."), penn_words("The U.S. vs. Japan at 10:30am...")
    ("a man 's dog is n't running -lrb- yet -rrb- it ca n't", 'the u.s. vs. japan at 10:30 am')
    """
    words, at = [], 0
    caption = caption.replace("\xad", "").replace("\n", " ")
    while found := _TOKEN.search(caption, at):
        word, at = _word(found, caption)
        if word and word not in _DROPPED:
            words.append(word)
    return " ".join(words)


def _word(found: re.Match[str], caption: str) -> tuple[str, int]:
    """A token as it is spelled in the treebank, and where the next one begins."""
    text, kind, end = found.group(), found.lastgroup, found.end()
    if kind == "word" and _keeps_stop(text, caption, end):
        text, end = f"{text}.", end + 1
    elif kind == "initials" and len(text) == 2 and _SENTENCE_FOLLOWS.match(caption, end):
        text = text[0]
    elif kind == "phone":
        text = text.replace("(", "-lrb-").replace(")", "-rrb-").replace(" ", "\xa0")
    elif kind in ("tag", "mixed"):
        text = text.replace(" ", "\xa0")
    elif kind == "face":
        text = text.replace("(", "-lrb-").replace(")", "-rrb-")
    elif kind in ("suffix", "tis", "negation", "clipped") and "’" in text:
        text = text.replace("’", "'")
    elif kind == "entity":
        text = _ENTITIES.get(text.lower(), "")
    elif kind == "stops" or (kind == "sign" and not _is_known(text)):
        text = ""
    return _RESPELLED.get(text, text.lower()), end


def _keeps_stop(text: str, caption: str, end: int) -> bool:
    if caption[end : end + 1] != ".":
        return False
    if _ABBREVIATION.fullmatch(text) or (text[0].isupper() and _WITH_A_CAPITAL.fullmatch(text)):
        return True
    if _BEFORE_A_NUMBER.fullmatch(text) and _NUMBER_FOLLOWS.match(caption, end):
        return True
    return caption[end + 1 : end + 2] in (",", ";", ":") or (text[-2:-1] == "." and text[-1].isalpha())


def _is_known(sign: str) -> bool:
    """Other signs are dropped: quotes and dashes as punctuation, emoji, most currencies and combining marks as such."""
    if sign in _RESPELLED:
        return True
    return sign not in _QUOTES and (sign < "\u0100" or "\u2016" <= sign <= "\u203b" or "\u2100" <= sign < "\u2c00")
