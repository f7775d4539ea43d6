"""Runs side by side: which numbers stand where, what is told of each, and what is never shown as a number."""

import pytest
from stored import summary, write

from sailbench.cli import main
from sailbench.errors import StoreError, UsageError
from sailbench.report.lines import counted, differing, footnotes, sheet_line, valued
from sailbench.report.means import MEANS, OPENCOMPASS, mean, number
from sailbench.report.reference import bundled
from sailbench.report.runs import read_runs
from sailbench.report.sheet import sheet
from sailbench.report.text import markdown


def sheet_of(*roots, groups=False):
    return sheet(read_runs(roots), bundled(), groups)


def line(made, row):
    return next(own for own in made.lines if own.row == row)


def cell(made, row, run=0):
    return line(made, row).cells[run]


@pytest.fixture
def eight(tmp_path):
    """The eight of OpenCompass, scored 10, 20 to 80."""
    return write(tmp_path, *(summary(task, 10.0 * (i + 1)) for i, task in enumerate(OPENCOMPASS)))


def test_a_mean_is_plain_and_over_all_its_rows(eight):
    own = number(read_runs([eight])[0].records, "OpenCompass avg")
    assert (own.value, own.n, own.total) == (45.0, 8, 8)


def test_a_mean_without_one_of_its_rows_has_no_value_and_says_how_many_are_there(eight):
    (eight / "model" / "ai2d.json").unlink()
    own = cell(sheet_of(eight), "OpenCompass avg").number
    assert (valued(own), counted(own)) == ("-", "7 of 8 rows")


def test_a_mean_of_means_needs_every_one(eight):
    own = number(read_runs([eight])[0].records, "OpenSource avg")
    assert own.value is None and (own.n, own.total) == (0, 3)


def test_an_ungraded_row_shows_its_bounds_and_so_does_its_mean(eight):
    write(eight, summary("ai2d", 60.0, n=90, ungraded=10, bounds=[54.0, 64.0]))
    made = sheet_of(eight)
    assert valued(cell(made, "ai2d").number) == "60.00 ± 3.9 within 54.0 to 64.0"
    assert cell(made, "OpenCompass avg").number.bounds == pytest.approx((45 - 6 / 8, 45 + 4 / 8))


def test_what_cannot_be_bounded_is_said_to_have_unknown_bounds():
    broken = number({"refcoco": summary("refcoco", ungraded=3, groups=split(testA=50))}, "refcoco:split/testA")
    assert valued(mean([broken])) == "50.00 ± 2.0 within ?"


def test_nothing_graded_is_a_dash_and_not_0(tmp_path):
    write(tmp_path, summary("mmstar", None, n=0, ungraded=5, stderr=None))
    own = cell(sheet_of(tmp_path), "mmstar").number
    assert (valued(own), counted(own)) == ("-", "0 of 5")


def test_a_real_0_is_a_number(tmp_path):
    write(tmp_path, summary("mmstar", 0.0, interval=[0.0, 3.6]))
    assert valued(cell(sheet_of(tmp_path), "mmstar").number) == "0.00 ± 3.6"


def split(**places):
    return {"split": {name: {"value": float(v), "n": 10, "stderr": 1.0} for name, v in places.items()}}


def test_refcoco_is_the_mean_of_five_places_in_three_tasks(tmp_path):
    write(tmp_path, summary("refcoco", groups=split(val=1, testA=10, testB=20)))
    write(tmp_path, summary("refcoco_plus", groups=split(val=1, testA=40, testB=50)))
    write(tmp_path, summary("refcocog", groups=split(val=1, test=30)))
    own = cell(sheet_of(tmp_path), "refcoco_avg").number
    assert (own.value, own.n) == (30.0, 50)


def test_another_metric_of_a_task_has_its_own_row_where_a_mean_needs_it(tmp_path):
    write(tmp_path, summary("mme", 2100.0, scale=2800.0, metrics={"percent": 75.0}))
    assert cell(sheet_of(tmp_path), "mme:percent").number.value == 75.0


def test_the_published_score_stands_beside_ours_with_the_difference(tmp_path):
    write(tmp_path, summary("ocrbench", 90.0, n=1000, model="SAIL-VL2-2B"))
    own = cell(sheet_of(tmp_path), "ocrbench")
    assert (own.published, differing(own)) == (89.5, "+0.50")


@pytest.mark.parametrize(
    ("more", "marks"),
    [
        ({"protocol": "official"}, "p"),
        ({"n": 999}, "n"),
        ({"n": 999, "ungraded": 1}, "n"),
        ({"judge": {"model": "another"}}, ""),
    ],
)
def test_what_differs_from_the_published_score_is_marked(tmp_path, more, marks):
    write(tmp_path, summary("ocrbench", **{"model": "sailvl2-2b", "n": 1000} | more))
    assert cell(sheet_of(tmp_path), "ocrbench").marks == marks


def test_another_judge_is_marked_where_judges_have_a_say(tmp_path):
    write(tmp_path, summary("mathvista_mini", n=1000, model="sailvl2-2b"))
    assert cell(sheet_of(tmp_path), "mathvista_mini").marks == "j"
    write(tmp_path, summary("mathvista_mini", n=1000, model="sailvl2-2b", judge={"model": bundled()[1].judge}))
    assert cell(sheet_of(tmp_path), "mathvista_mini").marks == ""


