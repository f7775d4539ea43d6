"""Rules for mathematics: what needs a judge waits for it, and what rules can settle does not."""

import pytest

from sailbench import judge, registry
from sailbench.metrics import symbolic
from sailbench.rows import Row
from sailbench.rules.mathematics import by_competition_answer, judged
from sailbench.types import Graded, Reply, Sample, Score


def sample(**more):
    return Sample(**{"id": "1", "question": "Q", "target": "7", **more})


def right_if_seven(_, text):
    return Score(1.0, text, "seven") if text == "7" else None


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (Reply(""), 0.0),
        (Reply("", verdict="1"), 0.0),
        (Reply("8"), None),
        (Reply("8", verdict="1"), 1.0),
        (Reply("8", verdict="yes"), None),
        (Reply("7", verdict="0"), 1.0),
    ],
)
def test_rules_settle_what_they_can_and_the_judge_the_rest(reply, value):
    assert judged("seephys", first=right_if_seven)(sample(), reply).value == value


def test_what_an_extractor_said_counts_first_where_that_is_asked_for():
    rule = judged("seephys", first=right_if_seven, heard_first=True)
    assert rule(sample(), Reply("7", verdict="0")).value == 0.0
    assert rule(sample(), Reply("7")).value == 1.0


def test_a_row_without_an_answer_and_a_reply_without_a_judge_say_so():
    assert "no answer" in judged("seephys")(sample(target=""), Reply("7")).why
    assert judged("seephys")(sample(), Reply("7")).why == "needs a judge: seephys"


@pytest.mark.parametrize("name", ["mathvista_mini", "logicvista", "mathverse_mini", "dynamath", "emma", "seephys"])
def test_rubrics_can_be_asked_about_their_tasks_rows(name):
    task = registry.load(name)
    own = task.read(Row({"index": "1", "question": "How wide?", "answer": "7 m", "answer_type": "float"}))
    asked = judge.load(task.rubric).ask(own, "It is 7 m.")
    assert "It is 7 m." in asked
    assert judge.load(task.rubric).extracts or "7 m\n" in asked


def test_a_list_is_right_to_the_authors_of_mathvista_and_never_to_the_kit():
    task = registry.load("mathvista_mini")
    row = {"pid": "506", "query": "Q", "answer": "[2014, 2016]", "answer_type": "list", "question_type": "free_form"}
    own = task.read(Row(row))
    said = Reply("In 2014 and 2016.", verdict="[2014, 2016]")
    assert [task.score(own, said, protocol).value for protocol in ("opencompass", "official")] == [0.0, 1.0]
    assert task.score(own, Reply("In 2014 and 2016."), "opencompass").value == 0.0


def test_a_comparison_that_takes_too_long_is_not_equal(monkeypatch):
    monkeypatch.setattr(symbolic, "SECONDS", 1.0)
    extra = {"closing": "So the final answer is ", "tolerances": (), "printed": "7"}
    score = by_competition_answer()(sample(extra=extra), Reply(r"So the final answer is $\pi^{9^{9^{9^{8}}}}$"))
    assert (score.value, score.why) == (0.0, "the comparison took too long")


def test_the_small_olympiad_is_drawn_from_the_hubs_rows_and_not_from_a_files():
    task = registry.load("olympiadbench_mini")
    columns = {"id": 1, "question": "Q", "final_answer": ["7"], "answer_type": "Numerical"}

    def asked(number, part):
        row = Row(columns, number=number)
        row.part = part
        return task.read(row) is not None

    parts = [source.config for source in task.sources]
    assert sum(asked(number, parts[0]) for number in range(4055)) == 305
    assert [number for number in range(30) if asked(number, parts[0])] == [3]
    assert all(asked(number, "") for number in range(30))


def test_dynamath_is_worst_case_over_variants_even_if_some_could_not_be_graded():
    task = registry.load("dynamath")
    rows = [{"id": str(q), "question": "Q", "ground_truth": "B", "question_id": v} for q in (1, 2) for v in (1, 2)]
    samples = [task.read(Row(row)) for row in rows]
    values = (1.0, None, 0.0, None)
    graded = [Graded(s, Score(v, "B", "given")) for s, v in zip(samples, values, strict=True)]
    summary = task.summarize(graded)
    assert (summary.value, summary.bounds, summary.metrics["average"]) == (0.0, (0.0, 50.0), 50.0)
