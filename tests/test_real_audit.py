"""Judges beside the stored verdicts of real ones: GPT-4o's grades on CharXiv, GPT-4's readings on LogicVista.

The verdicts lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
import random
import re
import statistics
from pathlib import Path

import pytest

from sailbench.audit import Questions, Verdicts, audit
from sailbench.audit.verdicts import Verdict

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
needs_charxiv = pytest.mark.skipif(not (REAL / "CharXiv").is_dir(), reason="CharXiv's verdicts are not at hand")
needs_logicvista = pytest.mark.skipif(
    not (REAL / "LogicVista").is_dir(), reason="LogicVista's verdicts are not at hand"
)


def grades(values, name="judge", clusters=None):
    of = clusters or {}
    return Verdicts(name, "grades", {k: Verdict(v, of.get(k, k)) for k, v in values.items()})


def stored(name):
    return [json.loads(line) for line in (REAL / name).read_text(encoding="utf-8").splitlines()]


@needs_charxiv
@pytest.mark.parametrize("seed", range(5))
def test_charxivs_score_is_found_from_a_poor_judge_and_300_labels(seed):
    """GPT-4o's grades are the labels; the judge only takes the very words of the answer."""
    rows = stored("CharXiv/verdicts_gemma3-4b-it_descriptive.jsonl")
    same = {r["id"]: float(r["prediction"].strip().lower() == r["answer"].strip().lower()) for r in rows}
    figure = {r["id"]: r["id"].partition("_")[0] for r in rows}
    labels = {r["id"]: float(r["judge_score"]) for r in random.Random(seed).sample(rows, 300)}
    scores = audit(grades(same, clusters=figure), grades(labels, "labels"), None, Questions(scale=100.0)).scores
    assert scores.judge_alone.interval[1] < 43.08
    (low, high), (least, most) = scores.ppi_tuned.interval, scores.labels_alone.interval
    assert low < 43.08 < high and high - low < 0.75 * (most - least)


@needs_charxiv
def test_a_judge_that_errs_on_purpose_shows_by_how_much():
    rows = stored("CharXiv/verdicts_gemma3-4b-it_descriptive.jsonl")
    rng, labels = random.Random(1), {r["id"]: float(r["judge_score"]) for r in rows}
    perturbed = {own: 1 - v if rng.random() < (0.1 if v else 0.05) else v for own, v in labels.items()}
    made = audit(grades(perturbed), grades(labels, "labels"), grades(labels, "again"), Questions())
    for own, truth in ((made.sensitivity["right"], 0.9), (made.specificity["right"], 0.95)):
        assert own.interval[0] < truth < own.interval[1]
    assert made.flips.value == pytest.approx(1 - made.agreement.value)


@needs_logicvista
@pytest.mark.parametrize(
    ("model", "low", "high"), [("GPT4", 0.99, 1.0), ("LLAVA13B", 0.9, 1.0), ("otter9B", 0.85, 0.95)]
)
def test_letters_that_a_rule_reads_are_held_against_gpt_4s(model, low, high):
    rows = stored(f"LogicVista/verdicts_{model}.jsonl")
    named = {r["id"]: "".join(sorted(r["extracted_by_gpt4"])).upper() for r in rows if r["extracted_by_gpt4"]}
    read = {r["id"]: "".join(sorted(set(re.findall(r"\b[A-E]\b", r["prediction"])))) or None for r in rows}
    labels = Verdicts("gpt4", "categories", {own: Verdict(word, own) for own, word in named.items()})
    made = audit(Verdicts("rule", "categories", {k: Verdict(v, k) for k, v in read.items()}), labels, None, Questions())
    assert low <= made.agreement.value <= high
    assert made.labelled + made.unread == len(named) and set(made.sensitivity) >= set("ABCDE")


@needs_logicvista
@pytest.mark.parametrize("model", ["GPT4", "LLAVA13B", "otter9B"])
def test_logicvistas_scores_are_found_from_a_rule_and_100_labels(model):
    rows = stored(f"LogicVista/verdicts_{model}.jsonl")
    truth = 100 * statistics.mean(r["official_correct"] for r in rows)
    read = {r["id"]: sorted(set(re.findall(r"\b[A-E]\b", r["prediction"]))) for r in rows}
    rule = {r["id"]: float(read[r["id"]] == sorted(r["answer"].split(", "))) for r in rows}
    labels = {r["id"]: float(r["official_correct"]) for r in random.Random(2).sample(rows, 100)}
    scores = audit(grades(rule), grades(labels, "labels"), None, Questions(scale=100.0)).scores
    (low, high), (least, most) = scores.ppi_tuned.interval, scores.labels_alone.interval
    assert low < truth < high and high - low < most - least
