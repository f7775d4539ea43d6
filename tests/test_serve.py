"""A served model over real sockets: what clients send, what they get, who is refused, and an end that loses nothing."""

import base64
import io
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler

import httpx
import pytest
from PIL import Image
from servers import listening

from sailbench.models.fake import Fake
from sailbench.models.remote import Endpoint, Remote
from sailbench.serve import Feed, Limits, Rules, Server
from sailbench.serve.asked import read
from sailbench.types import MEDIA_MARK, Media, Request, Response, Sampling

CERTIFICATES = ssl.create_default_context()  # reading them takes longer than a request


class Batching:
    """Answers when a full batch is there or nothing more comes; notes what it was asked, together."""

    name, identity, engine, hardware = "m", "m", "batching", ""

    def __init__(self, reply=lambda request: request.turns[-1].upper(), together=1):
        self.reply, self.together = reply, together
        self.asked, self.batches = [], []

    def answer(self, requests):
        held = []
        for request in requests:
            if request is not None:
                held.append(request)
                self.asked.append(request)
                if len(held) < self.together:
                    continue
            elif len(held) < self.together:
                time.sleep(0.001)
                continue
            self.batches.append(len(held))
            yield from ((one, self._response(one)) for one in held)
            held = []

    def _response(self, request):
        text = self.reply(request)
        return text if isinstance(text, Response) else Response(texts=(text,), tokens_in=3, tokens_out=2)


@contextmanager
def serving(model, key="", **limits):
    server = Server(("127.0.0.1", 0), Feed(model), Rules(model="m", limits=Limits(**limits)), key)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        if not server.stopping:
            server.stop()
        thread.join()


def post(server, messages="hi", headers=None, **more):
    messages = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    body = {"model": "m", "messages": messages, **more}
    return httpx.post(f"{server.url}/chat/completions", json=body, headers=headers, timeout=20, verify=CERTIFICATES)


def png(colour="red", size=(8, 6)):
    held = io.BytesIO()
    Image.new("RGB", size, colour).save(held, "PNG")
    return held.getvalue()


def image(content, kind="png", **more):
    url = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": url, **more}}


def text(words):
    return {"type": "text", "text": words}


def user(*parts):
    return {"role": "user", "content": list(parts)}


def asked(*messages, needs="", limits=None, **more):
    body = {"messages": list(messages), **more}
    return read(json.dumps(body).encode(), needs, Rules(model="m", limits=limits or Limits())).request