def test_a_mean_carries_the_marks_of_its_rows(tmp_path):
    write(tmp_path, *(summary(task, model="sailvl2-2b", n=7) for task in OPENCOMPASS))
    own = cell(sheet_of(tmp_path), "OpenCompass avg")
    assert own.marks == "pjn" and own.difference == pytest.approx(50 - 70.31)


def test_two_runs_of_one_model_are_told_apart_by_their_folders(tmp_path):
    for place in ("before", "after"):
        write(tmp_path / place, summary("mmstar"))
    names = [run.name for run in read_runs([tmp_path / "before", tmp_path / "after"])]
    assert names == ["model (before)", "model (after)"]


def test_a_folder_named_twice_is_one_run(tmp_path):
    write(tmp_path, summary("mmstar"))
    assert len(read_runs([tmp_path, tmp_path / "model"])) == 1


def test_versions_of_a_task_are_never_mixed_in_a_row(tmp_path):
    write(tmp_path, summary("mmstar"))
    write(tmp_path, summary("mmstar", task_version=2, model="other"), folder="other")
    with pytest.raises(UsageError, match=r"mmstar was graded by different rules: version 1 in .*version 2 in"):
        read_runs([tmp_path])


def test_a_broken_summary_is_one_line(tmp_path):
    write(tmp_path, summary("mmstar"))
    (tmp_path / "model" / "ai2d.json").write_text("{")
    with pytest.raises(StoreError, match=r"ai2d\.json is not a summary"):
        read_runs([tmp_path])


def test_one_n_serves_the_row_if_it_is_the_same_for_all_and_stands_in_the_cells_if_not(tmp_path):
    write(tmp_path, summary("mmstar"), summary("ai2d"))
    write(tmp_path, summary("mmstar", model="other"), summary("ai2d", model="other", n=50), folder="other")
    made = sheet_of(tmp_path)
    assert sheet_line(made, line(made, "mmstar")).cells[1] == "100"
    assert sheet_line(made, line(made, "ai2d")).cells == ("ai2d", "differs", "50.00 ± 3.9 (100)", "50.00 ± 3.9 (50)")


def test_a_task_that_only_one_run_has_is_a_dash_for_the_other(tmp_path):
    write(tmp_path, summary("mmstar"))
    write(tmp_path, summary("ai2d", model="other"), folder="other")
    assert "| mmstar | 100 | 50.00 ± 3.9 | - |" in markdown(sheet_of(tmp_path))


def test_families_stand_in_order_and_demonstrations_last(tmp_path):
    write(tmp_path, *map(summary, ("demo_count", "video_mme", "mine", "mmstar")))
    titles = [section.title for section in sheet_of(tmp_path).sections if section.title != "Means"]
    assert titles == ["General", "Video", "Other", "Demo"]


def test_categories_stand_below_their_task(tmp_path):
    write(tmp_path, summary("mmstar", groups=split(easy=70, hard=30)))
    labels = [own.label for own in sheet_of(tmp_path, groups=True).sections[-1].lines]
    assert labels == ["mmstar", "split: easy", "split: hard"]


def test_footnotes_say_what_was_ungraded_and_where_published_scores_are_from(tmp_path):
    write(tmp_path, summary("ocrbench", n=990, ungraded=10, model="sailvl2-2b"))
    said = "\n".join(footnotes(sheet_of(tmp_path)))
    assert "10 ungraded (no judge): within 45.0 to 55.0" in said and "table 8" in said and "n: coverage differs" in said


@pytest.mark.parametrize("width", [100, 60])
def test_the_terminals_table_of_a_run_keeps_its_numbers_whole(tmp_path, width):
    from rich.console import Console

    from sailbench.report.terminal import table

    records = [summary("mmbench_v11_en_dev", 48.25, n=4329, ungraded=3), summary("video_mme", 62.5, n=2700)]
    console = Console(width=width)
    with console.capture() as shown:
        console.print(table(records, False))
    rows = shown.get().splitlines()
    assert max(map(len, rows)) <= width
    assert any("48.25" in row and "44.3 to 52.2" in row and "4329" in row for row in rows)


@pytest.mark.parametrize("form", ["table", "md", "csv", "json", "flat", "opencompass", "html", "junit"])
def test_every_format_of_text_is_written_to_the_terminal(tmp_path, form, capsys):
    write(tmp_path, summary("mmstar"))
    assert main(["report", str(tmp_path), "--format", form]) == 0
    assert "mmstar" in capsys.readouterr().out


def test_a_format_that_is_no_text_asks_for_a_file(tmp_path, capsys):
    write(tmp_path, summary("mmstar"))
    assert main(["report", str(tmp_path), "--format", "parquet"]) == 2
    assert capsys.readouterr().err == "sailbench: this format is not text; name a file with --out FILE\n"


def test_every_row_that_a_mean_names_is_a_task_or_made_of_tasks():
    from sailbench import registry
    from sailbench.report.means import OF_PLACES

    rows = {row for members in MEANS.values() for row in members} - MEANS.keys()
    tasks = {place.partition(":")[0] for row in rows for place in OF_PLACES.get(row, (row,))}
    assert tasks <= registry.cards().keys()
