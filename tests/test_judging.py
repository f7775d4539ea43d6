"""Judges through a real server that misbehaves on demand: nothing lost, nothing asked twice, nothing by accident."""

import json
import threading
import time

import pytest
from judged_task import laid_out
from servers import said, served

from sailbench.cli import main
from sailbench.errors import UsageError
from sailbench.judge import load
from sailbench.judging import Desk, Limits, Panel, Price, Question, settled
from sailbench.models.fake import Fake
from sailbench.models.remote import Endpoint, Remote
from sailbench.store import Results
from sailbench.types import Request


@pytest.fixture
def mine(tmp_path):
    return laid_out(tmp_path, rows=8)


def run(folder, url, *more):
    argv = ["run", "--model", "fake", "--tasks", f"{folder}/mine.py", "--data-dir", f"{folder}/rows.jsonl"]
    return main([*argv, "--out", f"{folder}/out", "--judge", "openai:j", "--judge-url", url, *more])


def summary(folder):
    return json.loads((folder / "out" / "fake" / "mine.json").read_text())


def test_verdicts_are_journalled_and_never_asked_twice(mine):
    with served(lambda *_: said("0.5")) as (url, sent):
        assert run(mine, url) == 0
        assert run(mine, url) == 0
    record = summary(mine)
    assert (record["value"], record["n"], len(sent)) == (50.0, 8, 8)
    assert (record["judge"]["calls"], record["judge"]["kept"], record["judge"]["name"]) == (0, 8, "j")
    assert (record["judge"]["changed"], record["judge"]["rules_only"]) == (8, None)
    lines = [json.loads(line) for line in (mine / "out/fake/mine.j.jsonl").read_text().splitlines()]
    assert len(lines) == 8 and lines[0]["text"] == "0.5" and lines[0]["judge"] == "j"


def test_an_unreadable_verdict_is_ungraded_and_the_run_says_so(mine):
    replies = iter(["0.5", "between 0.2 and 0.4", "1.7", "0. The model answered 10", "1", "0", "0.1", "0.9"])
    lock = threading.Lock()

    def reply(*_):
        with lock:
            return said(next(replies))

    with served(reply) as (url, _):
        assert run(mine, url) == 3
    record = summary(mine)
    assert (record["n"], record["ungraded"]) == (5, 3)
    assert record["ungraded_because"] == {"the judge's verdict cannot be read": 3}


def test_a_judge_that_fails_leaves_samples_ungraded_and_a_later_run_asks_only_those(mine):
    down = {"q3", "q5"}

    def reply(body, n):
        text = json.dumps(body)
        return (400, {}, {}) if any(f"{q}\\n" in text for q in down) else said("1")

    with served(reply) as (url, sent):
        assert run(mine, url) == 3
        assert summary(mine)["ungraded"] == 2
        down.clear()
        before = len(sent)
        assert run(mine, url) == 0
        assert len(sent) - before == 2
    assert summary(mine)["value"] == 100.0


def test_without_a_judge_what_needs_one_is_ungraded(mine):
    assert run(mine, "http://127.0.0.1:9/v1", "--judge", "none") == 3
    record = summary(mine)
    assert (record["ungraded"], record["judge"]) == (8, None)


def test_a_budget_stops_asking_and_says_how_many_were_held_back(mine):
    (mine / "prices.toml").write_text('["j"]\nin = 0\nout = 500000\n')  # two tokens out: a dollar a call
    with served(lambda *_: said("1")) as (url, sent):
        argv = ["--judge-budget", "3", "--judge-prices", f"{mine}/prices.toml", "--judge-concurrency", "1"]
        assert run(mine, url, *argv) == 3
    judged = summary(mine)["judge"]
    assert judged["cost"] == pytest.approx(len(sent)) and len(sent) < 8
    assert judged["held_back"] == 8 - len(sent)


def test_a_dry_run_tells_calls_tokens_and_price_and_asks_nothing(mine, capsys):
    (mine / "prices.toml").write_text('["j"]\nin = 1\nout = 1\n')
    with served(lambda *_: said("1")) as (url, sent):
        assert run(mine, url, "--dry-run", "--judge-prices", f"{mine}/prices.toml") == 0
    out = capsys.readouterr().out
    assert "at most 8 judge calls" in out and "about $0.0" in out and not sent


def test_the_key_is_in_the_header_and_nowhere_else(mine, monkeypatch, capsys):
    monkeypatch.setenv("SAILBENCH_JUDGE_KEY", "sk-very-secret")
    with served(lambda *_: (403, {}, {"error": "no"})) as (url, sent):
        run(mine, url)
    assert sent[0][1]["Authorization"] == "Bearer sk-very-secret"
    files = "".join(p.read_text() for p in (mine / "out").rglob("*") if p.is_file())
    shown = capsys.readouterr()
    assert "very-secret" not in files + shown.out + shown.err


