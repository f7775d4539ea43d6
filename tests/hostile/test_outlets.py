"""Whatever models, rows and files say, no outlet lets it be obeyed: terminals, spreadsheets, XML, Markdown, pages."""

import csv
import html.parser
import io
import json
from xml.etree import ElementTree

import pytest
from rich.console import Console
from stored import summary, write, write_samples
from texts import ALL, LINK, TEXTS, obeyed

from sailbench.cli import main
from sailbench.report import inert
from sailbench.report.terminal import RunProgress
from sailbench.types import Response, Score

OWN = f"../own:{LINK}\u202e=1"
NAME = f"{LINK}<script>alert(1)</script>\u202e=1|`[x](y)\r"
FORMS = ("table", "md", "csv", "json", "flat", "opencompass", "html", "junit")


def told(capsys, *argv):
    """All that a command says, and its exit code."""
    code = main([str(word) for word in argv])
    said = capsys.readouterr()
    return said.out + said.err, code


def record(task, model, value=50.0):
    place = {"value": 40.0, "n": 10, "stderr": 1.0}
    texts = {"title": ALL, "protocol": ALL, "engine": ALL, "date": ALL, "hardware": ALL, "commit": ALL}
    names = {
        "model": f"{model}{NAME}",
        "judge": {"name": ALL, "model": f"../{LINK}", "calls": 1, "tokens": 1, "cost": None},
    }
    counts = {"groups": {text: {text: place} for text in TEXTS}, "metrics": dict.fromkeys(TEXTS, 1.0)}
    return summary(task, value, ungraded=3, ungraded_because={text: 1 for text in TEXTS}, **texts, **names, **counts)


@pytest.fixture
def runs(tmp_path):
    """Two models' results, whose every text is out for trouble."""
    for model, value in (("one", 1.0), ("two", 0.0)):
        write(tmp_path, record("mmstar", model), record(OWN, model), folder=model)
        write_samples(tmp_path / model, "mmstar", [(f"{i}{t}", value, f"{model} {t}") for i, t in enumerate(TEXTS)])
    return tmp_path


@pytest.mark.parametrize("form", FORMS)
def test_no_report_holds_what_would_be_obeyed(runs, form, capsys):
    out, code = told(capsys, "report", runs, "--format", form, "--groups")
    assert (obeyed(out), code) == ([], 0)


@pytest.mark.parametrize("form", ["opencompass", "csv", "md", "junit", "html"])
def test_nor_does_any_file_that_a_report_writes(runs, form, capsys):
    _, code = told(capsys, "report", runs, "--format", form, "--groups", "--out", runs / "written")
    files = [runs / "written"] if (runs / "written").is_file() else (runs / "written").rglob("*")
    texts = [path.read_bytes().decode() for path in files if path.is_file()]
    assert code == 0 and texts and [marks for text in texts if (marks := obeyed(text))] == []


@pytest.mark.parametrize("form", ["csv", "opencompass"])
def test_no_cell_begins_a_formula(runs, form, capsys):
    out, _ = told(capsys, "report", runs, "--format", form, "--groups")
    assert formulae(out) == []


def formulae(text):
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return [cell for cell in cells if cell.strip()[:1] in tuple("=+-@") and cell.strip() != "-" and not _number(cell)]


def _number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_no_file_in_the_layout_of_opencompass_begins_a_formula(runs, capsys):
    told(capsys, "report", runs, "--format", "opencompass", "--groups", "--out", runs / "written")
    files = list((runs / "written").rglob("*.csv"))
    assert files and [cell for path in files for cell in formulae(path.read_text())] == []
    assert all(path.resolve().is_relative_to((runs / "written").resolve()) for path in files)


