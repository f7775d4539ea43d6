"""LLaVA-Bench's published score of LLaVA-1.5-7B comes out again from the three reviews that GPT-4 wrote.

Answers and reviews lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Graded, Reply

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "real" / "LLaVABench"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="LLaVA-Bench's answers and reviews are not at hand")


def lines(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def summarized(number):
    """The task's summary of one review, and the pairs of ratings that the authors read out of it."""
    task, made = registry.load("llava_bench"), []
    reviews = lines(f"reviews/llava-v1.5-7b-eval{number}.jsonl")
    for answer, review in zip(lines("answers/llava-v1.5-7b.jsonl"), reviews, strict=True):
        category = review["category"].removeprefix("llava_bench_")
        columns = {"question_id": review["question_id"], "question": answer["prompt"], "category": category}
        sample = task.read(Row(columns | {"gpt_answer": "(GPT-4's answer)"}))
        made.append(Graded(sample, task.score(sample, Reply(answer["text"], review["content"]), task.protocol)))
    return task.summarize(made), made, [review["tuple"] for review in reviews]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_pair_of_ratings_is_read_as_the_authors_read_it(number):
    _, made, pairs = summarized(number)
    own = [[round(g.score.parts[name] * 10, 6) for name in ("reference", "model")] for g in made]
    assert len(own) == 60
    assert own == pairs


def as_printed(summary):
    """The authors' summarize_gpt_review.py rounds both means to three decimals, and their ratio to one."""
    model, reference = (round(summary.metrics[name] / 10, 3) for name in ("model", "reference"))
    return round(100 * model / reference, 1)


def test_the_mean_of_three_reviews_is_the_published_score():
    summaries = [summarized(number)[0] for number in (1, 2, 3)]
    assert [as_printed(s) for s in summaries] == [64.7, 65.3, 66.3]
    assert round(sum(map(as_printed, summaries)) / 3, 2) == 65.43


def test_without_their_rounding_it_is_a_little_more():
    summaries = [summarized(number)[0] for number in (1, 2, 3)]
    assert [round(s.value, 2) for s in summaries] == [64.75, 65.33, 66.35]
    assert all(s.n == 60 and not s.ungraded for s in summaries)


def test_categories_have_their_own_ratio():
    summary, _, pairs = summarized(1)
    reviews = lines("reviews/llava-v1.5-7b-eval1.jsonl")
    for place in ("conv", "detail", "complex"):
        own = [pair for pair, review in zip(pairs, reviews, strict=True) if review["category"].endswith(place)]
        reference, model = (sum(column) for column in zip(*own, strict=True))
        assert summary.groups["category"][place]["value"] == pytest.approx(100 * model / reference)
