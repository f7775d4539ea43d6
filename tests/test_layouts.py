"""Answers in other harnesses' layouts: read for scoring, written from graded answers, and gated."""

import json

import pytest
from test_cli import TASK

from sailbench.cli import main
from sailbench.errors import DataError
from sailbench.layouts import as_lines
from sailbench.predictions import read_predictions

KIT = "index\tquestion\tA\tB\tanswer\tprediction\n" + "".join(f"{n}\tq{n}\tone\ttwo\tA\tA\n" for n in range(40))


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(TASK)
    rows = [{"id": str(i), "question": f"q{i}", "answer": "AB"[i % 2], "A": "one", "B": "two"} for i in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "kit.tsv").write_text(KIT)
    return tmp_path


def score(mine, predictions, *more):
    given = ["--data", f"{mine}/rows.jsonl", "--predictions", str(mine / predictions)]
    return main(["score", f"{mine}/mine.py", *given, *more])


def test_vlmevalkits_table_is_scored(mine, capsys):
    assert score(mine, "kit.tsv", "--json") == 0
    assert json.loads(capsys.readouterr().out)["value"] == 50.0


def test_vlmevalkits_spreadsheet_is_scored(mine, capsys):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    pandas.read_csv(mine / "kit.tsv", sep="\t").to_excel(mine / "kit.xlsx", index=False)
    assert score(mine, "kit.xlsx", "--json") == 0
    assert json.loads(capsys.readouterr().out)["value"] == 50.0


def test_an_answer_that_the_toolkit_could_not_get_is_ungraded(mine):
    (mine / "kit.tsv").write_text(
        KIT.replace("39\tq39\tone\ttwo\tA\tA", "39\tq39\tone\ttwo\tA\tFailed to obtain answer via API. ")
    )
    assert score(mine, "kit.tsv") == 3


def test_lmms_evals_log_is_scored_in_the_order_of_rows(mine, capsys):
    lines = [
        {"doc_id": n, "resps": [["AB"[n % 2]]], "filtered_resps": ["x"], "target": ""} for n in reversed(range(40))
    ]
    (mine / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert score(mine, "samples.jsonl", "--json") == 0
    assert json.loads(capsys.readouterr().out)["value"] == 100.0


@pytest.mark.parametrize(("numbers", "said"), [([0, 2], "without row 1"), ([0, 1, 1], "twice")])
def test_a_log_of_some_rows_is_refused(tmp_path, numbers, said):
    lines = [{"doc_id": n, "filtered_resps": ["A"]} for n in numbers]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(DataError, match=said):
        as_lines(tmp_path / "s.jsonl")


def test_our_own_layout_is_left_alone_whatever_it_is_called(tmp_path):
    for name in ("p.jsonl", "p.json"):
        (tmp_path / name).write_text('{"id": "1", "prediction": "A"}\n{"id": "2", "prediction": "B"}\n')
        assert as_lines(tmp_path / name) is None
        assert [p.id for p in read_predictions(tmp_path / name)] == ["1", "2"]


def test_a_table_of_neither_says_what_it_has(tmp_path):
    (tmp_path / "t.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(DataError, match="has a, b"):
        as_lines(tmp_path / "t.tsv")


def test_answers_leave_as_they_came(mine, capsys):
    exports = [("vlmevalkit", "v.tsv"), ("lmms-eval", "l.jsonl")]
    assert score(mine, "kit.tsv", *(f"--export={form}={mine / name}" for form, name in exports)) == 0
    for _, name in exports:
        capsys.readouterr()
        assert score(mine, name, "--json") == 0
        assert json.loads(capsys.readouterr().out)["value"] == 50.0
    assert '"prediction"\t"hit"' in (mine / "v.tsv").read_text().splitlines()[0]


def test_imported_answers_are_gated_explained_and_reported(mine, capsys):
    for name in ("a", "b"):
        assert score(mine, "kit.tsv", "--export", f"results={mine}/out/{name}") == 0
    folders = [str(mine / "out" / name) for name in "ab"]
    assert main(["gate", "--baseline", folders[0], "--candidate", folders[1]]) in (0, 2)
    assert main(["explain", *folders]) == main(["report", *folders]) == 0
    assert "the same" in capsys.readouterr().out


def test_what_is_no_export_is_refused(mine, capsys):
    assert score(mine, "kit.tsv", "--export", "csv=x") == 2
    assert "is no export: give FORM=PATH" in capsys.readouterr().err
