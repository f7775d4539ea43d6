"""What judges are asked: one thing of most replies, several of some, and sometimes beside a second answer."""

import json

import pytest

from sailbench import judge, registry
from sailbench.rows import Row
from sailbench.rules.inquiries import asides, inquiries, prompts
from sailbench.types import Media, Reply

CONSTRAINTS = [
    {"key": "tone", "value": "Write like a pirate.", "judge": {"method": "cmp_gpt"}},
    {"key": "sea", "value": "Mention the sea.", "judge": {"method": "direct_gpt"}},
]
TALK = {"index": 1, "question": "['Which tower?', 'How high?']", "answer": "['Eiffel', '330 m']"}
SHIP = {
    "id": "c",
    "tag": "C-Level",
    "question": "Describe the ship. Write like a pirate. Mention the sea.",
    "constraints": json.dumps(CONSTRAINTS),
    "image": Media("image", b"x", "d"),
}


def loaded(name, columns):
    task = registry.load(name)
    return task, task.read(Row(columns))


def test_a_task_with_a_rubric_asks_once_by_default():
    task, sample = loaded("mmvet", {"index": 1, "question": "How many?", "answer": "5<OR>five", "category": "rec"})
    asked = prompts(task, sample, Reply("Five."), {})
    assert list(asked) == ["mmvet"] == [own.name for own in inquiries(task, sample)]
    assert asked["mmvet"] == judge.load("mmvet").ask(sample, "Five.")
    assert "5 <OR> five" in asked["mmvet"]


def test_nothing_is_asked_about_an_empty_reply_or_by_a_task_without_a_rubric():
    task, sample = loaded("mmvet", {"index": 1, "question": "How many?", "answer": "5", "category": "rec"})
    assert prompts(task, sample, Reply(" \n"), {}) == {}
    assert prompts(*loaded("ocrbench", {"index": 1, "question": "?", "answer": ["x"]}), Reply("x"), {}) == {}


def test_every_turn_is_judged_by_its_own_question_and_reference():
    task, sample = loaded("mmdu", TALK)
    asked = prompts(task, sample, Reply("Very.", turns=("The Eiffel tower.", "Very.")), {})
    assert list(asked) == ["turn_1", "turn_2"]
    assert "The Eiffel tower." in asked["turn_1"] and "330 m" not in asked["turn_1"]
    assert "Very." in asked["turn_2"] and "How high?" in asked["turn_2"] and "Eiffel\n" not in asked["turn_2"]


def test_a_turn_without_an_answer_and_a_turn_that_is_judged_are_not_asked_about():
    task, sample = loaded("mmdu", TALK)
    assert list(prompts(task, sample, Reply("", turns=("Eiffel.",)), {})) == ["turn_1"]
    judged = Reply("High.", turns=("Eiffel.", "High."), verdicts={"turn_1": "{}"})
    assert list(prompts(task, sample, judged, {})) == ["turn_2"]


def test_the_question_aside_is_the_samples_own_less_one_constraint():
    task, sample = loaded("mm_ifeval", SHIP)
    ((name, request),) = asides(task, sample).items()
    assert (name, request.turns) == ("mm_ifeval_compare:tone", ("Describe the ship. Mention the sea.",))
    assert (sample.media, task.ask(sample).sampling) == (request.media, request.sampling)


def test_a_comparison_waits_for_the_answer_aside():
    task, sample = loaded("mm_ifeval", SHIP)
    reply = Reply("Arr!")
    assert list(prompts(task, sample, reply, {})) == ["mm_ifeval"]
    asked = prompts(task, sample, reply, {"mm_ifeval_compare:tone": "It is a ship."})
    assert "Constraint_1: Mention the sea." in asked["mm_ifeval"]
    assert all(text in asked["mm_ifeval_compare:tone"] for text in ("Arr!", "It is a ship.", "Write like a pirate."))


def test_a_constraint_that_the_question_does_not_hold_by_its_words_cannot_be_compared():
    task, sample = loaded("mm_ifeval", SHIP | {"question": "Describe the ship as a pirate would, with the sea."})
    assert asides(task, sample) == {}
    score = task.score(sample, Reply("Arr!"), task.protocol)
    assert (score.value, score.why) == (None, "needs a judge: mm_ifeval, mm_ifeval_compare")


@pytest.mark.parametrize("name", ["mmdu", "mm_ifeval"])
def test_every_inquiry_has_a_rubric_that_can_be_asked(name):
    task, sample = loaded(name, TALK if name == "mmdu" else SHIP)
    answers = dict.fromkeys(asides(task, sample), "An answer.")
    asked = prompts(task, sample, Reply("b", turns=("a", "b")), answers)
    assert set(asked) == {own.name for own in inquiries(task, sample)}
