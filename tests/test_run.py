"""A run asks each thing once, keeps what it got, and grades what is stored."""

import json

import pytest

from sailbench.errors import DataError, UsageError
from sailbench.models.fake import Fake
from sailbench.rows import Row
from sailbench.run import (
    Facts,
    Overrides,
    Selection,
    choose,
    clusters,
    collect,
    distinct,
    prepare,
    read_samples,
    reply,
    summary_record,
    unanswered,
)
from sailbench.store import Results
from sailbench.task import Task
from sailbench.types import Media, Request, Response, Sample, Sampling, Score

FACTS = Facts(
    model="fake", model_fingerprint="f", engine="fake", hardware="cpu", sailbench="0", commit=None, date="2026-01-01"
)


def read(row):
    return Sample(id=row.text("id"), question=row.text("q"), target=row.text("a"), unit=row.text("unit"))


def rule(sample, reply):
    return Score(float(reply.text == sample.target), reply.text or None, "equal text")


def make_task(name="t", **options):
    options = {"rules": {"official": rule}} | options
    return Task(read=read, ask=lambda s: Request(turns=(s.question,), media=s.media), name=name, **options)


def work(task, rows, identity="fake:A"):
    return prepare(task, read_samples(task, [Row(r) for r in rows]), identity, Overrides())


def rows(n, **more):
    return [{"id": str(i), "q": f"q{i}", "a": "A"} | more for i in range(n)]


def ask(model, works, results):
    collect(model, unanswered(works, results), results, lambda *_: None)


def test_what_many_samples_have_in_common_is_held_once():
    grouped = make_task()
    one, two = (Row({"id": i, "q": "q", "a": "A"}) for i in "12")
    own = prepare(grouped, read_samples(grouped, [one, two]), "fake:A", Overrides(max_tokens=7))
    assert own.samples[0].group is own.samples[1].group and own.samples[0].extra is own.samples[1].extra
    assert own.requests[0].sampling is own.requests[1].sampling and own.requests[0].sampling.max_tokens == 7


def test_a_second_run_asks_nothing(tmp_path):
    model, own = Fake(), work(make_task(), rows(5))
    ask(model, [own], Results(tmp_path, "fake"))
    ask(model, [own], Results(tmp_path, "fake"))
    assert model.asked == 5


def test_a_cut_run_goes_on_where_it_stopped(tmp_path):
    own, first, second = work(make_task(), rows(6)), Fake(), Fake()
    results = Results(tmp_path, "fake")
    waiting = unanswered([own], results)
    collect(first, dict(list(waiting.items())[:4]), results, lambda *_: None)
    ask(second, [own], Results(tmp_path, "fake"))
    assert (first.asked, second.asked) == (4, 2)


def test_the_same_request_of_two_tasks_is_asked_once_and_kept_twice(tmp_path):
    model, results = Fake(), Results(tmp_path, "fake")
    works = [work(make_task("one"), rows(3)), work(make_task("two"), rows(3))]
    ask(model, works, results)
    assert model.asked == 3
    assert all(results.journal("two").answered(key) for key in works[1].keys)


def test_an_answer_of_an_earlier_task_is_copied_not_asked(tmp_path):
    model = Fake()
    ask(model, [work(make_task("one"), rows(3))], Results(tmp_path, "fake"))
    both = [work(make_task("one"), rows(3)), work(make_task("two"), rows(3))]
    ask(model, both, Results(tmp_path, "fake"))
    assert model.asked == 3


def test_another_model_in_the_same_folder_is_asked_anew(tmp_path):
    model = Fake("B")
    ask(Fake("A"), [work(make_task(), rows(2), "weights 1")], Results(tmp_path, "m"))
    ask(model, [work(make_task(), rows(2), "weights 2")], Results(tmp_path, "m"))
    assert model.asked == 2


def test_samples_that_share_an_image_are_asked_side_by_side(tmp_path):
    a, b = Media.image(b"a"), Media.image(b"b")
    task = make_task()
    samples = [Sample(id=str(i), question=f"q{i}", target="A", media=(m,)) for i, m in enumerate([a, b, a, b, a])]
    waiting = unanswered([prepare(task, samples, "m", Overrides())], Results(tmp_path, "m"))
    assert [owners[0][1].id for owners in waiting.values()] == ["0", "2", "4", "1", "3"]


