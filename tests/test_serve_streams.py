"""Streams of a served model over real sockets: pieces come while the rest is written, and who leaves is let go."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from test_serve import CERTIFICATES, Batching, image, png, post, serving, text, user

from sailbench.models.fleet import Fleet
from sailbench.models.pieces import Piece
from sailbench.models.sail import SailVL2, tiny
from sailbench.models.talks import gone
from sailbench.types import Response

USAGE = {"stream_options": {"include_usage": True}}


class Writer:
    """Writes the request's words one by one, a step of `seconds` each; all requests together."""

    name, identity, engine, hardware = "m", "m", "writer", ""

    def __init__(self, seconds=0.0):
        self.seconds, self.steps, self.most = seconds, 0, 0

    def answer(self, requests):
        held = []
        for request in requests:
            if request is not None:
                held.append((request, request.turns[-1].split()))
                self.most = max(self.most, len(held))
                continue
            time.sleep(self.seconds)
            self.steps += 1
            for one, rest in [*held]:
                if gone(one) or not rest:
                    held.remove((one, rest))
                    yield one, Response(texts=(one.turns[-1],), tokens_in=1, tokens_out=2)
                else:
                    yield one, Piece(texts=(rest.pop(0) + " " * bool(rest),))


@pytest.fixture(scope="module")
def model_folder(one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "tiny"
    tiny.write(folder, seed=3)
    return folder


@pytest.fixture(scope="module")
def model(model_folder):
    return SailVL2.load(model_folder)


def stream(server, messages, **more):
    """The chunks as they come, with when they came."""
    messages = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    body = {"messages": messages, "stream": True, **more}
    with httpx.stream("POST", f"{server.url}/chat/completions", json=body, timeout=60, verify=CERTIFICATES) as reply:
        assert reply.status_code == 200
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                yield time.monotonic(), json.loads(line.removeprefix("data: "))


def joined(chunks):
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"])


def open_socket(server, words, **more):
    """A client that sends and reads nothing, with as little room for what it does not read as there can be."""
    body = json.dumps({"messages": [user(text(words))], "stream": True, **more}).encode()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    client.connect(server.server_address[:2])
    client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return client


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_pieces_come_while_the_rest_is_being_written():
    with serving(Writer(0.05)) as server:
        chunks = list(stream(server, "one two three four"))
    times = [at for at, chunk in chunks if chunk["choices"][0]["delta"].get("content")]
    assert joined(chunk for _, chunk in chunks) == "one two three four"
    assert len(times) == 4 and times[-1] - times[0] > 0.1


def test_the_bundled_models_stream_is_its_answer(model):
    asked = [user(image(png(size=(150, 90))), text("what? 😀"))]
    with serving(model) as server:
        chunks = [chunk for _, chunk in stream(server, asked, max_tokens=24, **USAGE)]
        whole = post(server, asked, max_tokens=24).json()
    assert joined(chunks) == whole["choices"][0]["message"]["content"]
    assert sum(bool(c["choices"] and c["choices"][0]["delta"].get("content")) for c in chunks) > 3
    assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["usage"]) == ("length", whole["usage"])


def test_a_talk_with_a_system_text_is_streamed_too(model):
    talk = [{"role": "system", "content": "Be brief."}, user(text("a")), {"role": "assistant", "content": "b"}]
    talk.append(user(text("and Image1?")))
    with serving(model) as server:
        streamed = joined(chunk for _, chunk in stream(server, talk, max_tokens=12))
        assert streamed == post(server, talk, max_tokens=12).json()["choices"][0]["message"]["content"]


def test_thirty_two_streams_share_their_batches():
    writer = Writer(0.02)
    with serving(writer) as server, ThreadPoolExecutor(32) as clients:
        told = list(clients.map(lambda i: joined(c for _, c in stream(server, f"{i} a b c d")), range(32)))
    assert told == [f"{i} a b c d" for i in range(32)]
    assert writer.most > 4 and writer.steps < 32 * 5


def test_a_client_that_leaves_in_mid_stream_frees_its_place(model):
    with serving(model) as server:
        for _ in stream(server, "leave", max_tokens=30_000):
            break
        wait_for(lambda: server.feed.busy == 0)
        assert post(server, "stay", max_tokens=3).status_code == 200


