"""Pages, tables and texts read off images: blocks, pairs, stems, records, and bounds on what strangers send."""

import json
import random
import time
from pathlib import Path

import pytest

from sailbench.metrics import page_spelling, page_texts
from sailbench.metrics.block_matching import paired_blocks, paired_one_by_one
from sailbench.metrics.ocr_spotting import last_quadruple, spotted_texts
from sailbench.metrics.page_blocks import page_blocks
from sailbench.metrics.page_scores import page_scores
from sailbench.metrics.page_spelling import spelled_table, spelled_text
from sailbench.metrics.records import read_chart, read_record
from sailbench.metrics.stems import stem
from sailbench.metrics.teds import as_page, rows_as_page, table_similarity_score

ROWS = json.loads((Path(__file__).parent / "cases/tasks/omnidocbench.json").read_text(encoding="utf-8"))["rows"]
PAGE = json.loads(ROWS[0]["row"]["answer"])
TABLE = "<table><tr><td>a</td></tr></table>"


def text_page(*texts, cut=()):
    """A page of texts in their order; `cut` holds pairs that are one text."""
    blocks = [
        {"category_type": "text_block", "anno_id": i, "order": i + 1, "text": text} for i, text in enumerate(texts)
    ]
    ties = [{"relation_type": "truncated", "source_anno_id": one, "target_anno_id": other} for one, other in cut]
    return {"layout_dets": blocks, "extra": {"relation": ties}}


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("# Title\n\nText\nof two lines", [("text", "# Title"), ("text", "Text\nof two lines")]),
        ("one\ntwo", [("text", "one"), ("text", "two")]),
        ("a $x^2$ b\n\n$$ y $$", [("text", "a $x^2$ b"), ("formula", r"\[x^2\]"), ("formula", r"\[y\]")]),
        (f"before\n\n{TABLE}\n\nafter", [("text", "before"), ("text", "after"), ("html_table", TABLE)]),
        (r"\begin{tabular}{c}a\end{tabular}", [("latex_table", r"\begin{tabular}{c}a\end{tabular}")]),
        ("```python\nx = 1\n``` ok", [("text", "x = 1"), ("text", "ok")]),
        ("```python\nx = 1\n```", [("text", "```python"), ("text", "x = 1")]),  # a fence that ends its line goes first
        ("![cat](cat.png)\n\n", []),
    ],
)
def test_a_page_is_taken_apart(page, blocks):
    assert sorted(blocks) == sorted((block.kind, block.content) for block in page_blocks(page))


def test_markdown_tables_become_html():
    (block,) = page_blocks("| a | b |\n|---|---|\n| c | d |\n")
    assert block.kind == "html_table"
    assert all(f">{cell}</td>" in block.content for cell in "abcd")


# What open-compass/VLMEvalKit@e8e78f05 OmniDocBench/utils.py match_gt2pred_quick made of these.
@pytest.mark.parametrize(
    ("said", "wanted", "pairs"),
    [
        (
            ["the cat sat on", "the mat today"],
            ["the cat sat on the mat today", "a dog"],
            [((0,), (0, 1)), ((1,), ()), ((1,), ())],
        ),
        (["first second line third"], ["first second line", "third"], [((0, 1), (0,))]),
        (["abcdefgh", "zzz"], ["abcdefgx"], [((0,), (0,)), ((), (1,))]),
        (["qqqq"], ["abcdefgh", "zzzz"], [((1,), (0,)), ((0,), ())]),
        (["abcdef", "uvwxyz", "mm"], ["uvwxyz", "abcdef", "nn"], [((0,), (1,)), ((1,), (0,)), ((2,), (2,))]),
        (["aaaa", "bbbb"], ["aaaa", "aaab", "cccc"], [((0, 1), (0,)), ((2,), (1,))]),
        ([], ["a"], [((0,), ())]),
        (["a", "b"], [], [((), (0,)), ((), (1,))]),
        ([], [], []),
    ],
)
def test_blocks_are_paired_as_the_original_pairs_them(said, wanted, pairs):
    assert pairs == paired_blocks(said, wanted)


def test_every_true_block_is_paired_once_or_left_alone():
    rng = random.Random(0)
    for _ in range(300):
        said, wanted = (["".join(rng.choices("abcd", k=rng.randint(1, 9))) for _ in range(5)] for _ in range(2))
        quick, simple = paired_blocks(said, wanted), paired_one_by_one(said, wanted)
        assert sorted({i for pair in quick for i in pair.wanted}) == list(range(5))
        assert sorted(i for pair in simple for i in pair.wanted) == list(range(5))
        assert sorted(i for pair in simple for i in pair.said) == list(range(5))


def test_a_text_that_is_cut_in_two_is_one():
    page = text_page("the cat is un", "a note of its own", "kind to mice", cut=[(0, 2)])
    assert page_scores("the cat is unkind to mice\n\na note of its own", page)[:4] == (0, None, None, 0)


def test_a_page_without_elements_has_no_scores():
    assert set(page_scores("anything", {})) == {None}
    assert page_scores("anything", text_page("!!")) == (1, None, None, None, None)  # no letter that could be read


