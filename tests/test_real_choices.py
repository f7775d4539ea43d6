"""Answers of real models to BLINK and SEED-Bench get the authors' verdict on each, and add up to their totals.

The answers lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Graded, Reply

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="real answers with known verdicts are not at hand")
LETTERS = {"GPT4o": 60.04, "OPUS": 44.05, "QwenVLMax": 40.28, "Yi_VL_6B": 38.72, "llava_v1.5_13b": 42.66}


def lines(path):
    """JSON Lines, those included that end with a comma."""
    text = (REAL / path).read_text(encoding="utf-8")
    return [json.loads(line.rstrip(",")) for line in text.splitlines() if line.strip()]


def document(path):
    return json.loads((REAL / path).read_text(encoding="utf-8"))


def graded(task, rows, replies, protocol):
    samples = [task.read(Row(row)) for row in rows]
    scores = [task.score(sample, reply, protocol) for sample, reply in zip(samples, replies, strict=True)]
    return [Graded(sample, score, cluster=sample.id) for sample, score in zip(samples, scores, strict=True)]


@cache
def gpt4o():
    own = lines("BLINK/verdicts_GPT4o.jsonl")
    rows = [{"idx": r["id"], "answer": r["answer"]} for r in own]
    replies = [Reply(r["full_prediction"], r["shipped_extraction"]) for r in own]
    return own, rows, replies


def test_blink_agrees_with_the_authors_on_every_reply_and_in_total():
    own, rows, replies = gpt4o()
    grades = graded(registry.load("blink"), rows, replies, "official")
    assert [float(r["official_correct"]) for r in own] == [g.score.value for g in grades]
    assert [r["extracted"] for r in own] == [g.score.answer for g in grades]
    summary = registry.load("blink").summarize(grades)
    assert (round(summary.value, 2), round(summary.metrics["micro"], 2)) == (60.04, 59.92)


def test_blink_replies_that_the_authors_give_to_their_judge_are_ungraded_without_it():
    own, rows, replies = gpt4o()
    grades = graded(registry.load("blink"), rows, [Reply(reply.text) for reply in replies], "official")
    read = [(g.score.answer, r["extracted"]) for g, r in zip(grades, own, strict=True) if g.score.value is not None]
    assert all(ours == theirs for ours, theirs in read)
    assert len(own) - len(read) == 265


@pytest.mark.parametrize(("model", "total"), LETTERS.items())
def test_blink_letters_of_each_model_add_up_to_the_authors_total(model, total):
    truth, said = document("BLINK/val_answers.json"), document(f"BLINK/val_predictions/{model}.json")
    rows = [{"idx": idx, "answer": answer} for idx, answer in truth.items()]
    grades = graded(registry.load("blink"), rows, [Reply("", said[idx]) for idx in truth], "official")
    assert [float(said[idx] == answer) for idx, answer in truth.items()] == [g.score.value for g in grades]
    assert total == round(registry.load("blink").summarize(grades).value, 2)


@pytest.mark.parametrize("protocol", ["opencompass", "official"])
def test_seedbench_answers_add_up_to_the_published_total(protocol):
    own = lines("SEEDBench/SEED-Bench-1_GPT-4V.json")
    rows = [{name: r[name] for name in ("question_id", "gt_answer")} for r in own]
    grades = graded(registry.load("seedbench_img"), rows, [Reply(r["prediction"]) for r in own], protocol)
    assert [float(r["prediction"] == r["gt_answer"]) for r in own] == [g.score.value for g in grades]
    assert round(registry.load("seedbench_img").summarize(grades).value, 2) == 67.28
