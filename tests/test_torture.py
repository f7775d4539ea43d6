"""Faults are injected for real and cost nothing: the short form of `make torture`."""

import pytest
from torture.cases import CASES
from torture.soak import soak


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_loses_doubles_and_spoils_nothing(case):
    tally = case.tally(case.short)
    if tally.note.startswith("not injected"):
        pytest.skip(tally.note)
    assert tally.injected and tally.clean, tally


def test_a_short_soak_loses_and_doubles_nothing(tmp_path):
    tally = soak("fake", tmp_path / "soak", 2000, minutes=0.03)
    assert tally.clean, tally
