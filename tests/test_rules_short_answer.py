"""Short answers: the whole reply against people's answers, in whatever form a source gives these."""

import pytest

from sailbench import registry
from sailbench.metrics.soft_accuracy import kit_spelling
from sailbench.rows import Row
from sailbench.rules.short_answer import by_agreement, by_similarity, people, short_answer
from sailbench.types import Reply, Sample


def sample(target=("red",), **extra):
    return Sample(id="1", question="Which?", target=target, extra=extra)


@pytest.mark.parametrize("cell", [["a", "b"], "['a', 'b']", '["a", "b"]', [{"answer": "a"}, {"answer": "b"}]])
def test_peoples_answers_are_read_from_lists_and_records_and_text(cell):
    assert people(Row({"answers": cell}), "answers", "answer") == ("a", "b")


def test_the_first_column_that_holds_something_is_read():
    assert people(Row({"answers": "", "answer": "one"}), "answers", "answer") == ("one",)
    assert people(Row({}), "answers") == ()


def test_the_reply_is_compared_as_it_came_and_shown_stripped():
    seen = []
    rule = by_similarity(lambda said, golds: seen.append((said, golds)) or 0.5)
    score = rule(sample(), Reply(" red "))
    assert (seen, score.value, score.answer) == ([(" red ", ("red",))], 0.5, "red")


def test_an_empty_reply_answers_nothing():
    score = by_agreement(kit_spelling)(sample(("the",) * 10), Reply(" "))
    assert (score.value, score.unparsed) == (0.0, True)


def test_a_row_without_answers_is_not_graded():
    assert by_agreement(kit_spelling)(sample(()), Reply("red")).value is None


def test_every_kind_of_a_question_gets_the_value():
    score = by_similarity(lambda *_: 0.25)(sample(kinds=("form", "layout")), Reply("x"))
    assert score.parts == {"form": 0.25, "layout": 0.25}


def test_people_may_be_spelled_otherwise_than_the_reply():
    golds = ("A dog",) * 10
    assert by_agreement(kit_spelling)(sample(golds), Reply("a dog")).value == 1
    assert by_agreement(kit_spelling, str)(sample(golds), Reply("a dog")).value == 0


def test_a_word_or_phrase_is_asked_for():
    task = short_answer(lambda row: sample(), {"official": by_agreement(kit_spelling)})
    assert task.ask(sample()).turns == ("Which?\nAnswer the question using a single word or phrase.",)


def picture(part):
    row = Row(
        {
            "id": "DE_2",
            "lang": "DE",
            "qa_pairs": [{"question": "Wer?", "answer": "Nena"}, {"question": "Wann?", "answer": "1983"}],
        }
    )
    row.part = part
    return registry.load("mtvqa").read(row)


def test_a_picture_of_mtvqa_is_read_once_for_each_of_its_questions():
    read = [picture(f"question {place}") for place in range(3)]
    assert [(s.id, s.question, s.target) for s in read[:2]] == [("DE_2_0", "Wer?", "Nena"), ("DE_2_1", "Wann?", "1983")]
    assert read[2] is None
