"""Answers that are out for time: everything that reads them is done in about a second, and grades within bounds."""

import time

import functions
import pytest
import readers
from dealing import Same

from sailbench import judge
from sailbench.types import Reply

SECONDS = 2.0  # of the processor's time
LENGTH = 20_000  # characters: what a model in a loop writes until it is stopped
UNITS = (
    *("(", "{", "\\", " ", "a", "1", "|", "\n", "a ", "1,", "中"),
    *("<think>", "\\boxed{", "\\frac{", "Answer:"),
)
PAGES = tuple(unit * (LENGTH // len(unit)) + "\x01" for unit in UNITS)
TROUBLE = (
    *("9**9**9**9", "9^{9^{9^{9}}}", "9^9^9^9", "2^{10^{10}}!", "\\binom{99999}{50000}"),
    *("1e999999999", "-1e999", "nan", "NaN%", "inf", "-Infinity", "1/0", "0/0", "0x" + "f" * 2000, "1" * 5000),
    *("٣" * 300, "²", "½", "1_000", "٣.٣", "1" + "0" * 400 + ".5", "\ud800", "A\udfff", "\x00", "1:2:3:4"),
    *("(" * 1000 + "1" + ")" * 1000, "-" * 1000 + "1", "[" * 1000, '{"a": ' * 1000, "{" * 1000 + "}" * 1000),
    *("\\frac{1}{" * 120 + "2" + "}" * 120, "\\sqrt{" * 150 + "2" + "}" * 150, "x^{2}+" * 170 + "1"),
    *("\\left(" * 150, "\\begin{matrix}" * 70, "\\int " * 200, "<table>" * 200, "\\boxed{" * 200 + "}" * 199),
    *("<table><tr>" + "<td>" * 300, "a=" * 400, "1e5" * 300, "$" * 999, "\\(" * 500, "1±" * 300, "A" + "\u0301" * 900),
)


@pytest.mark.parametrize("module", functions.modules(), ids=lambda module: module.__name__)
@pytest.mark.parametrize("texts", [PAGES, TROUBLE], ids=["pages", "trouble"])
def test_every_function_is_done_with_them_in_time(module, texts):
    own = [function for name, function in functions.functions(module).items() if name not in functions.LEFT_OUT]
    for function in own:
        functions.call(function, Same("中"))  # dictionaries are loaded
        for text in texts:
            functions.call(function, Same(text), SECONDS)


@pytest.mark.parametrize("name", judge.names())
def test_every_rubric_is_done_with_them_in_time(name):
    rubric = judge.load(name)
    begun = time.process_time()
    for text in (*PAGES, *TROUBLE):
        rubric.read(text)
        rubric.read(rubric.examples[0].reply + text)
    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("name", readers.BENCHMARKS.names)
def test_every_benchmark_grades_them_in_time(name):
    task, rows = readers.BENCHMARKS.get(name)
    sample = next(sample for _, sample in rows if sample is not None)
    begun = time.process_time()
    for text in TROUBLE:
        for protocol in task.rules:
            score = task.score(sample, Reply(text), protocol)
            assert score.value is None or 0 <= score.value <= 1, f"{protocol}: {text[:20]!r} gets {score.value}"
    assert time.process_time() - begun < len(TROUBLE) * SECONDS / 10
