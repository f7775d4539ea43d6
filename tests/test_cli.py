"""The command line as a user meets it: real processes, real files, exit codes, one line for what is wrong."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sailbench.cli import main

SHARED = Path(__file__).resolve().parents[2] / "shared"
TASK = '''"""A benchmark of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Row
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"), choices=row.choices())


TASK = choice(read)
'''


@pytest.fixture
def mine(tmp_path):
    """A user's own task file and 40 rows; the answer is A to every other one."""
    (tmp_path / "mine.py").write_text(TASK)
    rows = [{"id": str(i), "question": f"q{i}", "answer": "AB"[i % 2], "A": "one", "B": "two"} for i in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def run(folder, *more):
    argv = ["run", "--model", "fake", "--tasks", f"{folder}/mine.py", "--data-dir", f"{folder}/rows.jsonl"]
    return main([*argv, "--out", f"{folder}/out", *more])


def summary(folder):
    return json.loads((folder / "out" / "fake" / "mine.json").read_text())


def test_a_users_own_task_file_runs_and_reports(mine, capsys):
    assert run(mine) == 0
    record = summary(mine)
    assert (record["value"], record["n"], record["model"], record["task"]) == (50.0, 40, "fake", "mine")
    assert "50.00" in capsys.readouterr().out


def test_a_second_run_asks_nothing(mine, capsys):
    run(mine)
    capsys.readouterr()
    assert run(mine) == 0
    assert "40 answered before, 0 to ask" in capsys.readouterr().err


def test_fresh_sets_answers_aside_and_asks_again(mine, capsys):
    run(mine)
    capsys.readouterr()
    run(mine, "--fresh")
    assert "0 answered before, 40 to ask" in capsys.readouterr().err


def test_a_dry_run_asks_and_writes_nothing(mine, capsys):
    assert run(mine, "--dry-run", "--limit", "7") == 0
    assert "7 samples, 7 to ask" in capsys.readouterr().out
    assert not (mine / "out").exists()


def test_a_limit_is_kept_and_a_larger_one_goes_on(mine, capsys):
    run(mine, "--limit", "10")
    assert summary(mine)["n"] == 10
    capsys.readouterr()
    run(mine, "--limit", "20")
    assert "10 answered before, 10 to ask" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["run", "--model", "fake", "--tasks", "mmmmu"], "no task 'mmmmu'; did you mean mmmu"),
        (["run", "--model", "fake", "--tasks", "@opencompas"], "no group @opencompas; did you mean opencompass"),
        (["run", "--model", "sailvl2-3b", "--tasks", "demo_count"], "did you mean sailvl2-"),
        (["run", "--model", "sailvl2-1b", "--tasks", "demo_count"], "never released"),
        (["run", "--model", "fake", "--tasks", "./nothing.py"], "no task file nothing.py"),
        (["report", "/nonexistent"], "no summaries in /nonexistent"),
        (["score", "mmmu", "--data", "/nonexistent.jsonl", "--predictions", "x"], "/nonexistent.jsonl"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_way_out(argv, line, capsys):
    assert main(argv) == 2
    err = capsys.readouterr().err.strip().splitlines()
    assert len(err) == 1 and err[0].startswith("sailbench: ") and line in err[0]


def test_ungraded_items_make_exit_code_3_unless_allowed(mine):
    (mine / "preds.jsonl").write_text('{"id": "0", "prediction": "A"}\n')
    argv = ["score", f"{mine}/mine.py", "--data", f"{mine}/rows.jsonl", "--predictions", f"{mine}/preds.jsonl"]
    assert main(argv) == 3
    assert main([*argv, "--allow-ungraded"]) == 0


def test_predictions_in_row_order_are_scored_in_row_order(mine, capsys):
    (mine / "preds.jsonl").write_text("".join(json.dumps({"prediction": "A"}) + "\n" for _ in range(40)))
    argv = ["score", f"{mine}/mine.py", "--data", f"{mine}/rows.jsonl", "--predictions", f"{mine}/preds.jsonl"]
    assert main([*argv, "--out", f"{mine}/s.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 50.0
    lines = [json.loads(line) for line in (mine / "s.jsonl").read_text().splitlines()]
    assert [line["value"] for line in lines] == [1.0, 0.0] * 20


def test_too_few_predictions_without_ids_are_refused(mine, capsys):
    (mine / "preds.jsonl").write_text('{"prediction": "A"}\n')
    argv = ["score", f"{mine}/mine.py", "--data", f"{mine}/rows.jsonl", "--predictions", f"{mine}/preds.jsonl"]
    assert main(argv) == 2
    assert "1 predictions without ids for 40 rows" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["md", "csv", "json", "table"])
def test_every_report_format_names_the_task_and_its_n(mine, form, capsys):
    run(mine)
    capsys.readouterr()
    assert main(["report", f"{mine}/out", "--format", form]) == 0
    out = capsys.readouterr().out
    assert "mine" in out and "40" in out


def test_kill_9_loses_nothing_that_was_journalled(mine):
    rows = [{"id": str(i), "question": f"q{i}", "answer": "A", "A": "one", "B": "two"} for i in range(20000)]
    (mine / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = ["run", "--model", "fake", "--tasks", f"{mine}/mine.py", "--data-dir", f"{mine}/rows.jsonl"]
    argv += ["--out", f"{mine}/out"]
    journal = mine / "out" / "fake" / "mine.jsonl"
    child = subprocess.Popen([sys.executable, "-m", "sailbench.cli", *argv], stderr=subprocess.DEVNULL)
    while child.poll() is None and not (journal.exists() and journal.stat().st_size > 200_000):
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = journal.read_bytes().count(b"\n")
    assert 0 < before < 20000
    done = subprocess.run([sys.executable, "-m", "sailbench.cli", *argv], capture_output=True, text=True, check=True)
    assert f"{before} answered before, {20000 - before} to ask" in done.stderr
    ids = [json.loads(line)["id"] for line in journal.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == 20000


def test_a_reader_that_goes_away_is_no_error():
    script = f"{sys.executable} -m sailbench.cli tasks | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_real_images_through_the_model_and_nothing_asked_twice(tmp_path, capsys):
    folder, checkpoint = SHARED / "real" / "MathVision", SHARED / "parity" / "ckpt_a"
    if not folder.exists() or not checkpoint.exists():
        pytest.skip("needs the shared real images and parity checkpoint")
    argv = ["run", "--model", str(checkpoint), "--tasks", "mathvision", "--data-dir", str(folder), "--max-tokens", "2"]
    argv += ["--ids", "4,5,7", "--out", str(tmp_path)]
    assert main(argv) == 0
    assert "3 to ask" in capsys.readouterr().err
    assert main(argv) == 0
    assert "3 answered before, 0 to ask" in capsys.readouterr().err
