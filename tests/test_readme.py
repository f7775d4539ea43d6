"""What the README shows is true: its example runs, its table is the cards'."""

import json
import re
import runpy
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = [
    {"id": str(i), "question": "Which?", "answer": "AB"[i % 2], "A": "red", "B": "blue", "difficulty": "easy"}
    for i in range(6)
]


@pytest.fixture
def example(tmp_path):
    """The README's benchmark 107 as a file, and rows for it."""
    (tmp_path / "colours.py").write_text(re.search(r"```python\n(.*?)```", README, re.DOTALL)[1])
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return tmp_path


def value(folder, task):
    argv = ["run", "--model", "fake", "--tasks", task, "--data-dir", f"{folder}/rows.jsonl", "--out", f"{folder}/out"]
    assert main(argv) == 0
    return json.loads((folder / "out" / "fake" / "colours.json").read_text())["value"]


def test_the_example_runs_from_a_folder_of_the_users(example):
    assert value(example, f"{example}/colours.py") == 50.0


def test_the_example_runs_from_the_folder_of_tasks_by_its_name(example, monkeypatch):
    monkeypatch.setattr(registry, "folder", lambda: example)
    registry.cards.cache_clear()
    try:
        assert value(example, "colours") == 50.0
    finally:
        registry.cards.cache_clear()


def test_the_table_of_benchmarks_is_what_the_cards_say():
    with_table = runpy.run_path(str(ROOT / "recipes" / "readme.py"))["with_table"]
    assert with_table(README) == README, "run `make readme`"
