"""Captions are graded one by one by ROUGE-L and together by CIDEr and BLEU."""

import pytest

from sailbench.families import needs_target
from sailbench.metrics.penn import penn_words
from sailbench.prompts import as_it_is
from sailbench.rules.captions import as_written, by_ngrams, captions
from sailbench.types import Graded, Reply, Sample, Sampling, Score

BEACH = "A man rides a brown horse on the beach."
GRASS = "Two dogs play with a red ball in grass."


def sample(id, *references, domain="near"):
    return Sample(id=id, question="", target=references, group={"domain": domain})


def task(tokenised=penn_words):
    rules = {"official": by_ngrams(tokenised)}
    return captions(needs_target, as_it_is, Sampling(), rules=rules)


def graded(own, *pairs):
    """Each pair: a sample, and the caption that was said of it; None for one that was not answered."""
    missing = Score(None, None, "not answered")
    return [
        Graded(s, missing if said is None else own.score(s, Reply(said), "official"), cluster=s.id) for s, said in pairs
    ]


def test_perfect_captions_reach_a_thousand_and_percents_stay_percents():
    made = task().summarize(graded(task(), (sample("1", BEACH), BEACH), (sample("2", GRASS), GRASS)))
    assert made.value == 1000
    assert {"Bleu_1": 100.0, "Bleu_4": 100.0, "ROUGE_L": 100.0}.items() <= {
        name: round(value, 6) for name, value in made.metrics.items()
    }.items()


def test_an_empty_caption_is_unparsed_and_still_counts_among_the_captions():
    made = task().summarize(graded(task(), (sample("1", BEACH), BEACH), (sample("2", GRASS), "")))
    assert (made.value, made.unparsed, made.n) == (500, 1, 2)


def test_a_caption_that_was_not_made_lies_between_none_and_a_perfect_one():
    made = task().summarize(
        graded(task(), (sample("1", BEACH), BEACH), (sample("2", GRASS), GRASS), (sample("3", "x"), None))
    )
    assert (made.value, made.ungraded) == (1000, 1)
    assert made.bounds == pytest.approx((2000 / 3, 1000))


def test_a_group_is_weighed_by_its_own_references():
    one, two = (sample("1", BEACH, domain="in"), BEACH), (sample("2", GRASS, domain="out"), GRASS)
    made = task().summarize(graded(task(), one, two))
    # Of one image alone no word is rarer than another.
    assert made.groups["domain"]["in"]["value"] == 0


def test_what_is_not_tokenised_keeps_its_case_and_full_stops():
    said = BEACH.lower().rstrip(".")
    plain, words = (task(way).score(sample("1", BEACH), Reply(said), "official") for way in (as_written, penn_words))
    assert plain.value < words.value == 1


def test_a_row_without_references_cannot_be_graded():
    assert task().score(sample("1"), Reply("a dog"), "official").value is None
