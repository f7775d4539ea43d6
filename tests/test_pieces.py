"""Answers in pieces: whatever the pieces are cut at, together they are the whole answer, and none is taken back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sailbench.models.pieces import certain
from sailbench.models.sail import chat, tiny
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.spelling import Spelling
from sailbench.serve.told import Head, Telling
from sailbench.types import Response

SCRAPS = ["é", "😀", "漢字", "Image-", "Image-12", "Image", " ", "\n", "a", "<|im_", "end|>", "<think>", "\ufffd", "7"]
MARKUP = ["<think>", "</think>", "</th", "a", "aa", "b", "xy", "x", "yz", " "]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words") / "tiny"
    tiny.write(folder, seed=3)
    return Processor.load(folder).tokenizer


def spelled(tokenizer, ids, several=False):
    """The pieces as the tokens come one by one."""
    spelling = Spelling(tokenizer, several)
    return [spelling.more(ids[: end + 1]) for end in range(len(ids))]


@pytest.mark.parametrize(
    ("text", "words", "length"),
    [("", ["ab"], 0), ("a", ["ab"], 0), ("ab", ["ab"], 2), ("xab", ["abc", "b"], 1), ("x", [], 1), ("aab", ["abb"], 1)],
)
def test_what_may_become_a_word_is_not_certain(text, words, length):
    assert certain(text, words) == length


def test_a_character_of_several_tokens_comes_whole(tokenizer):
    ids = tokenizer.encode_plain("a😀b")
    pieces = spelled(tokenizer, ids)
    assert len(ids) > 3 and "".join(pieces) == "a😀b"
    assert "\ufffd" not in "".join(pieces)


def test_blanks_around_an_answer_and_what_follows_its_end_are_never_sent(tokenizer):
    ids = tokenizer.encode_plain("\n  so it is \n<|im_end|> more")
    assert "".join(spelled(tokenizer, ids)) == "so it is" == tokenizer.decode(ids)


def test_a_row_written_anew_says_nothing_twice(tokenizer):
    ids = tokenizer.encode_plain("one two 😀 three")
    spelling = Spelling(tokenizer)
    first = "".join(spelling.more(ids[: n + 1]) for n in range(len(ids) - 2))
    again = "".join(spelling.more(ids[: n + 1]) for n in range(len(ids)))
    assert first + again == "one two 😀 three"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join), st.booleans())
def test_pieces_of_words_begin_the_answer_and_lack_only_what_may_change(tokenizer, text, several):
    ids = tokenizer.encode_plain(text)
    whole = chat.unhyphenated(tokenizer.decode(ids)) if several else tokenizer.decode(ids)
    sent = "".join(spelled(tokenizer, ids, several))
    assert whole.startswith(sent) and len(whole) - len(sent) <= len("<|im_end|>") + 12


@settings(max_examples=150, deadline=None)
@given(ids=st.lists(st.integers(0, 280), min_size=1, max_size=24))
def test_pieces_of_any_tokens_begin_the_answer(tokenizer, ids):
    assert tokenizer.decode(ids).startswith("".join(spelled(tokenizer, ids)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(MARKUP), max_size=3).map("".join), max_size=8),
    st.lists(st.sampled_from(["xyz", "y", "ab", "b b", "aab"]), max_size=2).map(tuple),
)
def test_an_answer_told_in_pieces_is_the_one_told_whole(pieces, stops):
    text, telling = "".join(pieces), Telling(stops)
    told = [part for piece in pieces for part in telling.more(piece)] + list(telling.rest(text))
    whole = Head(model="m", id="1", created=0).whole(Response(texts=(text,)), stops)["choices"][0]["message"]
    found = {name: "".join(t for n, t in told if n == name) for name in ("reasoning_content", "content")}
    if text.startswith("<think>") and "</think>" not in text:
        assert found == {"reasoning_content": text.removeprefix("<think>"), "content": ""}
    else:
        assert found == {"reasoning_content": whole.get("reasoning_content", ""), "content": whole["content"]}
