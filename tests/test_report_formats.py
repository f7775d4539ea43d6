"""What leaves the house: each format holds the numbers, and nothing in it is obeyed by whoever shows it."""

import csv
import io
import json
import math
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import FORMULA, HOSTILE, summary, write

from sailbench.cli import main
from sailbench.report import inert
from sailbench.report.opencompass import dataset_names

OBEYED = [chr(c) for c in (*range(9), *range(11, 32), *range(127, 160))] + ["\u202e", "\u2066", "\u200f"]


@pytest.fixture
def hostile(tmp_path):
    """A run whose every text is out for trouble."""
    groups = {HOSTILE: {FORMULA: {"value": 40.0, "n": 10, "stderr": 1.0}}}
    names = {"model": FORMULA + HOSTILE, "title": HOSTILE, "protocol": HOSTILE, "engine": FORMULA, "date": FORMULA}
    return write(tmp_path, summary("mmstar", ungraded=3, groups=groups, ungraded_because={HOSTILE: 3}, **names))


def report(capsys, folder, form, *more):
    assert main(["report", str(folder), "--format", form, *more]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("form", ["table", "md", "csv", "json", "flat", "opencompass", "html", "junit"])
def test_no_format_lets_a_terminal_be_told_what_to_do(hostile, form, capsys):
    out = report(capsys, hostile, form, "--groups")
    assert [mark for mark in OBEYED if mark in out] == []


@pytest.mark.parametrize("form", ["csv", "opencompass"])
def test_no_cell_of_a_spreadsheet_is_a_formula(hostile, form, capsys):
    cells = [cell for row in csv.reader(io.StringIO(report(capsys, hostile, form, "--groups"))) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+@\t" and cell and not _number(cell)] == []
    assert any(cell.startswith("'=") for cell in cells)


def _number(cell):
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def test_no_markdown_cell_holds_a_tag_a_link_or_another_column(hostile, capsys):
    rows = [row for row in report(capsys, hostile, "md", "--groups").splitlines() if row.startswith("|")]
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1
    assert "<img" not in "".join(rows).replace("\\<", "")


@settings(deadline=None)  # the machine may be busy with other things
@given(st.text())
def test_a_cell_is_one_line_and_never_a_formula(text):
    cell = inert.cell(text)
    assert "\n" not in cell and (cell == "-" or cell[:1] not in ("=", "+", "-", "@"))


@settings(deadline=None)  # the machine may be busy with other things
@given(st.text())
def test_json_that_may_be_printed_loses_nothing(text):
    printed = inert.as_json([text])
    assert json.loads(printed) == [text] and not set(OBEYED) & set(printed)


@settings(deadline=None)  # the machine may be busy with other things
@given(st.text())
def test_json_in_a_page_ends_no_element_and_loses_nothing(text):
    written = inert.json_in_html([text])
    assert json.loads(written) == [text] and not set("<>&\u2028") & set(written)


@settings(deadline=None)  # the machine may be busy with other things
@given(st.text(alphabet="<&>\x00\x1b\ud800\ufffe]a"))
def test_junit_is_xml_whatever_a_name_is(text):
    from sailbench.report.junit import junit
    from sailbench.report.runs import Run

    ElementTree.fromstring(junit([Run(text, None, {text: summary(text, protocol=text)})]).encode())


def test_csv_holds_every_number_in_full_and_a_dash_for_what_is_missing(tmp_path, capsys):
    write(tmp_path, summary("ocrbench", 100 / 3, model="sailvl2-2b", n=1000, stderr=None, interval=None))
    (row,) = [r for r in csv.DictReader(io.StringIO(report(capsys, tmp_path, "csv"))) if r["row"] == "ocrbench"]
    assert (float(row["score"]), row["stderr"], row["n"], row["published"]) == (100 / 3, "-", "1000", "89.5")


def test_parquet_and_csv_hold_the_same(tmp_path, capsys):
    from pyarrow import parquet

    write(tmp_path, summary("mmstar", ungraded=2), summary("ai2d", None, n=0, ungraded=1, stderr=None))
    assert main(["report", str(tmp_path), "--format", "parquet", "--out", f"{tmp_path}/all.parquet"]) == 0
    told = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    rows = list(csv.DictReader(io.StringIO(report(capsys, tmp_path, "csv"))))
    assert [{k: "-" if v is None else str(v) for k, v in own.items()} for own in told] == rows


def test_flat_json_is_names_and_numbers_only(tmp_path, capsys):
    write(tmp_path, summary("mmstar", metrics={"l2": 40.0, "other": None}), summary("ai2d", None, n=0, ungraded=1))
    flat = json.loads(report(capsys, tmp_path, "flat"))
    assert flat["model/mmstar/value"] == 50.0 and flat["model/mmstar/metrics/l2"] == 40.0
    assert "model/ai2d/value" not in flat and flat["model/means/OpenCompass avg/rows"] == 1
    assert all(isinstance(value, int | float) for value in flat.values())


def test_junit_fails_a_task_with_ungraded_samples_and_no_other(tmp_path, capsys):
    write(tmp_path, summary("mmstar", ungraded=3), summary("ai2d", 0.0))
    suite = ElementTree.fromstring(report(capsys, tmp_path, "junit")).find("testsuite")
    failed = {case.get("name"): case.find("failure") for case in suite}
    assert failed["ai2d"] is None and failed["mmstar"].get("message") == "3 of 103 samples ungraded"
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_the_summary_has_opencompass_columns_with_a_column_a_model(tmp_path, capsys):
    write(tmp_path, summary("mme", 2100.0, scale=2800.0, metrics={"percent": 75.0}))
    write(tmp_path, summary("mmstar", model="other"), folder="other")
    rows = list(csv.reader(io.StringIO(report(capsys, tmp_path, "opencompass"))))
    assert rows[0] == ["dataset", "version", "metric", "mode", "model", "other"]
    assert ["OpenCompass avg", "-", "naive_average", "gen", "-", "-"] in rows
    assert ["mme", "v1", "percent", "gen", "75.00", "-"] in rows


def score_file(folder, name):
    return (folder / "oc" / "model" / f"model_{name}").read_text()


def places(**values):
    return {"category": {name: {"value": float(v), "n": 20, "stderr": 1.0} for name, v in values.items()}}


@pytest.fixture
def compass(tmp_path):
    """The score files of one run, a data set of each shape."""
    write(tmp_path, summary("mmstar", 50.0, groups=places(math=25, logic=75)))
    write(tmp_path, summary("chartqa", 80.0), summary("mathvision", 40.0, groups=places(algebra=30)))
    write(tmp_path, summary("hallusionbench", 50.0, metrics={"aAcc": 60.0, "fAcc": 40.0, "qAcc": 50.0}))
    write(tmp_path, summary("mme", 2000.0, scale=2800.0, metrics={"perception": 1500.0, "cognition": 500.0}))
    write(
        tmp_path, summary("ocrbench", 90.0, n=1000, groups={"skill": {"Text": {"value": 50.0, "n": 300, "stderr": 1}}})
    )
    write(tmp_path, summary("ai2d", None, n=0, ungraded=9))
    assert main(["report", str(tmp_path), "--format", "opencompass", "--out", f"{tmp_path}/oc"]) == 0
    return tmp_path


def test_a_choice_sets_score_file_holds_shares(compass):
    assert score_file(compass, "MMStar_acc.csv") == "split,math,logic,Overall\nnone,0.25,0.75,0.5\n"


def test_a_vqa_sets_score_file_holds_percent(compass):
    assert score_file(compass, "ChartQA_TEST_acc.csv") == "Overall\n80\n"


def test_yes_or_no_sets_have_their_own_columns(compass):
    assert score_file(compass, "HallusionBench_score.csv") == "split,aAcc,fAcc,qAcc\nOverall,60,40,50\n"
    rows = list(csv.DictReader(io.StringIO(score_file(compass, "MME_score.csv"))))
    assert (rows[0]["perception"], rows[0]["reasoning"], rows[0]["count"]) == ("1500", "500", "-")


def test_a_judged_set_counts_hits_a_category_and_names_its_judge(compass):
    rows = score_file(compass, "MathVision_exact_matching_score.csv").splitlines()
    assert rows == ["Subject,tot,hit,acc", "Overall,100,40,40", "algebra,20,6,30"]


def test_ocrbench_is_counts_and_a_norm(compass):
    told = json.loads(score_file(compass, "OCRBench_score.json"))
    assert told == {"Text": 150.0, "Final Score": 900.0, "Final Score Norm": 90.0}


def test_ratings_of_videos_count_right_answers_or_have_means_by_length(tmp_path):
    grouped = {"duration": {"short": {"value": 60.0, "n": 20}}, "domain": {"Law": {"value": 25.0, "n": 8}}}
    write(tmp_path, summary("video_mme", 40.0, groups=grouped, sampling={"frames": 16}))
    tasks = {"task": {"action count": {"value": 62.5, "n": 8}}}
    write(tmp_path, summary("mvbench", 50.0, n=12, groups=tasks, sampling={"frames": 8}))
    assert main(["report", str(tmp_path), "--format", "opencompass", "--out", f"{tmp_path}/oc"]) == 0
    assert json.loads(score_file(tmp_path, "Video-MME_16frame_rating.json")) == {
        "short": {"overall": "0.600"},
        "overall": {"overall": "0.400", "domain": {"Law": "0.250"}},
    }
    told = json.loads(score_file(tmp_path, "MVBench_8frame_rating.json"))
    assert told == {"action count": [5, 8, "62.50%"], "overall": [6, 12, "50.00%"]}


def test_what_has_no_score_has_no_score_file(compass):
    assert not list((compass / "oc" / "model").glob("*AI2D*"))
    assert "ai2d,v1,score,gen,-" in (compass / "oc" / "summary" / "summary.csv").read_text()


def test_data_sets_have_vlmevalkits_names_unless_several_tasks_share_one():
    names = dataset_names(["mmmu_val", "hrbench_4k", "refcoco", "refcocog", "mmiu", "of_a_user"])
    assert list(names.values()) == ["MMMU_DEV_VAL", "HRBench4K", "refcoco", "refcocog", "mmiu", "of_a_user"]
