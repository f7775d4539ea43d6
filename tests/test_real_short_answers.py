"""Short answers of real models: per sample and in total as the reference scripts and VLMEvalKit have them."""

import json
from functools import cache
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Graded, Reply

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="real answers with known verdicts are not at hand")


def records(path):
    return [json.loads(line) for line in (REAL / path).read_text(encoding="utf-8").splitlines()]


def chartqa_row(r):
    return {"type": f"{r['split'].removeprefix('test_')}_test", "question": r["question"], "answer": r["answer"]}


def answers_row(r):
    return {"questionId": r["id"], "question_id": r["id"], "question": r["question"], "answers": r["answers"]}


# The task, its rows, the official and VLMEvalKit's verdicts by file and field, and both totals.
SETS = {
    "textvqa_val": (answers_row, ("TextVQA/verdicts_llava-v1.5-13b.jsonl", "official_score"), 61.052),
    "chartqa": (chartqa_row, ("ChartQA/verdicts_qwen2.5-vl-7b.jsonl", "official_correct"), 80.72),
    "docvqa_val": (answers_row, ("OCR_VQA_suite/verdicts_mPLUG_STVQA.jsonl", "anls_pkg"), 0.51),
}
KIT = {
    "textvqa_val": ("TextVQA/vlmevalkit_llava-v1.5-13b.jsonl", 61.052),
    "chartqa": ("ChartQA/vlmevalkit_qwen2.5-vl-7b.jsonl", 80.56),
    "docvqa_val": ("OCR_VQA_suite/vlmevalkit_anls_mPLUG_STVQA.jsonl", 0.51),
}


@cache
def graded(name, protocol):
    to_row, (path, _), _ = SETS[name]
    task, own = registry.load(name), records(path)
    samples = [task.read(Row(to_row(r), number=number)) for number, r in enumerate(own)]
    replies = [Reply(r["prediction"]) for r in own]
    return [
        Graded(sample, task.score(sample, reply, protocol), cluster=str(number))
        for number, (sample, reply) in enumerate(zip(samples, replies, strict=True))
    ]


@pytest.mark.parametrize("name", SETS)
def test_every_answer_gets_the_official_verdict(name):
    _, (path, field), total = SETS[name]
    own = graded(name, "official")
    assert pytest.approx([float(r[field]) for r in records(path)]) == [g.score.value for g in own]
    assert pytest.approx(total, abs=5e-3) == registry.load(name).summarize(own).value


@pytest.mark.parametrize("name", SETS)
def test_every_answer_gets_vlmevalkits_verdict(name):
    path, total = KIT[name]
    own = graded(name, "opencompass")
    assert pytest.approx([float(r["vk_hit"]) for r in records(path)]) == [g.score.value for g in own]
    assert pytest.approx(total, abs=5e-3) == registry.load(name).summarize(own).value


def test_the_reference_packages_own_fixture_is_reproduced():
    gold, said, wanted = (
        json.loads((REAL / "ANLS" / f"{name}.json").read_text())
        for name in ("gold_label", "submission", "official_results")
    )
    task = registry.load("docvqa_val")
    samples = [task.read(Row(row)) for row in gold["data"]]
    own = [task.score(s, Reply(r["answer"]), "official").value for s, r in zip(samples, said, strict=True)]
    assert [one["score"] for one in wanted["per_sample_result"].values()] == own
    assert pytest.approx(wanted["result"]["score"]) == sum(own) / len(own)
