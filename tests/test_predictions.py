"""Predictions files as people have them: by id or by row, one answer or several, verdicts beside them or not."""

import pytest

from sailbench.errors import DataError
from sailbench.predictions import grade_rows, read_predictions
from sailbench.rows import Row
from sailbench.task import Task
from sailbench.types import Request, Sample, Score


def rule(sample, reply):
    return Score(1.0, "|".join([*reply.turns, reply.verdict or "", *reply.verdicts.values()]), "shown")


TASK = Task(
    read=lambda row: None if row.has("skip") else Sample(id=row.text("id"), question="", target="x"),
    ask=lambda sample: Request(turns=("",)),
    rules={"official": rule},
)


def answers(tmp_path, text, rows, stored=True):
    (tmp_path / "p.jsonl").write_text(text)
    grades = grade_rows(TASK, [Row(r) for r in rows], read_predictions(tmp_path / "p.jsonl"), "official", stored)
    return [g.graded and (g.graded.score.answer or g.graded.score.why) for g in grades]


def test_ids_match_in_any_order_and_a_missing_one_is_ungraded(tmp_path):
    text = '{"id": "b", "prediction": "B"}\n{"id": "a", "prediction": "A"}\n'
    assert answers(tmp_path, text, [{"id": "a"}, {"id": "b"}, {"id": "c"}]) == ["A|", "B|", "no prediction"]


def test_rows_that_are_not_part_keep_their_place(tmp_path):
    text = '{"prediction": "A"}\n{"prediction": "B"}\n'
    assert answers(tmp_path, text, [{"id": "a", "skip": "1"}, {"id": "b"}]) == [None, "B|"]


def test_several_turns_and_named_verdicts_reach_the_rule(tmp_path):
    text = '{"prediction": ["one", "<think>hm</think>two"], "judge": {"first": "8", "second": "9"}}\n'
    assert answers(tmp_path, text, [{"id": "a"}]) == ["one|two||8|9"]


def test_verdicts_are_replayed_only_when_asked(tmp_path):
    text = '{"prediction": "A", "judge": "C"}\n'
    assert answers(tmp_path, text, [{"id": "a"}]) == ["A|C"]
    assert answers(tmp_path, text, [{"id": "a"}], stored=False) == ["A|"]


def test_a_null_prediction_is_none(tmp_path):
    assert answers(tmp_path, '{"prediction": null}\n', [{"id": "a"}]) == ["no prediction"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense\n", "p.jsonl:1: not JSON"),
        ('{"answer": "A"}\n', "p.jsonl:1: a line must be like"),
        ("[]\n", "must be like"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, text, why):
    with pytest.raises(DataError, match=why):
        answers(tmp_path, text, [{"id": "a"}])


def test_a_prediction_for_no_row_is_named(tmp_path):
    with pytest.raises(DataError, match="name no row here, such as id 'z'"):
        answers(tmp_path, '{"id": "z", "prediction": "A"}\n', [{"id": "a"}])


def test_a_journal_is_a_file_of_predictions_too(tmp_path):
    line = '{"key": "k%d", "id": "%s", "text": "%s", "finish": "stop", "error": %s}\n'
    text = line % (1, "a", "", '"no memory"') + line % (2, "a", "A", "null") + line % (3, "a (aside)", "x", "null")
    text += line % (4, "b", "", '"no memory"')
    assert answers(tmp_path, text, [{"id": "a"}, {"id": "b"}]) == ["A|", "no memory"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"id": "a", "prediction": "A"}\n{"id": "a", "prediction": "B"}\n', "'a' occurs twice"),
        ('{"id": "a", "prediction": "A"}\n{"prediction": "B"}\n', "1 predictions have no id and 1 have one"),
        ("[" * 100_000, "p.jsonl:1: not JSON: nested too deeply"),
    ],
)
def test_whose_a_prediction_is_is_not_guessed(tmp_path, text, why):
    with pytest.raises(DataError, match=why):
        answers(tmp_path, text, [{"id": "a"}, {"id": "b"}])


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_fault(tmp_path):
    assert answers(tmp_path, '\ufeff{"id": "a", "prediction": "A"}\r\n', [{"id": "a"}]) == ["A|"]