def test_scores_do_not_depend_on_what_is_not_compared():
    reply = ROWS[0]["replies"][0]["text"]
    picture = {"category_type": "figure", "anno_id": 99, "order": 50}
    assert page_scores(reply, PAGE) == page_scores(reply, {**PAGE, "layout_dets": [*PAGE["layout_dets"], picture]})


def test_spelling_leaves_letters_and_plain_tables():
    assert spelled_text("Ünïcode, \\(x\\) 中文！ a_b\n") == "Ünïcodex中文a_b"
    assert spelled_table("no table") == ""
    assert spelled_table(TABLE * 4_000) == ""  # too long for one
    assert page_spelling.spelled_formula(r"\text{A} \, B.") == r"{a}\,b"


ENDLESS = {
    "bars": "|\n" * 20_000,
    "rows": "| a |\n" * 8_000,
    "tables": TABLE * 1_500,
    "open tables": "<table>" * 10_000,
    "deep table": "<table>" + "<span>" * 1_900 + "<b>" * 9_000 + "</table>",
    "dollars": "$" * 30_000,
    "brackets": "\\[" * 20_000,
    "tabulars": "\\begin{tabular}" * 5_000,
    "titles": "\\title{" * 10_000,
    "comments": "<table><!--" * 4_000,
    "lines": "a\n\n" * 20_000,
    "one line": "a" * 60_000,
    "fences": "```python\n" * 9_000,
    "braces": "$\\frac" + "{" * 4_000 + "$",
    "images": "![](" * 9_000,
}


@pytest.mark.parametrize("page", ENDLESS.values(), ids=ENDLESS)
def test_a_stranger_cannot_make_a_page_endless(page):
    begun = time.monotonic()
    scores = page_scores(page, PAGE)
    assert time.monotonic() - begun < 10
    assert 0 < scores.distance() <= 1


def test_many_or_long_blocks_are_paired_one_by_one():
    rng = random.Random(0)
    signs = ["".join(rng.choices("abcdefgh", k=300)) for _ in range(40)]
    begun = time.monotonic()
    assert len(paired_blocks(list("".join(signs)), signs)) == len(signs) + 1
    assert len(paired_blocks(["ab" * 200_000], signs)) == len(signs)
    assert time.monotonic() - begun < 10


def test_tables_beyond_measure_are_not_compared():
    wide, deep = rows_as_page([["a"] * 50] * 100), as_page("<table><tr><td>a</td></tr></table>")
    nested = as_page("<table>" + "<tr><i>" * 5_000 + "</table>")
    begun = time.monotonic()
    assert table_similarity_score(wide, wide.replace("a", "b")) == 0
    assert table_similarity_score(nested, deep) <= 0
    assert time.monotonic() - begun < 10


def test_stems_are_nltks():
    porter = pytest.importorskip(
        "nltk.stem.porter", reason="nltk is not installed; nothing but this comparison needs it"
    )
    stemmer, rng = porter.PorterStemmer(), random.Random(0)
    endings = [
        "ational",
        "ing",
        "ed",
        "ies",
        "eed",
        "ss",
        "s",
        "ly",
        "alli",
        "logi",
        "ness",
        "ement",
        "ion",
        "ll",
        "y",
        "e",
    ]
    for _ in range(20_000):
        word = "".join(rng.choices("aeioubcdlstyz", k=rng.randint(0, 6))) + rng.choice(["", *endings])
        assert stemmer.stem(word) == stem(word)


def test_chinese_words_need_their_package(monkeypatch):
    assert page_texts.can_divide("plain", "text")
    monkeypatch.setattr(page_texts, "find_spec", lambda _: None)
    assert not page_texts.can_divide("plain", "中文")


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("(1, 2, 3, 4)", (1, 2, 3, 4)),
        ("[5,6,7,8] then [0.1, 0.2, 0.3, 0.4]", (5, 6, 7, 8)),
        ("(1, 2, 3, 1001)", None),
        ("1, 2, 3, 4", None),
        ("(" * 50_000, None),
    ],
)
def test_the_last_box_of_a_reply_counts(text, box):
    assert box == last_quadruple(text)


def test_spotted_texts_come_from_lists_and_from_brackets():
    wanted = [((1, 2, 3, 4), "a, b"), ((5, 6, 7, 8), "c")]
    assert wanted == spotted_texts("[(1, 2, 3, 4, 'a, b'), (5, 6, 7, 8, 'c')]")
    assert wanted == spotted_texts("Here: (1, 2, 3, 4, a, b) and (5, 6, 7, 8, c).")
    assert spotted_texts("(1, 2, 3, 4)") == []


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('```json\n{"a": 1, "b": ["x"]}\n```', {"a": "1", "b": "['x']"}),
        ("{'a': 'x', 'b': None}", {"a": "x", "b": "None"}),
        ("total: 5, date = 'May'", {"total": "5", "date": "May"}),
        ("[1, 2]", {}),
        ("nothing", {}),
    ],
)
def test_records_are_read_strictly_then_sloppily(text, record):
    assert record == read_record(text)


def test_endless_records_are_read_at_once():
    begun = time.monotonic()
    for text in ("a" * 100_000, "a:" * 50_000, "'" * 100_000, " = " * 30_000, "{" * 50_000, "a b " * 20_000 + ":"):
        read_record(text)
        read_chart(text)
    assert time.monotonic() - begun < 10
