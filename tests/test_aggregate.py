"""Units, macro means and bounds, worked by hand."""

import time
from dataclasses import replace

import pytest

from sailbench import stats
from sailbench.aggregate import (
    SAMPLES,
    UNITS_ALL_RIGHT,
    Sums,
    among,
    as_sums,
    facts,
    macro,
    mean_of,
    part,
    recalled,
    within,
)
from sailbench.task import Task
from sailbench.types import Graded, Request, Sample, Score


def graded(*values, units=None, groups=None, parts=None):
    made = []
    for i, value in enumerate(values):
        sample = Sample(
            id=str(i),
            question="",
            target="",
            unit=units[i] if units else "",
            group={"kind": groups[i]} if groups else {},
        )
        answer = None if value is None else "x"
        made.append(Graded(sample, Score(value, answer, "", parts[i] if parts else {}), "stop", str(i)))
    return made


def task(**options):
    return Task(read=lambda row: None, ask=lambda s: Request(turns=("",)), rules={"official": None}, **options)


def test_the_mean_leaves_ungraded_samples_out():
    assert SAMPLES(graded(1.0, 0.0, None, 1.0)) == 2 / 3


def test_a_unit_is_right_only_when_all_its_samples_are():
    assert UNITS_ALL_RIGHT(graded(1.0, 1.0, 1.0, 0.0, units="aabb")) == 0.5


def test_one_wrong_sample_settles_a_unit_and_an_ungraded_one_leaves_it_open():
    assert UNITS_ALL_RIGHT(graded(None, 0.0, 1.0, None, units="aabb")) == 0.0


def test_a_macro_mean_weighs_groups_alike():
    assert macro("kind")(graded(1.0, 1.0, 1.0, 0.0, groups="xxxy")) == 0.5


def test_samples_elsewhere_or_without_the_grouping_do_not_count_within_a_place():
    own = [*graded(1.0, 0.0, 0.0, groups="xxy"), *graded(0.0)]
    assert within("kind", "x")(own) == 0.5
    assert within("kind", "nowhere")(own) is None


def test_a_part_counts_only_where_it_is():
    assert part("recall")(graded(0.0, 0.0, parts=[{"recall": 0.5}, {}])) == 0.5


def test_a_mean_of_aggregates_is_their_plain_mean():
    assert mean_of(SAMPLES, UNITS_ALL_RIGHT)(graded(1.0, 0.0, units="aa")) == 0.25


def test_bounds_hold_the_score_for_any_outcome_of_what_is_ungraded():
    summary = task().summarize(graded(1.0, 0.0, None, None))
    assert (summary.value, summary.bounds, summary.n, summary.ungraded) == (50.0, (25.0, 75.0), 2, 2)


def test_nothing_graded_is_no_score_rather_than_zero():
    summary = task().summarize(graded(None, None))
    assert (summary.value, summary.stderr, summary.interval, summary.bounds) == (None, None, None, (0.0, 100.0))


def test_groups_carry_their_own_n_and_error():
    summary = task().summarize(graded(1.0, 0.0, 1.0, groups="xxy"))
    assert summary.groups["kind"]["x"]["n"] == 2 and summary.groups["kind"]["x"]["value"] == 50.0
    assert summary.groups["kind"]["y"]["stderr"] is None


def test_a_place_with_ungraded_samples_has_its_own_bounds_and_one_without_has_none():
    places = task().summarize(graded(1.0, None, 1.0, 0.0, groups="xxyy")).groups["kind"]
    assert (places["x"]["ungraded"], places["x"]["bound_low"], places["x"]["bound_high"]) == (1, 50.0, 100.0)
    assert "ungraded" not in places["y"]


def test_an_unreadable_answer_scores_zero_and_is_counted():
    made = graded(1.0, 0.0)
    made[1] = Graded(made[1].sample, Score(0.0, None, "no letter"), "length", "1")
    summary = task().summarize(made)
    assert (summary.value, summary.unparsed, summary.truncated) == (50.0, 1, 1)


VALUES, KINDS = [1.0, 0.0, None, 1.0, 0.5, 0.0, 1.0], "xxyyzxz"
SUMS = {
    "macro": macro("kind"),
    "nested": macro("kind", macro("kind")),
    "of units": macro("kind", UNITS_ALL_RIGHT),
    "one place": within("kind", "x", macro("kind")),
    "some": among(lambda g: g.sample.group["kind"] != "z", macro("kind")),
    "mean of": mean_of(macro("kind"), among(lambda g: g.sample.id > "2", macro("kind"))),
}


@pytest.mark.parametrize("name", SUMS)
def test_leaving_clusters_out_of_sums_is_leaving_them_out_of_the_samples(name):
    own, aggregate = graded(*VALUES, groups=KINDS), SUMS[name]
    assert isinstance(aggregate, Sums)
    clusters = [g.cluster for g in own]
    fast = stats.pseudo_values_of_sums(aggregate.terms(own), clusters, aggregate.value)
    assert fast == pytest.approx(stats.pseudo_values(own, clusters, aggregate))


def test_only_what_is_made_of_sums_is_taken_for_such():
    assert as_sums(SAMPLES)(graded(1.0, 0.0)) == 0.5
    assert as_sums(mean_of(SAMPLES, SAMPLES)) is None and as_sums(macro("kind", mean_of(SAMPLES))) is None
    assert macro("kind", mean_of(SAMPLES))(graded(1.0, 1.0, 0.0, groups="xxy")) == 0.5


def test_fifteen_thousand_samples_in_groups_are_summed_up_in_two_seconds():
    """Of the process's own time, whatever else the machine does."""
    groups = [str(i % 12) for i in range(15_000)]
    own = graded(*(float(i % 7 > 1) for i in range(15_000)), groups=groups)
    began = time.process_time()
    made = task(headline=macro("kind")).summarize(own)
    assert time.process_time() - began < 2
    assert len(made.groups["kind"]) == 12 and made.stderr > 0


def test_a_line_of_scores_holds_what_aggregates_read_and_no_long_text():
    sample = Sample(
        id="1",
        question="q",
        target="Yes",
        group={"kind": "x"},
        unit="u",
        extra={"step": 2, "tags": ("a", "b"), "context": "long " * 40, "nan": float("nan"), "deep": [["a"]]},
    )
    assert facts(sample) == {"group": {"kind": "x"}, "target": "Yes", "extra": {"step": 2, "tags": ("a", "b")}}
    assert facts(replace(sample, target=[["box"]], extra={})) == {"group": {"kind": "x"}}


def test_a_line_of_before_they_were_stored_gives_a_grade_without_them():
    old = recalled({"id": 1, "value": 0.5, "answer": "B"})
    assert (old.sample.id, old.sample.group, old.score.value, old.cluster) == ("1", {}, 0.5, "1")