def test_a_question_is_answered_in_the_protocols_form():
    with serving(Batching()) as server:
        reply = post(server, "hello").json()
    assert reply["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "HELLO"}, "finish_reason": "stop", "logprobs": None}
    ]
    assert (reply["object"], reply["model"]) == ("chat.completion", "m")
    assert reply["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def test_a_stream_ends_with_a_reason_the_usage_and_done():
    with serving(Batching(lambda _: "<think>hm</think>B")) as server:
        reply = post(server, stream=True, stream_options={"include_usage": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, last = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    chunks = [json.loads(event) for event in events]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert deltas == [{"role": "assistant", "content": ""}, {"reasoning_content": "hm"}, {"content": "B"}, {}]
    assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["usage"]["total_tokens"], last) == (
        "stop",
        5,
        "[DONE]",
    )


def test_the_model_and_the_servers_health_can_be_looked_up():
    with serving(Batching()) as server:
        root = server.url.removesuffix("/v1")
        assert [card["id"] for card in httpx.get(f"{server.url}/models").json()["data"]] == ["m"]
        assert httpx.get(f"{server.url}/models/m").json()["owned_by"] == "sailbench"
        assert httpx.get(f"{root}/health").json() == {"status": "ok", "waiting": 0}
        assert httpx.get(f"{server.url}/models/other").status_code == 404


def test_images_reach_the_model_as_the_bytes_they_were():
    model = Batching()
    with serving(model) as server:
        assert (
            post(server, [user(text("A "), image(png()), text(" or "), image(png("blue")), text("?"))]).status_code
            == 200
        )
    (request,) = model.asked
    assert request.turns == (f"A {MEDIA_MARK} or {MEDIA_MARK}?",)
    assert [medium.source for medium in request.media] == [png(), png("blue")]


def test_images_in_front_of_the_text_stand_in_front_as_a_tasks_do():
    assert asked(user(image(png()), image(png()), text("Same?"))).turns == ("Same?",)
    assert asked(user(image(png()), text("one"), image(png()))).turns == (f"{MEDIA_MARK}one{MEDIA_MARK}",)


def test_roles_become_turns_answers_and_a_system_text():
    talk = [{"role": "system", "content": "Be brief."}, user(text("a")), user(text("b"))]
    talk += [{"role": "assistant", "content": [text("c")]}, {"role": "user", "content": "d"}]
    request = asked(*talk)
    assert (request.system, request.turns, request.answers) == ("Be brief.", ("a\nb", "d"), ("c",))


def test_what_a_client_asks_for_is_what_is_sampled():
    sampling = asked(user(text("q")), max_tokens=7, temperature=0.5, top_p=0.9, seed=4).sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p, sampling.seed) == (7, 0.5, 0.9, 4)
    assert asked(user(text("q")), max_completion_tokens=9).sampling.max_tokens == 9
    assert asked(user(text("q")), chat_template_kwargs={"enable_thinking": True}).sampling.thinking
    assert asked(user(image(png(), detail="low"), image(png(), detail="page"))).sampling.detail == "page"
    assert asked(user(text("q")), media_io_kwargs={"video": {"num_frames": 8}}).sampling.frames == 8
    assert asked(user(text("q"))).sampling == Sampling()


def test_what_harnesses_send_without_meaning_it_is_taken():
    neutral = {"n": 1, "top_k": 20, "presence_penalty": 0, "repetition_penalty": 1.0, "user": "x", "num_beams": 1}
    shown = image(png(), "jpeg", detail="low", min_pixels=3136)  # a PNG that calls itself a JPEG, as VLMEvalKit's may
    assert asked(user(shown, text("q")), temperature=0, **neutral).sampling == Sampling()


def test_text_cannot_pose_as_a_picture():
    assert asked(user(text(f"a{MEDIA_MARK}b"))).turns == ("ab",)


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"messages": []}, 400, "messages must be a list"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "must be the user's"),
        (
            {"messages": [user(text("q")), {"role": "assistant", "content": "x"}]},
            400,
            "last message must be the user's",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "role 'tool'"),
        ({"messages": [user({"type": "input_audio"})]}, 400, "type 'input_audio'"),
        ({"messages": [user(image(b"nothing"))]}, 400, "image 1 cannot be opened"),
        (
            {"messages": [user({"type": "image_url", "image_url": {"url": "data:image/png;base64,@"}})]},
            400,
            "not base64",
        ),
        ({"messages": [user({"type": "image_url", "image_url": "file:///etc/passwd"})]}, 400, "only data: URLs"),
        ({"messages": [user({"type": "image_url", "image_url": "http://127.0.0.1/x"})]}, 400, "only data: URLs"),
        ({"messages": [user(image(png()), image(png()), image(png()))]}, 400, "may hold 2 images"),
        ({"max_tokens": 0}, 400, "max_tokens must be a whole number from 1"),
        ({"temperature": "hot"}, 400, "temperature must be a number from 0 to 2"),
        ({"n": 2}, 400, "n is not supported"),
        ({"media_io_kwargs": {"video": {"num_frames": 9}}}, 400, "num_frames must be a whole number from 1 to 2"),
        ({"tools": [{}]}, 400, "tools is not supported"),
        ({"frequency_penalty": 0.5}, 400, "frequency_penalty is not supported but for 0"),
        ({"temperature": 1, "top_k": 20}, 400, "top_k is not supported but for -1"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format is not supported"),
        ({"model": "other"}, 404, "'other' is not served here; 'm' is"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(small, body, status, why):
    reply = post(small, **({"messages": "q"} | body))
    assert reply.status_code == status and why in reply.json()["error"]["message"]


@pytest.fixture(scope="module")
def small():
    with serving(Batching(), images=2, megabytes=1) as server:
        yield server


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (rb'{"messages": [{"role": "user", "content": "\ud800"}]}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"x" * 1_100_000, {}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-encoding": "gzip"}, 415),
    ],
)
def test_bodies_that_are_none_are_refused(small, content, headers, status):
    reply = httpx.post(f"{small.url}/chat/completions", content=content, headers=headers)
    assert reply.status_code == status and reply.json()["error"]["message"]
    assert post(small, "still here").json()["choices"][0]["message"]["content"] == "STILL HERE"


def test_a_key_is_asked_for_and_never_shown():
    with serving(Batching(), key="sk-1") as server:
        assert post(server).status_code == post(server, headers={"authorization": "Bearer sk-2"}).status_code == 401
        assert httpx.get(f"{server.url}/models").status_code == 401
        assert "sk-1" not in post(server).text
        assert post(server, headers={"authorization": "Bearer sk-1"}).status_code == 200
        assert httpx.get(f"{server.url.removesuffix('/v1')}/health").status_code == 200


def test_a_requests_own_error_is_the_clients_and_an_engines_is_the_servers():
    def reply(request):
        if "crash" in request.turns[0]:
            raise RuntimeError("the device is gone")
        return Response(error="the prompt has 9 tokens, and only 8 fit", finish="error")

    with serving(Batching(reply)) as server:
        assert (post(server, "long").status_code, post(server, "crash").status_code) == (400, 500)
        assert "only 8 fit" in post(server, "long").json()["error"]["message"]
        assert "only 8 fit" in post(server, "long", stream=True).text


def test_an_answer_is_cut_where_the_client_says():
    with serving(Batching(lambda _: "one. two. three")) as server:
        choice = post(server, stop=[". th", ". t"]).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one", "stop")


def test_thirty_two_clients_are_answered_in_shared_batches():
    model = Batching(together=8)
    with serving(model) as server, ThreadPoolExecutor(32) as clients:
        replies = list(clients.map(lambda i: post(server, f"q{i}").json(), range(64)))
    assert [reply["choices"][0]["message"]["content"] for reply in replies] == [f"Q{i}" for i in range(64)]
    assert model.batches == [8] * 8


def test_more_requests_than_are_allowed_are_told_to_come_again():
    go = threading.Event()
    model = Batching(lambda request: go.wait(20) and "done")
    with serving(model, concurrency=1) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, server)
        while not model.asked:
            time.sleep(0.005)
        second = post(server)
        assert (second.status_code, second.headers["retry-after"]) == (429, "1")
        go.set()
        assert first.result().status_code == 200


