"""Benchmarks that need judges, end to end: rows, a model, a judge behind a real server, verdicts, a summary."""

import json
from pathlib import Path

import pytest
from servers import said, served

from sailbench import judge, registry
from sailbench.cli import main
from sailbench.rules import inquiries

CASES = Path(__file__).parent / "cases" / "tasks"
MEDIA = ("image", "decoded_image", "img", "video")


def rows_of(task):
    """The golden case's rows of its first source, without media."""
    rows = json.loads((CASES / f"{task}.json").read_text(encoding="utf-8"))["rows"]
    own = [row["row"] for row in rows if row.get("source") == rows[0].get("source") and not row.get("part")]
    return [{name: cell for name, cell in row.items() if not name.startswith(MEDIA)} for row in own]


def verdict_for(prompt):
    """What a judge that always grades well would say: a readable example of the rubric whose prompt this is."""
    for name in judge.names():
        own = judge.load(name)
        opening = own.prompt.strip()[:60]
        if prompt.strip().startswith(opening):
            readable = [e for e in own.examples if e.value is not None]
            return max(readable, key=lambda e: e.value if isinstance(e.value, float) else 0.5).reply
    raise AssertionError(f"no rubric begins like {prompt[:80]!r}")


@pytest.mark.parametrize(
    "task", ["mmvet", "llava_bench", "mathvista_mini", "mathverse_mini", "charxiv_reasoning", "mm_ifeval", "mmdu"]
)
def test_a_judged_benchmark_runs_to_a_summary_and_asks_no_judge_twice(task, tmp_path):
    rows = rows_of(task)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = ["run", "--model", "fake:I cannot tell", "--tasks", task, "--data-dir", f"{tmp_path}/rows.jsonl"]
    argv += ["--out", f"{tmp_path}/out", "--judge", "openai:j", "--allow-ungraded"]
    with served(lambda body, n: said(verdict_for(body["messages"][0]["content"][-1]["text"]))) as (url, sent):
        assert main([*argv, "--judge-url", url]) == 0
        asked = len(sent)
        assert main([*argv, "--judge-url", url]) == 0
    record = json.loads((tmp_path / "out" / "fake" / f"{task}.json").read_text())
    assert 0 < asked == len(sent)
    assert record["n"] > 0 and record["judge"]["name"] == "j" and record["judge"]["kept"] == asked


def test_what_a_judge_compares_with_is_asked_of_the_model_too():
    task = registry.load("mm_ifeval")
    from sailbench.rows import Row

    rows = json.loads((CASES / "mm_ifeval.json").read_text(encoding="utf-8"))["rows"]
    samples = [task.read(Row(row["row"], None, row.get("number", 0))) for row in rows]
    assert any(inquiries.asides(task, sample) for sample in samples)