class Tags(html.parser.HTMLParser):
    """The elements of a page, and those of their attributes that run code or load something."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.acting = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.acting += [
            (n, v) for n, v in attrs if n.startswith("on") or "javascript:" in (v or "") or "evil" in (v or "")
        ]


def test_the_page_holds_no_element_that_a_text_brought_along(runs, capsys, tmp_path):
    clean = write(tmp_path / "clean", summary("mmstar"))
    own, _ = told(capsys, "report", clean, "--format", "html")
    out, _ = told(capsys, "report", runs, "--format", "html", "--groups")
    assert Tags(out).tags == Tags(own).tags and Tags(out).acting == Tags(own).acting


def test_junit_is_xml_that_says_everything(runs, capsys):
    out, _ = told(capsys, "report", runs, "--format", "junit")
    tree = ElementTree.fromstring(out.encode())
    assert {node.tag for node in tree.iter()} == {"testsuites", "testsuite", "testcase", "failure", "system-out"}
    assert any("alert(1)" in case.get("classname", "") for case in tree.iter("testcase"))


def test_no_line_of_markdown_holds_a_tag_a_link_or_a_heading_of_a_text(runs, capsys):
    out, _ = told(capsys, "report", runs, "--format", "md", "--groups")
    bare = out.replace("\\\\", "").replace("\\<", "").replace("\\[", "").replace("\\`", "").replace("\\]", "")
    assert [mark for mark in ("<", "[", "](", "`", "\n# ") if mark in bare] == []


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("command", ["gate", "explain"])
def test_comparisons_show_answers_and_obey_none(runs, command, more, capsys):
    sides = (
        ("--baseline", runs / "one", "--candidate", runs / "two") if command == "gate" else (runs / "one", runs / "two")
    )
    out, _ = told(capsys, command, *sides, *more)
    assert obeyed(out) == [] and "mmstar" in out


def test_a_gates_files_obey_none(runs, capsys):
    sides = ("--baseline", runs / "one", "--candidate", runs / "two")
    told(capsys, "gate", *sides, "--junit", runs / "j.xml", "--markdown", runs / "m.md")
    assert (obeyed((runs / "j.xml").read_text()), obeyed((runs / "m.md").read_text())) == ([], [])
    assert ElementTree.fromstring((runs / "j.xml").read_bytes()).tag == "testsuite"
    assert "<script" not in (runs / "m.md").read_text() and "![x](" not in (runs / "m.md").read_text()


@pytest.fixture
def mine(tmp_path):
    """A hostile row of a benchmark, and a hostile answer to it."""
    row = {"index": "1", "question": ALL, "A": ALL, "B": LINK, "answer": "A", "category": ALL}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "said.jsonl").write_text(json.dumps({"id": "1", "prediction": ALL}) + "\n")
    return tmp_path


def test_a_sample_is_shown_and_not_obeyed(mine, capsys):
    out, code = told(capsys, "show", "mmstar", "1", "--data-dir", mine / "rows.jsonl")
    assert (obeyed(out), code) == ([], 0) and "\\x1b]8;;" in out


@pytest.mark.parametrize("more", [(), ("--json",), ("--groups",)])
def test_grading_hostile_answers_obeys_none(mine, more, capsys):
    argv = ("score", "mmstar", "--data", mine / "rows.jsonl", "--predictions", mine / "said.jsonl", "--out", mine / "s")
    out, code = told(capsys, *argv, *more)
    assert (obeyed(out), code) == ([], 0)
    assert json.loads((mine / "s").read_text(encoding="utf-8"))["value"] in (0.0, 1.0)


@pytest.mark.parametrize("text", [LINK, "\u202egnp.", "\x9b2J", "\r\x1b[2Kfine", "[bold]", "\ud800"])
@pytest.mark.parametrize(
    "argv",
    [
        *(("run", "--model", "fake", "--tasks", "{}"), ("show", "{}"), ("report", "{}"), ("judges", "{}")),
        *(("run", "--model", "{}", "--tasks", "@demo"), ("score", "mmmu", "--data", "{}", "--predictions", "{}")),
    ],
)
def test_a_message_quotes_and_does_not_obey(argv, text, capsys):
    out, code = told(capsys, *(word.format(text) for word in argv))
    assert code == 2 and obeyed(out) == [] and out.count("\n") == 1


def test_progress_obeys_none():
    out = io.StringIO()
    with RunProgress(Console(file=out, width=4000), {ALL: 2}) as progress:
        progress.answered(ALL, Response(texts=(ALL,)), Score(1.0, ALL, ALL), 100.0)
    assert obeyed(out.getvalue()) == [] and "alert(1)" in out.getvalue()


def test_bars_on_a_terminal_obey_none_but_their_own():
    out = io.StringIO()
    with RunProgress(Console(file=out, force_terminal=True, width=4000, color_system=None), {ALL: 2}) as progress:
        progress.answered(ALL, Response(texts=(ALL,)), Score(1.0, ALL, ALL), 100.0)
    assert "\x1b]" not in out.getvalue() and "\u202e" not in out.getvalue() and "\x9b" not in out.getvalue()


@pytest.mark.parametrize("text", TEXTS)
def test_an_inert_cell_is_no_formula_even_behind_blanks(text):
    assert not inert.cell(text).lstrip(" \t").startswith(tuple("=+@")) and obeyed(inert.cell(text)) == []
