"""The sequential gate on a task that a judge grades: the judge is asked for a round's samples, never twice."""

import json
import threading

import pytest
from judged_task import laid_out
from servers import said, served

from sailbench.cli import main

N = 200


@pytest.fixture
def mine(tmp_path):
    """A judged task of 200 rows, a judge who likes only answers with "fine" in them, and the baseline's results."""
    laid_out(tmp_path, rows=N)
    lock, asked = threading.Lock(), []

    def reply(request, *_):
        text = json.dumps(request)
        with lock:
            asked.append(text)
        return said("1.0" if "fine" in text else "0.0")

    with served(reply) as (url, _):
        argv = ["run", "--model", "fake:fine", "--tasks", f"{tmp_path}/mine.py", "--data-dir", f"{tmp_path}/rows.jsonl"]
        assert main([*argv, "--out", f"{tmp_path}/base", "--judge", "openai:j", "--judge-url", url]) == 0
        asked.clear()
        yield tmp_path, url, asked


def sequential(folder, model, *more):
    argv = ["gate", "--sequential", "--baseline", f"{folder}/base", "--model", model, "--tasks", f"{folder}/mine.py"]
    return main([*argv, "--data-dir", f"{folder}/rows.jsonl", "--out", f"{folder}/candidate", *more])


def test_a_worse_candidate_is_stopped_after_as_many_verdicts_as_samples(mine, capsys):
    folder, url, asked = mine
    assert sequential(folder, "fake:bad", "--judge", "openai:j", "--judge-url", url) == 1
    record = json.loads((folder / "candidate/fake/mine.json").read_text())
    assert record["n"] == len(asked) == record["judge"]["calls"] <= N / 2
    assert "decided early" in capsys.readouterr().out
    assert sequential(folder, "fake:bad", "--judge", "openai:j", "--judge-url", url) == 1
    assert len(asked) == record["n"]


def test_the_same_answers_pass(mine):
    folder, url, _ = mine
    assert sequential(folder, "fake:fine", "--judge", "openai:j", "--judge-url", url) == 0


def test_without_the_baselines_judge_nothing_is_asked_and_the_flag_is_named(mine, capsys):
    folder, _, _ = mine
    assert sequential(folder, "fake:bad") == 3
    assert "give --judge as for it (j)" in capsys.readouterr().out
    assert not (folder / "candidate").exists()
