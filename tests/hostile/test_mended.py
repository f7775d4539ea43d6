"""What once stumbled over a stranger's text, each at the place where it did; fuzzing found most of it."""

import json
import time
import warnings
from dataclasses import replace

import pytest
import readers
from stored import summary, write

from sailbench import judge
from sailbench.errors import StoreError, TaskError
from sailbench.metrics.captions import caption_rouge_score
from sailbench.metrics.document_answers import loose_overlap_f1
from sailbench.metrics.latex import latex_value
from sailbench.metrics.ocr_answers import count_score
from sailbench.metrics.outlines import outline_score
from sailbench.metrics.page_spelling import spelled_text
from sailbench.metrics.page_texts import page_text_score
from sailbench.metrics.rouge import rouge_l_score
from sailbench.metrics.transcripts import html_table_score
from sailbench.report.runs import read_runs
from sailbench.rows import Row
from sailbench.types import Reply

RUBRIC = """prompt = "$question"
verdict = '''{pattern}'''
[[example]]
reply = "Score: 1"
value = 1
[[example]]
reply = "none"
value = "unreadable"
"""


def seconds(function, *arguments):
    """Of this process's own time."""
    begun = time.process_time()
    function(*arguments)
    return time.process_time() - begun


def test_factorials_of_factorials_are_left_to_the_worker():
    latex_value("3!+2!")  # the worker is there
    for text in ("9^9!!!!" + "-" * 18 + "1", "(9^9)!^{9!}", "310000000!", r"6\%!!!!!!!!"):
        assert seconds(latex_value, text) < 1.0
    assert latex_value("3!+2!") == 8


def test_brackets_that_stay_open_are_not_tried_again_and_again():
    assert seconds(spelled_text, r"$\frac{x}{2}$") < 5.0  # the parser is loaded
    assert seconds(spelled_text, "$" + "\\frac{" * 130 + "$") < 5.0
    assert spelled_text(r"$\frac{x}{2}$") == "x2"


BELOW = {
    "ocrbench_v2": (outline_score, "\n\n#n\n\n", "\n\n\n\n"),
    "cc_ocr": (
        html_table_score,
        "<tr>\n\\begin{tabular}<table>#a<td colspan=2><td colspan=2></tr>",
        "<table>&<tr>\n\\begin{tabular}\\end{tabular}\n\\end{tabular}\\end{tabular}\n<td>",
    ),
}


@pytest.mark.parametrize("name", BELOW)
def test_what_is_below_0_to_a_script_is_no_grade_below_0(name):
    (score, said, truth), (task, rows) = BELOW[name], readers.BENCHMARKS.get(name)
    ways = [
        own for _, own in rows if "document parsing" in own.group.get("type", "") or own.extra.get("kind") == "table"
    ]
    sample = replace(ways[0], target=(truth,) if name == "ocrbench_v2" else truth)
    assert score(said, truth) < 0
    assert {task.score(sample, Reply(said), protocol).value for protocol in task.rules} == {0.0}


@pytest.mark.parametrize(
    "strange",
    [
        *({"value": "much"}, {"value": float("nan")}, {"n": -1}, {"n": True}, {"metrics": []}, {"metrics": {"a": "b"}}),
        *({"groups": {"a": 1}}, {"groups": {"a": {"b": {"value": 1}}}}, {"interval": [1]}, {"judge": "me"}),
        *({"task": ["x"]}, {"model": None}, {"scale": 0}, {"task_version": "2"}, {"seconds": "long"}),
    ],
    ids=str,
)
def test_a_summary_that_no_run_wrote_is_named_with_what_is_wrong(tmp_path, strange):
    folder = write(tmp_path, summary("mmstar", 50.0), folder="m")
    path = next(tmp_path.rglob("*.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | strange))
    with pytest.raises(StoreError, match=f"{path} is not a summary: its '{next(iter(strange))}'"):
        read_runs([tmp_path])
    assert folder is None or folder.exists()


def test_a_count_with_control_characters_behind_it_is_a_count():
    assert count_score("8", ["8\x1c"], contained=False) == 1.0


@pytest.mark.parametrize(
    ("score", "text"),
    [
        *((caption_rouge_score, "a b " * 10_000), (rouge_l_score, "a b " * 10_000), (loose_overlap_f1, "a " * 50_000)),
        (page_text_score, "中" * 30_000),
    ],
)
def test_long_texts_are_compared_at_once(score, text):
    score("中", ["中"] if score is caption_rouge_score else "中")
    assert seconds(score, text, [text] if score is caption_rouge_score else text) < 3.0


def test_a_cell_that_is_nearly_a_literal_is_a_text_and_prints_nothing():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert Row({"a": "{[]: 1}"}).list("a") == ["{[]: 1}"]
        assert Row({"a": "'\\\x1bd'if"}).list("a") == ["'\\\x1bd'if"]
    assert told == []


@pytest.mark.parametrize("pattern", ["(x+x+)+y|Score: (?P<value>[0-9])", "Score: (?P<value>[0-9])|(,|,)*;"])
def test_a_pattern_that_never_ends_on_what_no_example_shows_is_refused(tmp_path, pattern):
    path = tmp_path / "mine.toml"
    path.write_text(RUBRIC.format(pattern=pattern))
    with pytest.raises(TaskError, match="takes for ever"):
        judge.load(str(path))