def test_a_failure_is_ungraded_and_asked_again(tmp_path):
    own, results = work(make_task(), rows(1)), Results(tmp_path, "fake")
    results.journal("t").append(own.keys[0], "0", Response(error="out of memory", finish="error"))
    record = summary_record(own, results, "official", FACTS)
    assert (record["value"], record["n"], record["ungraded"], record["bounds"]) == (None, 0, 1, (0.0, 100.0))
    model = Fake()
    ask(model, [own], results)
    assert model.asked == 1


def test_a_limit_takes_whole_units_and_the_same_ones_each_time():
    samples = read_samples(make_task(), [Row({"id": str(i), "q": "", "a": "", "unit": str(i // 4)}) for i in range(40)])
    chosen = choose(samples, Selection(limit=6, seed=3))
    assert len(chosen) == 8 and all(sum(s.unit == c.unit for s in chosen) == 4 for c in chosen)
    assert chosen == choose(samples, Selection(limit=6, seed=3)) != choose(samples, Selection(limit=6, seed=4))


def test_ids_that_do_not_exist_are_named():
    with pytest.raises(UsageError, match="no sample 9 here"):
        choose(read_samples(make_task(), [Row(r) for r in rows(3)]), Selection(ids=("1", "9")))


def test_an_id_that_occurs_twice_is_an_error():
    with pytest.raises(DataError, match="'0' occurs twice"):
        distinct(read_samples(make_task(), [Row(r) for r in rows(1) * 2]))


def test_thinking_is_cut_and_the_boxed_answer_taken():
    response = Response(texts=("<think>not B</think> so \\boxed{C}",))
    assert reply(response, Sampling(thinking=True)).text == "C"
    assert reply(response, Sampling()).text == "so \\boxed{C}"


def test_thinking_that_never_ended_leaves_nothing_to_grade():
    assert reply(Response(texts=("<think>maybe A, or",)), Sampling(thinking=True)).text == ""


def test_samples_that_share_an_image_share_a_cluster():
    shared, own = Media.image(b"shared"), Media.image(b"own")
    media = [(shared,), (own,), (shared,), ()]
    samples = [Sample(id=str(i), question="", target="", media=m) for i, m in enumerate(media)]
    assert clusters(samples) == ["0", "1", "0", "3"]


def test_the_summary_has_the_contracts_fields_and_every_protocol(tmp_path):
    strict = {"opencompass": rule, "official": lambda s, r: Score(0.0, "x", "never")}
    own, results = work(make_task(rules=strict), rows(4)), Results(tmp_path, "fake")
    ask(Fake(), [own], results)
    summary_record(own, results, "opencompass", FACTS)
    record = json.loads((tmp_path / "fake" / "t.json").read_text())
    fields = """task task_version protocol model model_fingerprint value n ungraded unparsed truncated stderr interval
    bounds groups metrics data judge sampling engine seconds tokens_in tokens_out hardware sailbench commit date"""
    assert set(fields.split()) <= record.keys()
    assert record["metrics"] == {"official": 0.0, "official_differs": 4}
    lines = [json.loads(line) for line in (tmp_path / "fake" / "t.scores.jsonl").read_text().splitlines()]
    graded = ["id", "value", "answer", "why", "unit", "cluster", "parts", "group", "target"]
    assert list(lines[0]) == [*graded, "key", "prompt", "pixels"]
    assert [line["key"] for line in lines] == list(own.keys)


def test_what_lacks_its_image_is_ungraded_and_never_asked(tmp_path):
    sample = Sample(id="0", question="q", target="A", media=(Media.image(tmp_path / "gone.png"),))
    own, results, model = prepare(make_task(), [sample], "m", Overrides()), Results(tmp_path, "m"), Fake()
    ask(model, [own], results)
    assert model.asked == 0
    summary_record(own, results, "official", FACTS)
    assert "image cannot be read" in (tmp_path / "m" / "t.scores.jsonl").read_text()


def test_reasoning_gets_room_and_a_short_answer_stays_short():
    assert Overrides().apply(Sampling(max_tokens=16)).max_tokens == 16
    assert Overrides(thinking=True).apply(Sampling(max_tokens=16)).max_tokens == 4096
    assert Overrides(thinking=True, max_tokens=8).apply(Sampling()).max_tokens == 8
