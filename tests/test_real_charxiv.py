"""CharXiv's published statistics of a real model come out again from the judge's stored scores.

The answers and scores lie beside the project, not in it; where they are absent, these tests are skipped.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.types import Graded, Reply

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "real" / "CharXiv"
MODEL = "gemma3-4b-it-descriptive_val"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="CharXiv's answers and scores are not at hand")


def stored(name):
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def graded():
    """Every descriptive question, graded by the verdict on record."""
    task = registry.load("charxiv_descriptive")
    replies, scores = stored(f"gen-{MODEL}.json"), stored(f"scores-{MODEL}.json")
    made = []
    for figure in stored("descriptive_val.json").values():
        for place, (qid, answer) in enumerate(zip(figure["qids"], figure["answers"], strict=True)):
            own = f"{figure['figure_id']}_{place}"
            sample = task.read(Row(figure | {"subq_idx": place, "qid": qid, "answer": answer}))
            assert own == sample.id
            verdict = json.dumps({key: scores[own][key] for key in ("extracted_answer", "score")})
            made.append(Graded(sample, task.score(sample, Reply(replies[own]["response"], verdict), "opencompass")))
    return task, made


def test_the_published_aggregate_comes_out():
    task, made = graded()
    assert (len(made), round(task.summarize(made).value, 2)) == (4000, 43.08)
    assert all(g.score.value is not None for g in made)


@pytest.mark.parametrize(
    ("published", "group"), [("By Category", "category"), ("By Question", "question"), ("By Subplot", "subplots")]
)
def test_the_published_groups_come_out(published, group):
    task, made = graded()
    own = {place: round(one["value"], 2) for place, one in task.summarize(made).groups[group].items()}
    assert stored(f"stats-{MODEL}.json")[published] == own


def test_questions_are_the_ones_that_were_asked():
    _, made = graded()
    question = next(g.sample.question for g in made if g.sample.id == "0_0")
    assert question.startswith("For the subplot at row 1 and column 2, what is the spatially highest labeled tick")
