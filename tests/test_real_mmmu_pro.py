"""GPT-4o's answers to MMMU-Pro get the verdicts of the authors' script and of VLMEvalKit, and their published totals.

The answers lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Graded, Reply

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "MMMU_Pro"
NAME = "gpt-4o_standard_10opt_direct"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="real answers to MMMU-Pro are not at hand")


def records(kind):
    return [json.loads(line) for line in (REAL / f"{kind}_{NAME}.jsonl").read_text(encoding="utf-8").splitlines()]


def graded(protocol):
    task = registry.load("mmmu_pro_standard")
    samples = [task.read(Row(r)) for r in records("verdicts")]
    replies = [Reply(r["prediction"]) for r in records("verdicts")]
    return [Graded(s, task.score(s, reply, protocol)) for s, reply in zip(samples, replies, strict=True)]


def test_the_authors_verdicts_and_total_are_met_but_for_their_coin():
    own, verdicts = graded("official"), records("verdicts")
    apart = [g for g, r in zip(own, verdicts, strict=True) if bool(g.score.value) != r["official_correct"]]
    assert all(g.score.unparsed for g in apart)
    assert [g.score.unparsed for g in own] == [r["random_guess"] for r in verdicts]
    luck = sum(r["official_correct"] for r in verdicts if r["random_guess"])
    assert round(100 * (sum(g.score.value for g in own) + luck) / len(own), 2) == 40.17


def test_vlmevalkits_verdicts_and_total_are_met():
    own = graded("opencompass")
    assert [bool(g.score.value) for g in own] == [r["vk_hit"] for r in records("vlmevalkit")]
    assert round(registry.load("mmmu_pro_standard").summarize(own).value, 2) == 39.65


def test_subjects_have_the_authors_totals_but_for_their_coin():
    published = json.loads((REAL / f"official_per_subject_{NAME}.json").read_text(encoding="utf-8"))
    groups = registry.load("mmmu_pro_standard").summarize(graded("official")).groups
    assert {name: own["n"] for name, own in published.items()} == {n: p["n"] for n, p in groups["subject"].items()}
    lucky = {r["subject"] for r in records("verdicts") if r["random_guess"] and r["official_correct"]}
    values = {name: place["value"] for name, place in groups["subject"].items() if name not in lucky}
    assert values == {name: pytest.approx(published[name]["acc"], abs=0.005) for name in values}
    assert len(groups["discipline"]) == 6
