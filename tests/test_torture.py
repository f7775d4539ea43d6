"""Faults are injected for real and cost nothing: the short form of `make torture`."""

import pytest
from torture.__main__ import main
from torture.cases import CASES
from torture.soak import soak


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_loses_doubles_and_spoils_nothing(case):
    tally = case.tally(case.short)
    if not tally.injected and tally.note.startswith("not injected"):
        pytest.skip(tally.note)
    assert tally.injected and tally.clean, tally


@pytest.mark.parametrize(("model", "samples"), [("fake", 1000), ("sailvl2-nano", 120)])
def test_a_short_soak_loses_and_doubles_nothing(tmp_path, model, samples):
    tally = soak(model, tmp_path, samples, minutes=0.01, least=1)
    assert tally.injected and tally.clean, tally


def test_the_table_is_printed_and_written_as_markdown(tmp_path, capsys):
    assert main(["--minutes", "0.1", "--only", "edited", "--out", str(tmp_path / "table.md")]) == 0
    row = (tmp_path / "table.md").read_text().splitlines()[2]
    assert row == "| journal edited by hand | 22 | 0 | 0 | 0 |  |"
    assert "journal edited by hand" in capsys.readouterr().out