def test_a_client_process_killed_in_mid_stream_frees_its_place(model):
    code = (
        "import httpx, sys\n"
        "with httpx.stream('POST', sys.argv[1], json={'messages': [{'role': 'user', 'content': 'q'}], 'stream': True,"
        " 'max_tokens': 30000}, timeout=60) as reply:\n"
        "    for line in reply.iter_lines(): print(line, flush=True)\n"
    )
    with serving(model) as server:
        command = [sys.executable, "-c", code, f"{server.url}/chat/completions"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            while '"content":' not in client.stdout.readline():
                pass
            assert server.feed.busy == 1
            client.kill()
        wait_for(lambda: server.feed.busy == 0)


def test_a_client_that_waits_for_a_whole_answer_and_leaves_frees_its_place(model):
    with serving(model) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.url}/chat/completions",
                json={"messages": [user(text("q"))], "max_tokens": 30_000},
                timeout=0.3,
            )
        wait_for(lambda: server.feed.busy == 0)


@pytest.mark.parametrize("live", [True, False], ids=["stream", "whole"])
def test_the_engine_ends_where_the_client_says(model, live):
    with serving(model) as server:
        long = post(server, "q", max_tokens=60).json()["choices"][0]["message"]["content"]
        stop = long[6:8]
        asked = {"max_tokens": 30_000, "stop": [stop]}
        if live:
            *chunks, last = [chunk for _, chunk in stream(server, "q", **asked, **USAGE)]
            found, finish, usage = joined(chunks), chunks[-1]["choices"][0]["finish_reason"], last["usage"]
        else:
            reply = post(server, "q", **asked).json()
            choice = reply["choices"][0]
            found, finish, usage = choice["message"]["content"], choice["finish_reason"], reply["usage"]
    assert (found, finish) == (long[: long.index(stop)], "stop") and usage["completion_tokens"] < 200


def test_a_reader_that_reads_nothing_holds_nobody_up():
    writer = Writer()
    with serving(writer) as server:
        slow = open_socket(server, "word " * 20_000)
        wait_for(lambda: writer.steps > 100)
        assert joined(chunk for _, chunk in stream(server, "quick one")) == "quick one"
        slow.close()


def test_a_slow_reader_loses_nothing():
    words, content = " ".join(map(str, range(1000))), b""
    with serving(Writer()) as server, open_socket(server, words) as client:
        wait_for(lambda: server.feed.busy == 0)  # all of it is written before anything is read
        while b"[DONE]" not in content:
            content += client.recv(1 << 16)
    lines = [line for line in content.split(b"\n") if line.startswith(b"data: {")]
    assert joined(json.loads(line.removeprefix(b"data: ")) for line in lines) == words


def test_what_cannot_be_answered_is_refused_before_a_stream_begins():
    with serving(Batching(lambda _: Response(error="only 8 fit", finish="error"))) as server:
        reply = post(server, stream=True)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "only 8 fit")


def test_an_engine_that_fails_in_mid_stream_is_told_in_the_stream():
    class Failing(Writer):
        def answer(self, requests):
            for number, answered in enumerate(super().answer(requests)):
                yield answered
                if number == 1:
                    raise RuntimeError("the device is gone")

    with serving(Failing()) as server:
        reply = post(server, "one two three", stream=True)
    *_, error, done = [line for line in reply.text.split("\n\n") if line]
    assert (reply.status_code, done) == (200, "data: [DONE]")
    assert "the engine failed: RuntimeError" in error and '"content":"one "' in reply.text


def test_stopping_ends_streams_with_their_answers():
    with serving(Writer(0.02)) as server, ThreadPoolExecutor(1) as pool:
        told = pool.submit(lambda: joined(c for _, c in stream(server, "a b c d e f g h")))
        wait_for(lambda: server.feed.busy == 1)
        threading.Thread(target=server.stop).start()
        assert told.result(20) == "a b c d e f g h"


