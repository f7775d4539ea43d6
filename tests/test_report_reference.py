"""The published tables as data: their means are those of their scores, but for three that are wrong in print."""

import pytest

from sailbench import registry
from sailbench.report.means import MEANS, OF_PLACES
from sailbench.report.reference import bundled, published, read_tables

# Printed means that are not those of the printed scores, with what they should be.
WRONG_IN_PRINT = {
    ("kimi-vl-a3b", "OpenCompass avg"): 68.89,
    ("claude-3.7-sonnet", "Reasoning avg"): 51.2,
    ("sailvl2-2b-heterologous-merged", "Soup avg"): 18.11,
}
PRINTED = [(table, model, title) for table in bundled() for model, means in table.means.items() for title in means]


def recomputed(table, model, title):
    """The mean of a model's printed scores; the report leaves out what it does not give (RefCOCO of Kimi-VL)."""
    members = MEANS.get(title, tuple(table.rows))
    held = table.means[model] if set(members) & MEANS.keys() else table.scores[model]
    values = [held[row] for row in members if row in held]
    return sum(values) / len(values)


@pytest.mark.parametrize(("table", "model", "title"), PRINTED, ids=[f"{model} {title}" for _, model, title in PRINTED])
def test_a_printed_mean_is_that_of_the_printed_scores(table, model, title):
    wanted = WRONG_IN_PRINT.get((model, title), table.means[model][title])
    # Means are of rounded numbers: half a unit of the last digit that is printed, and a little.
    assert recomputed(table, model, title) == pytest.approx(wanted, abs=0.051 if title == "Reasoning avg" else 0.0101)


def test_those_that_are_wrong_in_print_are_wrong_and_told():
    for (model, title), value in WRONG_IN_PRINT.items():
        table = next(own for own in bundled() if title in own.means.get(model, {}))
        assert abs(table.means[model][title] - value) > 0.2
        assert any(f"{value:g}" in note for note in table.notes)


def test_every_row_is_a_task_of_ours_or_made_of_them():
    rows = {row for table in bundled() for row in table.rows}
    tasks = {place.partition(":")[0] for row in rows for place in OF_PLACES.get(row, (row,))}
    assert tasks <= registry.cards().keys()


def test_the_tables_are_whole():
    assert [len(table.models) for table in bundled()] == [6, 8, 11, 19]
    cells = [sum(map(len, table.scores.values())) for table in bundled()]
    assert cells == [6 * 9, 8 * 24, 11 * 24 - 1, 19 * 6]


@pytest.mark.parametrize("model", ["sailvl2-8b", "SAIL-VL2-8B", "BytedanceDouyinContent/SAIL-VL2-8B", "sailvl2-8b (a)"])
def test_a_model_is_known_by_every_spelling_of_its_name(model):
    assert published(bundled(), model, "mmmu_val").value == 55.44


def test_a_model_like_another_is_not_taken_for_it():
    assert published(bundled(), "sailvl2-8b-4bit", "mmmu_val") is None


def test_a_folder_without_tables_has_none(tmp_path):
    assert read_tables(tmp_path) == ()