def test_judging_goes_on_while_answers_still_arrive(mine, tmp_path):
    """The last answer is only given once the first has been judged: without overlap this would never end."""
    from sailbench import registry
    from sailbench.data import Places, open_rows
    from sailbench.run import Overrides, collect, prepare, read_samples, unanswered

    judged = threading.Event()

    class Patient(Fake):
        def answer(self, requests):
            for number, pair in enumerate(super().answer(requests)):
                if number == 7:
                    assert judged.wait(20), "nothing was judged while answers arrived"
                yield pair

    class Judge(Fake):
        def answer(self, requests):
            for pair in super().answer(requests):
                judged.set()
                yield pair

    task, results = registry.load(str(mine / "mine.py")), Results(tmp_path, "m")
    rows = open_rows(task, Places(location=mine / "rows.jsonl"))
    own = prepare(task, read_samples(task, rows), "m", Overrides())
    panel = Panel([Desk(Judge("1", name="j"), results)])
    panel.start()
    collect(Patient(), unanswered([own], results), results, panel.consider)
    panel.finish()
    assert panel.record("mine")["calls"] == 8


@pytest.mark.parametrize("rate", [None, 2])
def test_a_verdict_is_journalled_though_the_next_question_is_long_in_coming(tmp_path, rate):
    """The judge could be killed while it waits for a question, or for its rate: what is paid for is on disk by then."""
    with served(lambda *_: said("1")) as (url, _):
        model = Remote(Endpoint(url=url, model="j", concurrency=4))
        desk = Desk(model, Results(tmp_path, "m"), limits=Limits(per_minute=rate))
        desk.start()
        for name in "ab" if rate else "a":
            desk.put(Question("t", name, "", name, Request(turns=(name,))))
        until = time.monotonic() + 10
        while desk.verdict("t", "a") is None and time.monotonic() < until:
            time.sleep(0.01)
        assert desk.verdict("t", "a") == "1"
        desk.drain()
    assert desk.verdict("t", "b") is None


def test_ctrl_c_asks_judges_nothing_more_and_keeps_the_verdicts_that_are_being_given(tmp_path):
    began, results = threading.Event(), Results(tmp_path, "m")

    def reply(*_):
        began.set()
        time.sleep(0.2)
        return said("1")

    def ask(watch):
        for name in "ab":
            desk.put(Question("t", name, "", name, Request(turns=(name,))))
        assert began.wait(10)
        raise KeyboardInterrupt

    with served(reply) as (url, sent):
        desk = Desk(Remote(Endpoint(url=url, model="j", concurrency=1)), results)
        with pytest.raises(KeyboardInterrupt):
            Panel([desk]).beside(ask, lambda *_: None, [], results)
    assert ([desk.verdict("t", name) for name in "ab"], len(sent)) == (["1", None], 1)


def test_several_judges_settle_on_the_median_and_a_tie_of_labels_on_nothing():
    score, label = load("mmvet"), load("simplevqa")
    assert settled(score, ["0.1", "0.9", "0.4"]) == "0.4"
    assert settled(score, ["0.1", "nonsense", "0.9", "0.4"]) == "0.4"
    assert settled(score, ["nonsense"]) is None
    names = [e.reply for e in label.examples if e.value is not None]
    distinct = list({label.read(name): name for name in names}.values())
    assert settled(label, [distinct[0], distinct[0], distinct[1]]) == distinct[0]
    assert settled(label, distinct[:2]) is None


def test_a_budget_without_a_price_is_refused(tmp_path):
    with pytest.raises(UsageError, match="needs the price of j"):
        Desk(Fake(name="j"), Results(tmp_path, "m"), limits=Limits(budget=1.0))


def test_a_judge_that_is_not_there_ends_in_errors_not_in_a_hang(mine):
    desk = Desk(Remote(Endpoint(url="http://127.0.0.1:9/v1", model="j", tries=1)), Results(mine, "m"), Price(0, 0))
    desk.start()
    desk.finish()
    assert desk.spent == {}


def test_a_rate_is_kept(mine):
    times = []
    with served(lambda *_: (times.append(time.monotonic()), said("1"))[1]) as (url, _):
        assert run(mine, url, "--judge-rate", "600") == 0
    assert len(times) == 8 and max(times) - min(times) >= 7 * 0.1 * 0.9


@pytest.mark.parametrize("misbehaviour", ["hang", "half a reply", "wrong JSON", "latency"])
def test_every_misbehaviour_is_survived_and_every_call_counted(mine, misbehaviour):
    """The first call of each sample misbehaves, the second is answered: all is graded, with exactly two calls each."""
    first, lock = set(), threading.Lock()

    def reply(body, n):
        text = body["messages"][0]["content"][-1]["text"]
        with lock:
            new = text not in first
            first.add(text)
        if not new or misbehaviour == "latency":
            time.sleep(0.05)
            return said("1")
        if misbehaviour == "hang":
            time.sleep(1.0)
            return said("0")
        if misbehaviour == "half a reply":
            return 200, {"content-length": "100000"}, b'{"choices": [{"mess'
        return 200, {}, {"choices": "none"}

    with served(reply) as (url, sent):
        endpoint = Endpoint(url=url, model="j", timeout=0.5, first_wait=0.01, longest_wait=0.02, concurrency=8)
        requests = [Request(turns=(f"question {i}",)) for i in range(8)]
        answers = [answer for _, answer in Remote(endpoint).answer(requests)]
    assert [a.text for a in answers] == ["1"] * 8
    assert len(sent) == (8 if misbehaviour == "latency" else 16)
