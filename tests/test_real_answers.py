"""Answers of real models get, sample by sample, the verdict that the benchmark's own script and VLMEvalKit gave them.

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


@cache
def records(path):
    text = (REAL / path).read_text(encoding="utf-8")
    return json.loads(text) if path.endswith(".json") else [json.loads(line) for line in text.splitlines()]


def mmmu_row(r):
    options = list((r["options"] or {}).values())
    return {"id": r["id"], "options": repr(options), "answer": r["answer"], "question_type": r["question_type"]}


def mathvision_row(r):
    return {name: r.get(name, "") for name in ("id", "question", "options", "answer", "subject", "level")}


def mmbench_row(r):
    return {"index": r["id"], "question": r["question"], "answer": r["answer"], **r["options"]}


@cache
def scores(task, path, to_row, protocol):
    """Every record's grade under a protocol, in order."""
    own = registry.load(task)
    samples = [own.read(Row(to_row(r))) for r in records(path)]
    said = [r.get("prediction", r.get("model_prediction")) for r in records(path)]
    return [
        Graded(sample, own.score(sample, Reply(text), protocol), cluster=sample.id)
        for sample, text in zip(samples, said, strict=True)
    ]


def disagreements(graded, verdicts):
    """The ids where the grade is not the verdict; a verdict of None is not on record."""
    pairs = zip(graded, verdicts, strict=True)
    return [g.sample.id for g, v in pairs if v is not None and g.score.value != float(v)]


def total(graded):
    return sum(g.score.value for g in graded)


MMMU = ("mmmu_val", "MMMU/verdicts_parse_llava1.5_13b.jsonl", mmmu_row)
MATHVISION = [
    (("mathvision", f"MathVision/verdicts_{model}.jsonl", mathvision_row), model, hits)
    for model, hits in (("LLaVA-v1.5-13B", (338, 344)), ("Gemini-Pro", (538, 535)))
]
MMBENCH = ("mmbench_v11_en_dev", "MMBench/vlmevalkit_vanilla_llava-v1.5-13b.jsonl", mmbench_row)
HALLUSION = ("hallusionbench", "HallusionBench/HallusionBench_result_sample.json", dict)


def test_mmmu_agrees_with_the_authors_but_for_their_coin_tosses():
    own = records(MMMU[1])
    verdicts = [None if r["random_guess"] else r["official_correct"] for r in own]
    graded = scores(*MMMU, "official")
    lucky = sum(r["official_correct"] for r in own if r["random_guess"])
    assert disagreements(graded, verdicts) == []
    assert total(graded) == 330 - lucky  # the published 36.7 is 330 of 900, coin tosses included


def test_mmmu_replies_that_the_authors_guess_at_are_unparsed_here():
    graded = scores(*MMMU, "official")
    guessed = [r["id"] for r in records(MMMU[1]) if r["random_guess"]]
    assert guessed == [g.sample.id for g in graded if g.score.unparsed]


def test_mmmu_agrees_with_vlmevalkit():
    kit = records("MMMU/vlmevalkit_llava1.5_13b.jsonl")
    graded = scores(*MMMU, "opencompass")
    assert disagreements(graded, [r["vk_hit"] for r in kit]) == []
    assert total(graded) == 328


@pytest.mark.parametrize(("source", "model", "hits"), MATHVISION, ids=lambda value: value if type(value) is str else "")
def test_mathvision_agrees_with_the_authors_and_with_vlmevalkit(source, model, hits):
    official, kit = scores(*source, "official"), scores(*source, "opencompass")
    assert disagreements(official, [r["official_correct"] for r in records(source[1])]) == []
    assert disagreements(kit, [r["vk_hit"] for r in records(f"MathVision/vlmevalkit_{model}.jsonl")]) == []
    assert (total(official), total(kit)) == hits


@pytest.mark.parametrize(("source", "model", "hits"), MATHVISION, ids=lambda value: value if type(value) is str else "")
def test_mathvision_answers_are_read_as_the_authors_read_them(source, model, hits):
    read = [g.score.answer or "" for g in scores(*source, "official")]
    assert [r["model_answer"] for r in records(source[1])] == read


def test_mmbench_rows_agree_with_vlmevalkit():
    graded = scores(*MMBENCH, "opencompass")
    assert disagreements(graded, [r["vk_hit"] for r in records(MMBENCH[1])]) == []
    assert [g.score.answer or "Z" for g in graded] == [r["vk_opt"] for r in records(MMBENCH[1])]


def test_mmbench_circular_groups_agree_with_vlmevalkit():
    units = {}
    for g in scores(*MMBENCH, "opencompass"):
        units[g.sample.unit] = units.get(g.sample.unit, True) and g.score.value == 1
    kit = records("MMBench/vlmevalkit_circular_llava-v1.5-13b.jsonl")
    assert {str(r["id"]): bool(r["vk_hit"]) for r in kit} == units
    summary = registry.load(MMBENCH[0]).summarize(scores(*MMBENCH, "opencompass"))
    assert pytest.approx(100 * sum(r["vk_hit"] for r in kit) / len(kit)) == summary.value


def test_hallusionbench_agrees_with_vlmevalkit():
    kit = records("HallusionBench/vlmevalkit_result_sample.jsonl")
    graded = scores(*HALLUSION, "opencompass")
    assert disagreements(graded, [r["vk_hit"] for r in kit]) == []
    assert [r["GT"] for r in kit] == [g.sample.target for g in graded]
    metrics = registry.load(HALLUSION[0]).summarize(graded).metrics
    assert {name: round(v, 3) for name, v in metrics.items()} == {"aAcc": 51.575, "fAcc": 21.519, "qAcc": 19.658}
