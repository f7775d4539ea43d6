"""Families make tasks: asked in the wrapper's words, graded by readers that never guess."""

import pytest

from sailbench import prompts
from sailbench.families import (
    asking,
    by_first_capital,
    by_option_match,
    by_whole_or_extracted,
    choice,
    circular_choice,
    contains,
    math_answer,
    rule,
    whole_reply,
    with_choices,
    yes_no,
)
from sailbench.metrics.math_match import close_match_score
from sailbench.types import Graded, Media, Reply, Sample, Sampling

PETS = {"A": "cat", "B": "dog"}


def sample(id="1", question="Which?", target="A", **more):
    return Sample(id=id, question=question, target=target, **more)


def read(row):
    return sample(id=row.text("id"))


def asked(task, own):
    return task.ask(own).turns[0]


def test_options_follow_the_question_and_a_letter_is_asked_for():
    own = sample(choices=PETS, extra={"hint": "At home."})
    wanted = "At home.\nWhich?\nA. cat\nB. dog\nAnswer with the option's letter from the given choices directly."
    assert wanted == asked(choice(read), own)


def test_a_question_without_options_is_to_be_answered_directly():
    assert asked(choice(read), sample()) == "Which?\nAnswer the question directly."


@pytest.mark.parametrize("own", [{"question": "哪个？"}, {"choices": {"A": "猫"}}, {"extra": {"hint": "提示"}}])
def test_chinese_anywhere_turns_the_hint_chinese(own):
    last = asked(choice(read), sample(**own)).splitlines()[-1]
    assert last == ("请直接回答选项字母。" if "choices" in own else "请直接回答问题。")


def test_japanese_kana_are_not_chinese():
    assert not prompts.has_chinese("これはねこ？，。")


def test_each_family_asks_in_its_own_words():
    assert (
        asked(yes_no(read), sample())
        == "Which? Please answer yes or no. Answer the question using a single word or phrase."
    )
    assert asked(contains(read), sample()) == "Which?\nAnswer the question using a single word or phrase."
    assert asked(math_answer(read), sample()) == "Which?"
    assert prompts.for_detail(sample()) == "Which?\nAnswer this question in detail."


def test_a_request_carries_the_media_and_the_sampling():
    own = sample(media=(Media.image(b"1"), Media.image(b"2")))
    request = asking(prompts.as_it_is, Sampling(detail="page"))(own)
    assert (own.media, "page") == (request.media, request.sampling.detail)


def test_a_family_takes_any_field_of_a_task():
    task = yes_no(read, text=prompts.as_it_is, scale=10.0, version=3)
    assert (asked(task, sample()), task.scale, task.version) == ("Which?", 10.0, 3)


def test_what_cannot_be_read_is_wrong_and_unparsed():
    score = by_option_match(sample(choices=PETS), Reply("who knows"))
    assert (score.value, score.answer, score.unparsed) == (0.0, None, True)


def test_a_row_without_a_gold_answer_is_not_graded():
    score = by_option_match(sample(target="", choices=PETS), Reply("A"))
    assert (score.value, score.unparsed) == (None, False)


def test_an_extractors_reply_is_read_only_where_the_reply_could_not_be():
    own = sample(choices=PETS)
    assert by_option_match(own, Reply("who knows", verdict="A")).value == 1.0
    assert by_option_match(own, Reply("B", verdict="A")).value == 0.0
    assert by_first_capital()(own, Reply("who knows", verdict="A")).value == 0.0


def test_every_score_says_how_the_answer_was_found():
    own = sample(choices=PETS)
    assert by_option_match(own, Reply("A")).why == "letter at the end"
    assert by_option_match(own, Reply("hm", verdict="a cat")).why == "option text in the extractor's reply"


def test_open_questions_and_choices_have_rules_of_their_own():
    both = with_choices(by_option_match, rule(whole_reply))
    assert both(sample(choices=PETS), Reply("(A)")).value == 1.0
    assert both(sample(), Reply("(A)")).value == 0.0


def test_an_extracted_answer_counts_when_the_whole_reply_is_not_it():
    grade, own = by_whole_or_extracted(close_match_score), sample(target="0.5")
    assert (grade(own, Reply("1/2", verdict="9")).value, grade(own, Reply("1/2")).answer) == (1.0, "1/2")
    assert grade(own, Reply("It is one half.", verdict="1/2")).value == 1.0
    assert grade(own, Reply("It is one half.")).unparsed


def test_a_circular_question_is_right_only_in_every_rotation():
    task = circular_choice(read)
    own = [sample(id=id, unit=unit, choices=PETS) for id, unit in (("1", "1"), ("1000001", "1"), ("2", "2"))]
    graded = [Graded(s, task.score(s, Reply(t), "opencompass")) for s, t in zip(own, "ABA", strict=True)]
    summary = task.summarize(graded)
    assert (summary.value, summary.metrics["first_rotation"]) == (50.0, 100.0)
    assert pytest.approx(200 / 3) == summary.metrics["plain"]
