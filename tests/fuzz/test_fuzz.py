"""Every reader of foreign text, on whatever hypothesis makes up and on all that a fuzzer once found telling."""

import base64
import inspect

import functions
import harnesses
import pytest
from dealing import Dealer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from run import CORPUS, stored

HARNESSES = harnesses.harnesses()
QUICK = [name for name in HARNESSES if name not in harnesses.SLOW]
CONTENTS = st.one_of(
    st.binary(max_size=120),
    st.lists(st.sampled_from([bytes([b]) for b in (0, 1, 2, 3, 40, 48, 65, 92, 123, 128, 150, 200, 240, 255)])).map(
        b"".join
    ),
)


@pytest.mark.parametrize("name", QUICK)
def test_nothing_made_up_makes_a_reader_stumble(name):
    @settings(deadline=None, max_examples=60, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @example(b"")
    @given(CONTENTS)
    def holds(content):
        HARNESSES[name](content)

    holds()


@pytest.mark.parametrize("name", HARNESSES)
def test_all_that_was_once_telling_still_passes(name):
    for content in stored(name)[: 3 if name in harnesses.SLOW else None]:
        HARNESSES[name](content)


def test_every_corpus_belongs_to_a_harness_and_is_small():
    files = list(CORPUS.glob("*.txt"))
    assert {path.stem for path in files} <= set(HARNESSES)
    assert sum(path.stat().st_size for path in files) < 300_000
    assert all(base64.b64decode(line, validate=True) for path in files for line in path.read_text().splitlines())


@pytest.mark.parametrize("module", functions.modules(), ids=lambda module: module.__name__)
def test_every_public_function_has_a_property_or_a_reason_why_not(module):
    for name, function in functions.functions(module).items():
        if name not in functions.LEFT_OUT:
            places, named = functions.arguments(function, Dealer(bytes(range(200))))
            inspect.signature(function).bind(*places, **named)


def test_a_score_outside_its_range_is_found():
    def odd_score(text: str) -> float:
        return 1.5

    with pytest.raises(AssertionError, match=r"odd_score gives 1\.5"):
        functions.call(odd_score, Dealer(b""))


def test_a_function_of_a_new_type_is_refused_until_it_can_be_dealt():
    def strange(what: complex) -> float:
        return 0.0

    with pytest.raises(LookupError, match="add them to dealt"):
        functions.arguments(strange, Dealer(b""))