def test_answers_that_are_drawn_differ_unless_a_seed_is_given(model):
    asked = {"temperature": 1.0, "max_tokens": 12}
    with serving(model) as server:
        drawn = {post(server, "q", **asked).json()["choices"][0]["message"]["content"] for _ in range(4)}
        seeded = {post(server, "q", **asked, seed=5).json()["choices"][0]["message"]["content"] for _ in range(3)}
    assert len(drawn) > 1 and len(seeded) == 1


@pytest.fixture
def fleet(model):
    model.network.prepare()
    fleet = Fleet(model, [lambda: model] * 2, forked=True)
    yield fleet
    fleet.close()


def test_two_engines_behind_one_server_stream_as_one(model, fleet):
    with serving(model) as server:
        wanted = [post(server, f"q{i}", max_tokens=20).json()["choices"][0]["message"]["content"] for i in range(4)]
    with serving(fleet) as server, ThreadPoolExecutor(4) as clients:
        told = clients.map(lambda i: joined(c for _, c in stream(server, f"q{i}", max_tokens=20)), range(4))
        assert list(told) == wanted
        assert all(worker.seconds for worker in fleet._workers)


def test_a_client_that_leaves_frees_its_place_in_another_process(fleet):
    with serving(fleet) as server:
        for _, chunk in stream(server, "leave", max_tokens=30_000):
            if chunk["choices"][0]["delta"].get("content"):
                break
        wait_for(lambda: server.feed.busy == 0)
        assert post(server, "stay", max_tokens=3).status_code == 200


def test_a_stream_whose_engine_is_killed_goes_on_without_saying_anything_twice(model, fleet):
    with serving(model) as server:
        wanted = post(server, "q", max_tokens=150).json()["choices"][0]["message"]["content"]
    told = ""
    with serving(fleet) as server:
        for _, chunk in stream(server, "q", max_tokens=150):
            told += joined([chunk])
            for worker in fleet._workers:
                if worker.held and told:
                    worker.process.kill()
    assert told == wanted


@contextmanager
def commanded(folder):
    """The command with two workers in a process group of its own; yields it and its address."""
    command = [sys.executable, *f"-m sailbench.cli serve --model {folder} --name m --port 0 --workers 2".split()]
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **how) as child:
        try:
            yield child, SimpleNamespace(url=child.stdout.readline().split("served at ")[1].split(";")[0])
        finally:
            child.kill()


def begun(server, **more):
    """The chunks to the first words, and those that will follow."""
    following, first = (chunk for _, chunk in stream(server, "q", **more)), []
    while not joined(first):
        first.append(next(following))
    return first, following


def test_a_signal_to_the_whole_group_ends_the_command_when_its_streams_have_ended(model_folder):
    with commanded(model_folder) as (child, server):
        _, following = begun(server, max_tokens=300, **USAGE)
        os.killpg(child.pid, signal.SIGTERM)
        assert ([*following][-1]["usage"]["completion_tokens"], child.wait(20)) == (300, 0)
        assert child.stdout.read() == "1 requests answered, 0 refused\n"


def test_when_every_worker_has_been_killed_clients_and_the_health_page_are_told(fleet):
    with serving(fleet) as server:
        _, following = begun(server, max_tokens=30_000)
        for worker in fleet._workers:
            os.kill(worker.process.pid, signal.SIGKILL)
        told, refused = [*following][-1], post(server)
        health = httpx.get(server.url.removesuffix("v1") + "health")
    why = "every worker process has died"
    assert refused.json()["error"] == {"message": why, "type": "server_error", "param": None, "code": None}
    assert (told["error"]["type"], "died" in told["error"]["message"]) == ("server_error", True)
    assert (refused.status_code, refused.headers["retry-after"], health.status_code) == (503, "1", 503)
    assert health.json() == {"status": "failed", "waiting": 0, "why": why}


def test_when_every_worker_has_been_killed_the_command_ends_with_one_line_and_an_error(model_folder):
    with commanded(model_folder) as (child, server):
        workers = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        assert (len(workers), post(server, max_tokens=3).status_code) == (2, 200)
        for worker in workers:
            os.kill(int(worker), signal.SIGKILL)
        assert (child.wait(20), child.stderr.read().splitlines()[-1]) == (
            1,
            "sailbench: every worker process has died; start the server anew",
        )
