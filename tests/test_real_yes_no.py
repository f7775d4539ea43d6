"""Yes/no answers of real models: per sample and in total as the benchmarks' own scripts and VLMEvalKit have them."""

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


def mme_row(r):
    return {"question_id": f"{r['category']}/{r['image']}"} | {
        name: r[name] for name in ("question", "answer", "category")
    }


def pope_row(r):
    return {"question_id": r["id"]} | {name: r[name] for name in ("question", "answer", "category")}


@cache
def summary(name, model, protocol):
    to_row = {"mme": mme_row, "pope": pope_row}[name]
    task, own = registry.load(name), records(f"{name.upper()}/verdicts_{model}.jsonl")
    samples = [task.read(Row(to_row(r))) for r in own]
    assert len(samples) == len({sample.id for sample in samples})
    graded = [
        Graded(sample, task.score(sample, Reply(r["prediction"]), protocol), cluster=str(r["image"]))
        for sample, r in zip(samples, own, strict=True)
    ]
    return [g.score.value for g in graded], task.summarize(graded)


@pytest.mark.parametrize(("name", "model"), [("mme", "LaVIN"), ("pope", "llava-v1.5-13b")])
def test_every_answer_gets_the_verdict_on_record(name, model):
    official = [float(r["official_correct"]) for r in records(f"{name.upper()}/verdicts_{model}.jsonl")]
    kit = [float(r["vk_hit"]) for r in records(f"{name.upper()}/vlmevalkit_{model}.jsonl")]
    assert official == summary(name, model, "official")[0]
    assert kit == summary(name, model, "opencompass")[0]


def test_mme_sums_up_as_the_authors_print_it():
    own = summary("mme", "LaVIN", "official")[1]
    lines = (REAL / "MME" / "official_calculation_LaVIN.txt").read_text().splitlines()
    printed = {line.split()[0]: float(line.split()[-1]) for line in lines if " score: " in line and "total" not in line}
    assert pytest.approx(printed) == {name: own.metrics[name] for name in printed}
    assert len(printed) == 14
    assert (round(own.metrics["perception"], 3), round(own.metrics["cognition"], 3)) == (963.611, 249.643)
    assert pytest.approx(963.6114 + 249.6429, abs=1e-3) == own.value == 28 * own.metrics["percent"]


def test_mme_sums_up_as_vlmevalkit_has_it():
    own = summary("mme", "LaVIN", "opencompass")[1].metrics
    assert (round(own["perception"], 2), round(own["cognition"], 2)) == (963.61, 248.93)


@pytest.mark.parametrize("protocol", ["official", "opencompass"])
def test_pope_has_the_published_f1_of_each_category(protocol):
    own = summary("pope", "llava-v1.5-13b", protocol)[1]
    assert (round(own.metrics["f1_random"], 3), round(own.metrics["f1_popular"], 3)) == (87.136, 86.246)
    assert own.metrics["f1_random"] == own.groups["category"]["random"]["value"]
