"""VLMEvalKit's data sets as tasks: with a stand-in for the toolkit, and with the real one where it is installed.

Without the extra, SAILBENCH_VLMEVAL_PYTHON names a Python that has `ms-vlmeval`, or SAILBENCH_PEERS a folder with an
environment `vlmeval`; with none of them the last test is skipped.
"""

import base64
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from PIL import Image
from test_peers import ROOT, python

from sailbench import registry, vlmeval
from sailbench.cli import main
from sailbench.errors import UsageError
from sailbench.vlmeval import kit

REAL = os.environ.get("SAILBENCH_VLMEVAL_PYTHON", "")
# A toolkit of the same shape: `build_dataset` with prompts, and an evaluation that leaves a table with `hit`.
STAND_IN = '''
import json, os, ssl
from pathlib import Path
ssl._create_default_https_context = ssl._create_unverified_context


class Table(list):
    pass


class Frame:
    """As much of a table as the bridge uses."""

    def __init__(self, rows):
        self.rows = rows
        self.columns = list(rows[0]) if rows else []
        self.iloc = rows

    def __len__(self):
        return len(self.rows)

    def __contains__(self, name):
        return name in self.columns

    def __iter__(self):
        return iter(self.columns)

    def copy(self):
        return Frame([dict(row) for row in self.rows])

    def __getitem__(self, key):
        if isinstance(key, str):
            return [row[key] for row in self.rows]
        return Frame([row for row, kept in zip(self.rows, key) if kept])

    def __setitem__(self, key, values):
        for row, value in zip(self.rows, values):
            row[key] = value
        self.columns = list(self.rows[0])

    def drop(self, columns):
        return Frame([{k: v for k, v in row.items() if k not in columns} for row in self.rows])


class DataSet:
    TYPE = "MCQ"

    def __init__(self, name):
        self.data_path = str(Path(os.environ["LMUData"]) / (name + ".tsv"))
        head, *lines = [line.split("\\t") for line in Path(self.data_path).read_text().splitlines()]
        self.data = Frame([dict(zip(head, line)) for line in lines])

    def build_prompt(self, line):
        shown = {"type": "image", "value": os.path.join(os.environ["LMUData"], line["image_path"])}
        return [shown, {"type": "text", "value": line["question"]}, {"type": "text", "value": "Letter?"}]

    def evaluate(self, table, **judge):
        rows = json.loads(Path(table).read_text())
        hits = [dict(row, hit=float(row["prediction"] == row["answer"])) for row in rows]
        print("noise on standard output")
        if any("eval(" in row["prediction"] for row in rows):
            raise RuntimeError("secret seen: " + os.environ.get("OPENAI_API_KEY", "none"))
        if judge != {"model": "exact_matching"}:
            raise RuntimeError(f"judge {judge['model']}")
        dump(Frame(hits), table.replace(".json", "_result.json"))
        return {"Overall": sum(row["hit"] for row in hits) / len(hits), "kind": "x"}


def build_dataset(name):
    return DataSet(name) if (Path(os.environ["LMUData"]) / (name + ".tsv")).is_file() else None


def dump(frame, path):
    Path(path).write_text(json.dumps(frame.rows))


def load(path):
    return Frame(json.loads(Path(path).read_text()))
'''


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with LMUData of a data set Tiny, a cache, and a Python in which a stand-in is the toolkit."""
    (tmp_path / "LMUData").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "LMUData/a.png")
    lines = ["index\tquestion\tanswer\timage_path", *(f"{n}\tq{n}?\t{'AB'[n % 2]}\ta.png" for n in range(6))]
    (tmp_path / "LMUData/Tiny.tsv").write_text("\n".join(lines))
    package = tmp_path / "site/vlmeval"
    package.mkdir(parents=True)
    for name in ("__init__", "dataset", "smp"):
        (package / f"{name}.py").write_text(STAND_IN if name == "dataset" else "from vlmeval.dataset import *")
    (package / "__init__.py").write_text("")
    (tmp_path / "site/numpy.py").write_text("class random:\n    seed = staticmethod(lambda n: None)\n")
    about = tmp_path / "site/ms_vlmeval-9.9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ms-vlmeval\nVersion: 9.9\n")
    python = tmp_path / "python"
    start = "import runpy, sys; sys.path[0:0] = [SITE]; runpy.run_path(sys.argv[2], run_name='__main__')"
    python.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "{start.replace("SITE", repr(str(tmp_path / "site")))}" "$@"\n'
    )
    python.chmod(0o755)
    for name, value in {
        "SAILBENCH_VLMEVAL_PYTHON": str(python),
        "SAILBENCH_CACHE": str(tmp_path / "cache"),
        "LMUData": str(tmp_path / "LMUData"),
        "PRED_FORMAT": "json",
        "OPENAI_API_KEY": "sk-secret",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SAILBENCH_VLMEVAL_JUDGE", raising=False)
    return tmp_path


def run(desk, *more, tasks="vlmeval:Tiny"):
    return main(["run", "--model", "fake", "--tasks", tasks, "--offline", "--out", str(desk / "out"), *more])


def summary(desk):
    return json.loads((desk / "out/fake/vlmeval:Tiny.json").read_text())


def test_its_prompts_are_asked_and_its_evaluation_is_the_score(desk):
    assert run(desk) == 0
    record = summary(desk)
    assert (record["value"], record["n"], record["ungraded"], record["metrics"]) == (50.0, 6, 0, {"Overall": 0.5})
    assert record["data"]["source"] == "VLMEvalKit's Tiny" and record["data"]["revision"] == "9.9"
    lines = [json.loads(line) for line in (desk / "out/fake/vlmeval:Tiny.scores.jsonl").read_text().splitlines()]
    assert sorted(line["value"] for line in lines) == [0.0] * 3 + [1.0] * 3


def test_a_message_becomes_a_request_with_its_media(desk):
    task = registry.load("vlmeval:Tiny")
    from sailbench.data import Places, open_rows

    found = open_rows(task, Places(cache=desk / "cache", offline=True))
    (sample, *rest) = [task.read(row) for row in found]
    assert (len(rest), sample.question, [m.source for m in sample.media]) == (
        5,
        "q0?\nLetter?",
        [str(desk / "LMUData/a.png")],
    )
    assert sample.media[0].digest


def test_media_outside_the_toolkits_folders_are_refused(desk):
    (desk / "LMUData/Tiny.tsv").write_text("index\tquestion\tanswer\timage_path\n0\tq\tA\t../secret.png")
    Image.new("RGB", (8, 8)).save(desk / "secret.png")
    assert run(desk) == 3
    assert summary(desk)["ungraded"] == 1


def test_text_between_media_keeps_its_place():
    parts = [("text", "Look "), ("image", b"GIF"), ("text", " and "), ("image", b"GIF")]
    sample = vlmeval.read(vlmeval.Row({"index": "1", "answer": "", "parts": parts}))
    assert sample.question == "Look \ufffc and \ufffc"


def test_rows_and_evaluations_are_made_once(desk, monkeypatch):
    run(desk)
    monkeypatch.setattr(kit.Kit, "_run", lambda *_, **__: pytest.fail("the toolkit was started again"))
    assert run(desk) == 0


def test_a_changed_table_makes_its_rows_anew(desk):
    run(desk)
    with (desk / "LMUData/Tiny.tsv").open("a") as file:
        file.write("\n6\tq6?\tA\ta.png")
    run(desk)
    assert summary(desk)["n"] == 7


def test_an_evaluation_sees_no_keys_and_its_error_is_one_line(desk, capsys):
    answers = {str(n): "eval('1')" for n in range(6)}
    kit.Kit.of("Tiny", desk / "cache").rows(offline=True)
    with pytest.raises(
        kit.DataError, match="cannot evaluate Tiny: RuntimeError: secret seen: none; if it needs a judge"
    ):
        kit.Kit.of("Tiny", desk / "cache").evaluate(answers)


def test_a_judge_is_handed_on(desk, monkeypatch):
    monkeypatch.setenv("SAILBENCH_VLMEVAL_JUDGE", '{"model": "some-judge"}')
    with pytest.raises(kit.DataError, match="judge some-judge"):
        kit.Kit.of("Tiny", desk / "cache").evaluate({"0": "A"})


@pytest.mark.parametrize("name", ["vlmeval:", "vlmeval:../x", "vlmeval:a b", "vlmeval:.hidden"])
def test_what_is_no_name_of_a_data_set_is_refused(desk, name, capsys):
    assert run(desk, tasks=name) == 2
    assert "is no name of a VLMEvalKit data set" in capsys.readouterr().err


def test_an_unknown_data_set_is_one_line(desk, capsys):
    assert run(desk, tasks="vlmeval:Nothing") == 2
    err = capsys.readouterr().err.strip().splitlines()
    assert len(err) == 1 and "VLMEvalKit 9.9 knows no data set Nothing" in err[0]


def test_without_the_toolkit_the_way_to_it_is_told(monkeypatch):
    monkeypatch.delenv("SAILBENCH_VLMEVAL_PYTHON", raising=False)
    monkeypatch.setattr(kit, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install sailbench\[vlmeval\].*SAILBENCH_VLMEVAL_PYTHON"):
        kit.interpreter()
    monkeypatch.setenv("SAILBENCH_VLMEVAL_PYTHON", "/nowhere/python")
    with pytest.raises(UsageError, match="which is not there"):
        kit.interpreter()


def test_the_house_itself_never_imports_the_toolkit():
    code = "import sys; from sailbench import vlmeval, registry, run; print('vlmeval' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("metrics", "number"),
    [
        ({"a|acc": 0.1, "Overall": 0.4}, 0.4),
        ({"x": 3.0, "y": 1.0}, 3.0),
        ({"dev|Overall": 0.2, "n": 1}, 0.2),
        ({}, None),
    ],
)
def test_the_main_number_is_found_by_name(metrics, number):
    assert vlmeval.main_number(metrics) == number


@pytest.mark.peers
@pytest.mark.slow
def test_the_real_toolkit_asks_and_evaluates_a_local_table(tmp_path, monkeypatch):
    if not REAL and find_spec("vlmeval") is None:
        monkeypatch.setenv("SAILBENCH_VLMEVAL_PYTHON", python("vlmeval"))
    (tmp_path / "LMUData").mkdir()
    Image.new("RGB", (80, 80), "red").save(tmp_path / "a.png")
    coded = base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    rows = [f"{n}\tWhich?\tone\ttwo\t{'AB'[n % 2]}\t{coded}" for n in range(6)]
    (tmp_path / "LMUData/Local.tsv").write_text("\n".join(["index\tquestion\tA\tB\tanswer\timage", *rows]))
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LMUData", str(tmp_path / "LMUData"))
    assert run(tmp_path, tasks="vlmeval:Local") == 0
    record = json.loads((tmp_path / "out/fake/vlmeval:Local.json").read_text())
    assert (record["value"], record["n"], record["metrics"]["Overall"]) == (50.0, 6, 0.5)
