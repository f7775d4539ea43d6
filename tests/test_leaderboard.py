"""leaderboard.md is what results/ gives, and nothing else."""

import shutil
from pathlib import Path

import pytest
from stored import HOSTILE, summary, write

from sailbench.cli import main
from sailbench.report.leaderboard import leaderboard
from sailbench.report.means import OPENCOMPASS

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def results(tmp_path):
    """The published tables alone, in a folder of their own."""
    shutil.copytree(ROOT / "results" / "reference", tmp_path / "results" / "reference")
    return tmp_path / "results"


def board(text, title):
    rows = text.split(f"## {title}\n")[1].split("\n## ")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows if row.startswith("|")][2:]


def test_the_committed_page_is_up_to_date():
    assert main(["leaderboard", "--check", "--results", str(ROOT / "results")]) == 0, "run `sailbench leaderboard`"


def test_it_is_written_beside_the_results_and_then_up_to_date(results):
    argv = ["leaderboard", "--results", str(results)]
    assert main(argv) == 0 and main([*argv, "--check"]) == 0
    assert (results.parent / "leaderboard.md").read_text() == leaderboard(results)


def test_a_stale_page_is_told_in_one_line_and_left_alone(results, capsys):
    page = results.parent / "leaderboard.md"
    page.write_text("old")
    assert main(["leaderboard", "--check", "--results", str(results)]) == 2
    assert capsys.readouterr().err.startswith(f"sailbench: {page} is not what results/ gives")
    assert page.read_text() == "old"


def test_models_are_ranked_by_the_mean_that_is_printed(results):
    rows = board(leaderboard(results), "OpenCompass avg")
    assert [row[1] for row in rows[:2]] == ["SAIL-VL2-8B", "SAIL-VL2-30B-A3B"]
    means = [float(row[2]) for row in rows]
    assert means == sorted(means, reverse=True) and len(means) == 19


def test_a_run_takes_its_place_with_n_and_error_bars(results):
    write(results, *(summary(task, 71.0) for task in OPENCOMPASS))
    row = next(row for row in board(leaderboard(results), "OpenCompass avg") if row[1] == "model (measured here)")
    assert row[0] == "10" and row[2] == "71.00 ± 1.4 (8 of 8 rows)" and row[3] == "71.00 ± 3.9 (100)"


def test_a_run_without_all_rows_has_no_mean_and_comes_last(results):
    write(results, summary("mmstar", 99.0))
    row = board(leaderboard(results), "OpenCompass avg")[-1]
    assert row[:3] == ["-", "model (measured here)", "- (1 of 8 rows)"]


def test_a_missing_score_is_a_dash(results):
    row = next(row for row in board(leaderboard(results), "General") if row[1] == "Kimi-VL-A3B")
    assert row[-1].rstrip(" |") == "-"


def test_a_models_name_cannot_add_columns_or_tags(results):
    write(results, summary("mmstar", model=f"a|b {HOSTILE}"))
    text = leaderboard(results)
    assert "a\\|b \\<img" in text and "\x1b" not in text


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["leaderboard", "--results", str(tmp_path / "nothing")]) == 2
    assert "no folder" in capsys.readouterr().err
