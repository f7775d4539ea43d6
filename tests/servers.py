"""Real servers on loopback that do what a test tells them, misbehaviour included: OpenAI-compatible, and of files."""

import hashlib
import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def running(server):
    """The server, answering in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listening(handler):
    """A server on loopback that lets `handler` answer."""
    return running(ThreadingHTTPServer(("127.0.0.1", 0), handler))


@contextmanager
def served(reply):
    """A server whose `reply(body, number)` gives status, headers, payload; yields its address and what it got."""
    sent = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            sent.append((body, dict(self.headers)))
            status, headers, payload = reply(body, len(sent))
            content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}/v1", sent


def said(text, **more):
    message = {"content": text, **more}
    return (
        200,
        {},
        {
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 2},
        },
    )


class Files:
    """What a server of files gives, and what it was asked: (method, path, range, authorization).

    `ranges` says whether it knows them, `cuts` how many answers end half-way, `pause` how long it waits before each
    half, `page` replaces every file by a web page with status 200, `status` by an error.
    """

    def __init__(self, files):
        self.files, self.asked = files, []
        self.ranges, self.cuts, self.pause, self.page, self.status, self.told = True, 0, 0.0, None, None, True

    def names(self, method="GET"):
        return [path for way, path, _, _ in self.asked if way == method]


class FileHandler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        own = self.server.own
        own.asked.append((self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        body = own.files.get(self.path)
        if own.status or body is None:
            return self.answer(own.status or 404, b"<html>sorry</html>", {"Content-Type": "text/html"})
        if own.page is not None:
            return self.answer(200, own.page, {"Content-Type": "application/octet-stream"})
        etag, start = f'"{hashlib.md5(body).hexdigest()}"', 0
        if own.ranges and self.headers.get("If-Range") == etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        more = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        return self.answer(206 if start else 200, body[start:], {"ETag": etag, **more} if own.ranges else {})

    def answer(self, status, body, headers):
        own = self.server.own
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if own.told or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        if self.command == "HEAD":
            return
        half = len(body) // 2
        cut, own.cuts = own.cuts > 0, own.cuts - 1
        for piece in (body[:half],) if cut else (body[:half], body[half:]):
            time.sleep(own.pause)
            with suppress(ConnectionError):  # who asked went away
                self.wfile.write(piece)
                self.wfile.flush()


@contextmanager
def publishing(files):
    """A server of {path: bytes}; yields its address and the record that says how it behaves."""
    with listening(FileHandler) as server:
        server.handle_error = lambda *_: None  # who asked went away
        server.own = Files(files)
        yield f"http://127.0.0.1:{server.server_port}", server.own
