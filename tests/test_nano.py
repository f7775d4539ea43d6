"""The model in the box against its committed results: a tenth of the smoke tasks, asked again."""

import json
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.cli import main

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "results" / "sailvl2-nano"


def texts(journal):
    lines = (json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines())
    return {line["key"]: line["text"] for line in lines}


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """A run of 24 samples of each smoke task."""
    folder = tmp_path_factory.mktemp("nano")
    argv = ["run", "--model", "sailvl2-nano", "--tasks", "@smoke", "--limit", "24", "--out", str(folder)]
    assert main(argv) == 0
    return folder / "sailvl2-nano"


@pytest.mark.parametrize("task", registry.groups()["smoke"])
def test_a_tenth_of_the_samples_gets_the_committed_answers(again, task):
    own, committed = texts(again / f"{task}.jsonl"), texts(COMMITTED / f"{task}.jsonl")
    assert own.keys() <= committed.keys(), "a changed prompt, picture or weight"
    same = sum(text == committed[key] for key, text in own.items())
    assert same >= len(own) - 2, "other answers than committed; another kind of CPU may turn one or two"


def test_every_committed_summary_is_whole():
    for task in registry.groups()["smoke"]:
        summary = json.loads((COMMITTED / f"{task}.json").read_text(encoding="utf-8"))
        assert (summary["n"], summary["ungraded"]) == (240, 0)
