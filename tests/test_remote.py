"""A real server on loopback: answers, stumbles, asks to wait, sends nonsense; nothing is lost and no key leaks."""

import base64
import json
import threading
import time

import pytest
from servers import said, served

from sailbench.cli import main
from sailbench.models.engines import Choice, load
from sailbench.models.remote import Endpoint, Remote, check_near
from sailbench.models.talks import Begun
from sailbench.types import MEDIA_MARK, Media, Request, Sampling

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def ask(url, *requests, waits=None, **options):
    endpoint = Endpoint(url=url, model="m", first_wait=0.01, longest_wait=0.05, **options)
    return list(Remote(endpoint, sleep=(waits if waits is not None else []).append).answer(requests))


def test_an_answer_comes_back_with_its_tokens():
    with served(lambda body, n: said(body["messages"][-1]["content"][0]["text"].upper())) as (url, _):
        ((_, response),) = ask(url, Request(turns=("yes",)))
    assert (response.texts, response.tokens_in, response.tokens_out, response.error) == (("YES",), 7, 2, None)


def test_images_are_sent_as_the_bytes_they_are_where_they_are_marked():
    with served(lambda *_: said("ok")) as (url, sent):
        ask(url, Request(turns=(f"before {MEDIA_MARK} after",), media=(Media.image(PNG),)))
    parts = sent[0][0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "text"]
    assert base64.b64decode(parts[1]["image_url"]["url"].partition(",")[2]) == PNG


def test_turns_are_asked_in_order_with_the_answers_so_far():
    with served(lambda body, n: said(f"answer {len(body['messages'])}")) as (url, sent):
        ((_, response),) = ask(url, Request(turns=("one", "two")))
    assert response.texts == ("answer 1", "answer 3")
    assert [m["role"] for m in sent[1][0]["messages"]] == ["user", "assistant", "user"]


def test_reasoning_kept_apart_is_kept():
    with served(lambda *_: said("B", reasoning_content="hm")) as (url, _):
        assert ask(url, Request(turns=("q",)))[0][1].text == "<think>hm</think>B"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_stumble_is_tried_again(status):
    with served(lambda body, n: (status, {}, {}) if n < 3 else said("ok")) as (url, sent):
        assert ask(url, Request(turns=("q",)))[0][1].text == "ok"
    assert len(sent) == 3


def test_the_server_may_ask_to_wait():
    waits = []
    with served(lambda body, n: (429, {"retry-after": "9"}, {}) if n == 1 else said("ok")) as (url, _):
        ask(url, Request(turns=("q",)), waits=waits)
    assert waits == [9.0]


def test_a_reply_that_cannot_be_read_is_tried_again_and_then_an_error():
    with served(lambda *_: (200, {}, b"<html>")) as (url, sent):
        ((_, response),) = ask(url, Request(turns=("q",)), tries=3)
    assert response.finish == "error" and "cannot be read" in response.error and len(sent) == 3


def test_a_refusal_is_an_error_at_once_and_names_no_key():
    with served(lambda *_: (401, {}, {"error": "no such key"})) as (url, sent):
        endpoint = Endpoint(url=url, model="m", key="sk-secret")
        ((_, response),) = Remote(endpoint).answer([Request(turns=("q",))])
    assert "401" in response.error and len(sent) == 1
    assert sent[0][1]["Authorization"] == "Bearer sk-secret"
    assert "secret" not in response.error + repr(endpoint)


def test_a_server_that_is_not_there_is_an_error():
    ((_, response),) = ask("http://127.0.0.1:9/v1", Request(turns=("q",)), tries=2)
    assert "cannot be reached" in response.error


def test_one_failure_leaves_the_others_alone():
    def reply(body, n):
        return (400, {}, {}) if "bad" in json.dumps(body) else said("ok")

    with served(reply) as (url, _):
        answers = ask(url, *(Request(turns=(t,)) for t in ("good", "bad", "fine")))
    assert sorted((r.turns[0], a.error is None) for r, a in answers) == [("bad", False), ("fine", True), ("good", True)]


def test_sampling_is_passed_on():
    with served(lambda *_: said("ok")) as (url, sent):
        ask(url, Request(turns=("q",), sampling=Sampling(max_tokens=5, temperature=0.5, seed=2, draw=3)))
    body = sent[0][0]
    assert (body["max_tokens"], body["temperature"], body["seed"], body["model"]) == (5, 0.5, 5, "m")


def test_several_images_keep_their_order_and_their_formats():
    jpeg = b"\xff\xd8 of another kind"
    with served(lambda *_: said("ok")) as (url, sent):
        ask(url, Request(turns=("which?",), media=(Media.image(jpeg), Media.image(PNG))))
    urls = [part["image_url"]["url"] for part in sent[0][0]["messages"][0]["content"][:2]]
    assert [u.partition(";")[0] for u in urls] == ["data:image/jpeg", "data:image/png"]
    assert [base64.b64decode(u.partition(",")[2]) for u in urls] == [jpeg, PNG]


