"""Answers of real models, and the authors' own pairs, get the verdicts on record; published totals come out.

They lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Reply

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="real answers with known verdicts are not at hand")


def records(path):
    return [json.loads(line) for line in (REAL / path).read_text(encoding="utf-8").splitlines()]


def values(name, rows, replies, protocol):
    task = registry.load(name)
    samples = [task.read(Row(row, number=k)) for k, row in enumerate(rows)]
    return [task.score(s, reply, protocol).value for s, reply in zip(samples, replies, strict=True)]


@pytest.mark.parametrize(
    ("model", "official", "kit"),
    [("bard", 348, 338), ("llava_llama_2_13b", 261, 258), ("minigpt4_llama2", 231, 229)],
)
def test_mathvista_agrees_with_the_authors_and_with_vlmevalkit(model, official, kit):
    own, other = records(f"MathVista/verdicts_{model}.jsonl"), records(f"MathVista/vlmevalkit_{model}.jsonl")
    rows = [{**r, "pid": r["id"], "query": r["question"]} for r in own]
    replies = [Reply(r["response"], r["extraction"]) for r in own]
    ours = {p: values("mathvista_mini", rows, replies, p) for p in ("official", "opencompass")}
    assert [float(r["official_correct"]) for r in own] == ours["official"]
    assert [float(r["vk_hit"]) for r in other] == ours["opencompass"]
    assert (official, kit) == (sum(ours["official"]), sum(ours["opencompass"]))


@pytest.mark.parametrize("model", ["bard", "llava_llama_2_13b", "minigpt4_llama2"])
def test_mathvista_options_are_read_as_vlmevalkit_reads_them_before_it_asks(model):
    own, other = records(f"MathVista/verdicts_{model}.jsonl"), records(f"MathVista/vlmevalkit_{model}.jsonl")
    task = registry.load("mathvista_mini")
    samples = [task.read(Row({**r, "pid": r["id"], "query": r["question"]})) for r in own]
    scores = [task.score(s, Reply(r["response"]), "opencompass") for s, r in zip(samples, own, strict=True)]
    read = [score.answer if s.choices else None for s, score in zip(samples, scores, strict=True)]
    assert [r["vk_prefetch"] for r in other] == read


@pytest.mark.parametrize(("model", "hits"), [("GPT4", 146), ("LLAVA13B", 108), ("otter9B", 106)])
def test_logicvista_agrees_with_the_stored_verdicts(model, hits):
    own = records(f"LogicVista/verdicts_{model}.jsonl")
    rows = [
        {"index": r["id"], "question": r["question"], "answer": r["answer"], "skill": repr(r["skill"])} for r in own
    ]
    letters = ["".join(r["extracted_by_gpt4"]).upper() for r in own]
    replies = [Reply(r["prediction"], verdict) for r, verdict in zip(own, letters, strict=True)]
    ours = values("logicvista", rows, replies, "official")
    assert [float(r["official_correct"]) for r in own] == ours
    assert hits == sum(ours)


def test_olympiadbench_finds_its_authors_pairs_as_they_expect():
    own = records("OlympiadBench/verdicts_scoring_examples.jsonl")
    assert len(own) == 20
    rows = [{"id": r["id"], "final_answer": [r["answer"]], "answer_type": "Numerical", "error": error(r)} for r in own]
    replies = [Reply(r["prediction"]) for r in own]
    assert [float(r["expected_equal"]) for r in own] == values("olympiadbench_mini", rows, replies, "official")


def error(record):
    stated = record["precision"]
    return None if stated is None else str(stated[0] if isinstance(stated, list) else stated)


def test_mathverse_rows_of_the_authors_output_are_read_by_version():
    task = registry.load("mathverse_mini")
    rows = json.loads((REAL / "MathVerse/output_testmini.json").read_text(encoding="utf-8"))
    samples = [task.read(Row(row)) for row in rows]
    assert [row["problem_version"] for row in rows] == [s.group["version"] for s in samples]
    assert all(s.question and s.target and s.group["subfield"] for s in samples)
    text_only = json.loads((REAL / "MathVerse/output_testmini_text_only.json").read_text(encoding="utf-8"))
    assert {task.read(Row(row)) for row in text_only} == {None}