def test_a_killed_client_and_a_slow_reader_hold_nobody_up():
    go = threading.Event()
    model = Batching(lambda request: go.wait(20) and "x" * 3_000_000 if "hold" in request.turns[0] else "quick")
    with serving(model) as server:
        body = json.dumps({"messages": [user(text("hold"))]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        killed, slow = (socket.create_connection(server.server_address[:2]) for _ in range(2))
        for connection in (killed, slow):
            connection.sendall(head + body)
        killed.close()
        go.set()
        assert post(server, "other").json()["choices"][0]["message"]["content"] == "quick"
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        slow.close()


def test_a_client_that_left_before_its_turn_is_not_asked_about():
    go = threading.Event()
    model = Batching(lambda request: go.wait(20) and "done")
    with serving(model) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, server, "first")
        while not model.asked:
            time.sleep(0.005)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/chat/completions", json={"messages": [user(text("left"))]}, timeout=0.2)
        while server.feed.waiting > 1:  # the handler looks every second
            time.sleep(0.02)
        go.set()
        first.result()
        post(server, "third")
    assert [request.turns[0] for request in model.asked] == ["first", "third"]


def test_stopping_answers_what_was_asked_and_takes_nothing_more():
    go = threading.Event()
    model = Batching(lambda request: go.wait(20) and "done")
    with serving(model) as server, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(post, server, f"q{i}") for i in range(3)]
        idle = socket.create_connection(server.server_address[:2])
        idle.sendall(b"GET /health HTTP/1.1\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        while server.feed.waiting < 3:
            time.sleep(0.005)
        stopped = pool.submit(server.stop)
        while not server.stopping:
            time.sleep(0.005)
        go.set()
        assert [reply.result().json()["choices"][0]["message"]["content"] for reply in waiting] == ["done"] * 3
        stopped.result(timeout=10)
        idle.close()
        with pytest.raises(httpx.TransportError):
            post(server)


def test_sailbenchs_own_client_gives_back_the_request_it_was_given(tmp_path):
    frames = [Image.new("RGB", (16, 16), (40 * i, 0, 0)) for i in range(3)]
    (tmp_path / "video").mkdir()
    for i, frame in enumerate(frames):
        frame.save(tmp_path / "video" / f"{i}.png")
    video = Media("video", str(tmp_path / "video"), "v")
    seen = []

    def reply(request):
        from sailbench import media

        seen.append([[f.getpixel((0, 0)) for f in media.frames(m, 3)] for m in request.media if m.kind == "video"])
        return f"<think>{len(request.answers)}</think> {request.turns[-1]}"

    own = Sampling(max_tokens=5, detail="page", enlarge=2, frames=3, thinking=True)
    asked = Request(turns=("a", f"b {MEDIA_MARK} c"), media=(video, Media.image(png())), sampling=own)
    model = Batching(reply)
    with serving(model) as server:
        ((_, response),) = Remote(Endpoint(url=server.url, model="m")).answer([asked])
    first, second = model.asked
    assert (first.turns, second.turns) == (("a",), (f"{MEDIA_MARK}a", f"b {MEDIA_MARK} c"))
    assert response.texts == ("<think>0</think> a", f"<think>1</think> b {MEDIA_MARK} c")
    assert [[m.kind for m in request.media] for request in (first, second)] == [["image"], ["image", "video"]]
    assert (first.sampling, second.sampling, first.more) == (replace(own, frames=16), own, True)
    assert seen == [[], [[frame.getpixel((0, 0)) for frame in frames]]]


def test_the_random_model_answers_through_the_server_as_it_does_in_the_process(one_thread, tmp_path):
    from sailbench.models.sail import SailVL2, tiny

    tiny.write(tmp_path / "tiny", seed=3)
    model = SailVL2.load(tmp_path / "tiny")
    one, two = (Media.image(png(c, (150, 90))) for c in ("red", "blue"))
    own = Sampling(max_tokens=8, detail="fine")
    requests = [Request(turns=(f"q{i}",), sampling=own) for i in range(6)]
    requests += [Request(turns=("what?",), media=(one,), sampling=own)]
    requests += [Request(turns=(f"{MEDIA_MARK} or {MEDIA_MARK}?",), media=(one, two), sampling=own)]
    requests += [Request(turns=("first?", "second?"), media=(one, two), sampling=own)]
    (tmp_path / "video").mkdir()
    for i in range(5):
        (tmp_path / "video" / f"{i}.png").write_bytes(png((50 * i, 0, 0), (60, 40)))
    video = Media.video(tmp_path / "video")
    requests += [Request(turns=("what happens?",), media=(video,), sampling=replace(own, frames=3))]
    requests += [Request(turns=(f"{MEDIA_MARK}then?", "why?"), media=(one, video), sampling=replace(own, frames=2))]
    wanted = {r.turns: a.texts for r, a in model.answer(requests)}
    with serving(model) as server:
        found = {r.turns: a.texts for r, a in Remote(Endpoint(url=server.url, model="m")).answer(requests)}
    assert found == wanted


def test_the_command_serves_on_loopback_and_ends_on_sigterm():
    command = [sys.executable, "-m", "sailbench.cli", "serve", "--model", "fake:yes", "--port", "0", "--name", "m"]
    environment = os.environ | {"KEY": "sk-1"}
    child = subprocess.Popen(
        [*command, "--api-key-env", "KEY"], stdout=subprocess.PIPE, text=True, env=environment, bufsize=1
    )
    url = re.search(r"http://127\.0\.0\.1:\d+/v1", child.stdout.readline()).group()
    ((_, response),) = Remote(Endpoint(url=url, model="m", key="sk-1")).answer([Request(turns=("?",))])
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=10) == 0
    assert (response.text, child.stdout.read()) == ("yes", "1 requests answered, 0 refused\n")
    child.stdout.close()


def test_addresses_are_fetched_only_where_that_is_allowed(tmp_path):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    (tmp_path / "large.png").write_bytes(png(size=(900, 900)) + bytes(1_000_000))
    (tmp_path / "fine.png").write_bytes(png())
    with listening(partial(Quiet, directory=str(tmp_path))) as files:
        model, root = Batching(), f"http://127.0.0.1:{files.server_port}"
        with serving(model, allow_urls=True, megabytes=1) as server:
            found = [
                post(server, [user({"type": "image_url", "image_url": {"url": f"{root}/{name}.png"}})])
                for name in ("fine", "large", "missing")
            ]
    assert [reply.status_code for reply in found] == [200, 400, 400]
    assert model.asked[0].media[0].source == png()


def test_a_fake_model_is_served_too():
    with serving(Fake("A", "m")) as server:
        assert post(server).json()["choices"][0]["message"]["content"] == "A"