def test_a_video_is_sent_as_its_frames(tmp_path):
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(PNG)
    video = Request(turns=("what happens?",), media=(Media.video(tmp_path),), sampling=Sampling(frames=4))
    with served(lambda *_: said("ok")) as (url, sent):
        ask(url, video)
    assert [part["type"] for part in sent[0][0]["messages"][0]["content"]] == ["image_url"] * 4 + ["text"]


def test_what_the_protocol_cannot_say_goes_into_a_header_and_nothing_that_is_usual():
    with served(lambda *_: said("ok")) as (url, sent):
        ask(url, Request(turns=("q",)))
        ask(url, Request(turns=("q",), sampling=Sampling(detail="page", thinking=True)))
    assert "X-Sailbench-Needs" not in sent[0][1]
    assert json.loads(sent[1][1]["X-Sailbench-Needs"]) == {"detail": "page", "thinking": True}


def test_a_server_that_wants_the_limit_under_its_other_name_gets_it():
    def reply(body, n):
        return said("ok") if "max_completion_tokens" in body else (400, {}, {"error": "use max_completion_tokens"})

    with served(reply) as (url, sent):
        endpoint = Endpoint(url=url, model="m", first_wait=0.01)
        model = Remote(endpoint)
        for _ in range(2):
            ((_, response),) = model.answer([Request(turns=("q",), sampling=Sampling(max_tokens=9))])
            assert response.text == "ok"
    assert [body.get("max_completion_tokens") for body, _ in sent] == [None, 9, 9]


def test_a_talk_that_began_elsewhere_is_sent_whole_and_asked_once():
    begun = Begun(turns=("one", "two"), system="Be brief.", answers=("1",))
    with served(lambda *_: said("2")) as (url, sent):
        ((_, response),) = ask(url, begun)
    assert response.texts == ("2",) and len(sent) == 1
    assert [m["role"] for m in sent[0][0]["messages"]] == ["system", "user", "assistant", "user"]


def test_a_stream_that_pauses_gets_its_answers_meanwhile():
    answered = []

    def stream():
        yield Request(turns=("first",))
        while not answered:
            yield None
        yield Request(turns=("second",))

    with served(lambda *_: said("ok")) as (url, _):
        for request, _response in Remote(Endpoint(url=url, model="m")).answer(stream()):
            answered.append(request.turns[0])
    assert answered == ["first", "second"]


def test_a_slow_producer_is_asked_now_and_then_and_not_all_the_time():
    draws, answered, started = 0, [], time.monotonic()

    def stream():
        nonlocal draws
        yield Request(turns=("first",))
        idle = 0
        while idle < 15:  # goes on after the answer, when there is nothing to wait for
            draws, idle = draws + 1, idle + len(answered)
            yield None
        yield Request(turns=("second",))

    with served(lambda *_: said("ok")) as (url, _):
        for request, _response in Remote(Endpoint(url=url, model="m")).answer(stream()):
            answered.append(request.turns[0])
    assert answered == ["first", "second"]
    assert draws <= (time.monotonic() - started) / 0.02 + 2


@pytest.mark.parametrize(
    "spelled",
    [
        {"spec": "openai:m", "url": "URL"},
        {"spec": "m", "engine": "remote:URL"},
        {"spec": "m", "engine": "remote", "url": "URL"},
    ],
)
def test_every_spelling_of_a_server_reaches_it(spelled):
    with served(lambda body, n: said(body["model"])) as (url, _):
        model = load(Choice(**{name: value.replace("URL", url) for name, value in spelled.items()}))
        assert next(iter(model.answer([Request(turns=("q",))])))[1].text == model.name == "m"


def test_a_run_against_a_server_asks_as_many_at_once_as_it_is_told(tmp_path):
    together, most, lock = 0, 0, threading.Lock()

    def reply(*_):
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.05)
        with lock:
            together -= 1
        return said("A")

    rows = [{"id": str(i), "question": f"q{i}", "answer": "A", "A": "one", "B": "two"} for i in range(9)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = ["run", "--model", "m", "--tasks", "mmstar", "--data-dir", f"{tmp_path}/rows.jsonl", "--judge", "none"]
    with served(reply) as (url, sent):
        assert main([*argv, "--out", f"{tmp_path}/out", "--engine", f"remote:{url}", "--concurrency", "3"]) in (0, 3)
    assert 1 < most <= 3 and len(sent) == 9


@pytest.mark.parametrize("option", ["--model", "--judge"])
def test_offline_asks_no_server_on_another_machine(option, capsys, tmp_path):
    own = {"--model": "fake", "--judge": "openai:judge", option: "openai:there"}
    asked = [text for pair in own.items() for text in pair] if option == "--judge" else ["--model", "openai:there"]
    where = ["--judge-url" if option == "--judge" else "--url", "https://example.org/v1"]
    code = main(["run", *asked, *where, "--tasks", "@smoke", "--offline", "--out", str(tmp_path)])
    assert code == 2 and "--offline: example.org is another machine" in capsys.readouterr().err


def test_offline_asks_a_server_on_this_machine():
    check_near("http://127.0.0.1:8000/v1")
    check_near("http://[::1]:8000/v1")
    check_near("http://localhost/v1")
