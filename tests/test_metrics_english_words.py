"""English text is divided into words as spaCy divides it."""

import random
import time

import pytest

from sailbench.metrics.english_exceptions import exceptions
from sailbench.metrics.english_words import english_words
from sailbench.metrics.masked_text import nearest_stretch

# What spaCy 3.8's English tokenizer made of these.
DIVIDED = [
    (
        "It's $5.00, isn't it?  Ask Dr. Who.",
        ["It", "'s", "$", "5.00", ",", "is", "n't", "it", "?", " ", "Ask", "Dr.", "Who", "."],
    ),
    (
        "They'd've gone to the U.S. (in 1999-2001).",
        ["They", "'d", "'ve", "gone", "to", "the", "U.S.", "(", "in", "1999", "-", "2001", ")", "."],
    ),
    ("e.g. well-known, 5km and 20°C.", ["e.g.", "well", "-", "known", ",", "5", "km", "and", "20", "°", "C", "."]),
    ("a\n\nb :-) ok...", ["a", "\n\n", "b", ":-)", "ok", "..."]),
    ("http://a.example.com/x?y=1, me@site.org!", ["http://a.example.com/x?y=1", ",", "me@site.org", "!"]),
    (
        "I'll say “no”—don’t; cannot and/or gonna",
        ["I", "'ll", "say", "“", "no”—don’t", ";", "can", "not", "and/or", "gon", "na"],
    ),
    ("St. Louis' team (No. 7) won 3-2", ["St.", "Louis", "'", "team", "(", "No", ".", "7", ")", "won", "3", "-", "2"]),
    ('"Hello," she said.Then left', ['"', "Hello", ",", '"', "she", "said", ".", "Then", "left"]),
    ("A.B.C. Corp. 10a.m. U.K.'s 50%", ["A.B.C.", "Corp.", "10", "a.m.", "U.K.", "'s", "50", "%"]),
    ("x=y/z 3*4 a:b 'tis 'em", ["x", "=", "y", "/", "z", "3", "*", "4", "a", ":", "b", "'", "tis", "'em"]),
    (" leading and trailing  ", [" ", "leading", "and", "trailing", " "]),
    ("naïve café—Straße №5 漢字テスト", ["naïve", "café", "—", "Straße", "№", "5", "漢字テスト"]),
]
SIGNS = (
    *"…,:;!?()[]{}<>_#*&'\"”“`‘’«»$£%§=—–+-~/|^.@",
    *("...", "US$", "'s", "km", "m/s", "°C", "5", "3.14", "A", "U.S", "abc", "é", "Я", "漢", "©", "http://", "www."),
    *("example.com", "a@b.co", "8.8.8.8", "/path", " ", "  ", "\n", "\u00a0"),
)


@pytest.mark.parametrize(("text", "words"), DIVIDED)
def test_words_are_spacys(text, words):
    assert words == english_words(text)


def test_any_text_is_divided_as_spacy_divides_it():
    spacy = pytest.importorskip("spacy", reason="spaCy is not installed; nothing but this comparison needs it")
    tokenizer, rng = spacy.blank("en").tokenizer, random.Random(0)
    pieces = (*SIGNS, *exceptions())
    for _ in range(20_000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 6)))
        assert [token.text for token in tokenizer(text)] == english_words(text)


def test_a_stranger_cannot_make_the_division_endless():
    begun = time.monotonic()
    for run in ("!" * 10_000, "a:" * 5_000 + "@.", ".," * 200, "a@" * 5_000):
        assert "".join(english_words(run)) == run
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("said", "restored"),
    [
        ("it says the red car here", (1, 1)),
        ("red car", (0, 0)),
        ("the red cat", (0, 0.5)),
        ("car red the", (0, 1)),
        ("The Red Car", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_masked_text_is_sought_in_the_nearest_stretch(said, restored):
    assert restored == nearest_stretch(said.split(), ["the", "red", "car"], "the red car")
