"""What benchmarks with lettered options need beyond their golden cases: readers, the official wrapper's whole prompt,
and numbers that depend on the protocol."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sailbench import registry
from sailbench.extract import option_match_of_2024
from sailbench.metrics import option_letters
from sailbench.models.sail.chat import TILES, question
from sailbench.rows import Row
from sailbench.types import Graded, Reply

PETS = {"A": "dog", "B": "cat", "C": "bird", "D": "fish"}
LABELS = {label: f"({label})" for label in "ABCDE"}
RECORDED = {
    "MMStar": "mmstar",
    "RealWorldQA": "realworldqa",
    "AI2D_TEST": "ai2d",
    "BLINK": "blink",
    "MMIU": "mmiu",
    "MUIRBench": "muirbench",
    "ScienceQA_VAL": "scienceqa_img",
}
FINENESS = {"MME-RealWorld": "mme_realworld", "HRBench4K": "hrbench_4k", "HRBench8K": "hrbench_8k"}
# Every reader as a function of a reply alone.
READERS = {
    "opening": option_letters.opening_letter,
    "first": option_letters.first_character,
    "alone": lambda text: option_letters.letter_alone(text, PETS),
    "surest": option_letters.surest_letter,
    "bracketed": lambda text: option_letters.bracketed_label(text, PETS),
    "fragment": lambda text: option_letters.capital_or_fragment(text, ("The answer is",), LABELS),
    "announced": lambda text: option_letters.announced_letter(text, PETS),
    "labelled": option_letters.labelled_letter,
    "bare": option_letters.bare_letter,
    "of 2024": lambda text: option_match_of_2024(text, PETS),
}


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# Expected letters are what the original functions return, executed on the same replies.
@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        ("opening", "option", None),
        ("opening", "(", None),
        ("opening", "The Answer Is d", "D"),
        ("first", " b", "B"),
        ("alone", "  D. fish", "D"),
        ("alone", "D.5", "D"),
        ("surest", "Based on the video, the answer is C.", "C"),
        ("surest", "After watching the clip, D", "D"),
        ("surest", "Answer: C\nA is wrong", "A"),
        ("surest", "CAT", "A"),
        ("surest", "The answer is B because A Dog", "D"),
        ("surest", "正确答案是B", "B"),
        ("surest", "...", None),
        ("bracketed", "(E)", "E"),
        ("bracketed", "It is (E) there", None),
        ("fragment", "(d", "D"),
        ("fragment", "The answer is", None),
        ("fragment", " ".join(["no"] * 11), None),
        ("announced", "", None),
        ("announced", "AB", None),
        ("labelled", "The option is b", "B"),
        ("labelled", "", None),
        ("bare", "(n)", "N"),
        ("bare", "o", None),
        ("bare", "ab", None),
        ("bare", "image error", "Z"),
        ("of 2024", "Cannot determine the answer, maybe B", "Z"),
        ("of 2024", "none, so Z", "Z"),
    ],
)
def test_letters_are_read_as_the_originals_read_them(reader, text, expected):
    found = READERS[reader](text)
    assert expected == (found and found.answer)


@given(st.text(max_size=80), st.sampled_from(sorted(READERS)))
def test_no_reply_breaks_a_reader(text, reader):
    found = READERS[reader](text)
    assert found is None or (len(found.answer) == 1 and found.how)


@pytest.mark.parametrize("reader", READERS)
def test_long_replies_are_read_in_bounded_time(reader):
    for unit in ("A ", "(", "answer ", "The answer is ", "the answer is A. ", ". ", " "):
        READERS[reader](unit * (200_000 // len(unit)))


@pytest.mark.parametrize(("dataset", "name"), RECORDED.items())
def test_whole_prompts_are_the_official_wrappers(parity, dataset, name):
    own = [r for r in records(parity / "harness" / "prompts.jsonl") if r["dataset"] == dataset and not r["use_cot"]]
    task = registry.load(name)
    for record in own:
        request = task.ask(task.read(Row({"answer": "A"} | record["row"])))
        assert record["question"] == question(request)
        assert {call["max_tiles"] for call in record["image_calls"]} == {TILES[request.sampling.detail]}
        assert {call["upscale"] for call in record["image_calls"]} == {request.sampling.enlarge > 1}
    assert own


@pytest.mark.parametrize(("dataset", "name"), FINENESS.items())
def test_images_are_looked_at_as_finely_as_by_the_official_wrapper(parity, dataset, name):
    limits = {r["dataset"]: r["max_tiles"] for r in records(parity / "harness" / "tile_limits.jsonl")}
    sample = registry.load(name).read(Row({"index": 1, "question": "?", "A": "x", "B": "y", "answer": "A"}))
    assert limits.get(dataset, 24) == TILES[registry.load(name).ask(sample).sampling.detail]


def blink(protocol):
    """Art_Style half right, Counting all right."""
    task = registry.load("blink")
    rows = [
        ("val_Art_Style_1", "(A)"),
        ("val_Art_Style_2", "(A)"),
        ("val_Art_Style_3", "(B)"),
        ("val_Counting_1", "(B)"),
    ]
    samples = [task.read(Row({"idx": idx, "answer": answer})) for idx, answer in rows]
    replies = ("(A)", "(B)", "(A)", "(B)")
    return task.summarize([Graded(s, task.score(s, Reply(r), protocol)) for s, r in zip(samples, replies, strict=True)])


def test_blink_is_averaged_as_the_protocol_says():
    assert pytest.approx((100 / 3 + 100) / 2) == blink("official").value == blink("opencompass").metrics["macro"]
    assert blink("opencompass").value == blink("official").metrics["micro"] == 50.0


def test_hrbench_averages_orders_so_that_their_sizes_do_not_count():
    task = registry.load("hrbench_4k")
    rng = random.Random(7)
    columns = {"question": "?", "A": "x", "B": "y", "answer": "A", "category": "single"}
    sizes = {0: (200, 150), 1: (200, 140), 2: (200, 130), 3: (200, 120)}
    grades = []
    for cycle, (count, hits) in sizes.items():
        for number in range(count):
            sample = task.read(Row(columns | {"index": f"{cycle}-{number}", "cycle_category": cycle}))
            grades.append(Graded(sample, task.score(sample, Reply("A" if number < hits else "B"), "opencompass")))
    rng.shuffle(grades)
    assert pytest.approx(67.5) == task.summarize(grades).value
    assert task.summarize(grades).metrics["cross"] is None


def test_muirbench_options_that_are_images_are_marked_where_they_stand():
    task = registry.load("muirbench")
    images = [{"bytes": b"%d" % k, "path": None} for k in range(2)]
    row = {"idx": "1", "question": "Which is a map?", "options": ["<image>", "<image>"], "answer": "A"}
    asked = question(task.ask(task.read(Row(row | {"image_list": images}))))
    assert asked.startswith("Image-1: <image>\nImage-2: <image>\nWhich is a map?\nA. <Image-1>\nB. <Image-2>\n")
