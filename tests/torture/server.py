"""An OpenAI-compatible server whose answer tells which question it was given, and that counts every call."""

import hashlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from servers import running

# Letters beyond ASCII, a separator that is no line end in JSON, and half a surrogate pair.
TAILS = ("", " é☃", " one\u2028two", " \ud83d", ' \\ "quoted" {}\n\tand more')


def answer_to(prompt):
    """A or B with a tail: a function of the prompt, so that an answer in a wrong place shows."""
    digest = hashlib.sha256(prompt.encode()).digest()
    return f"{'AB'[digest[0] % 2]}.{TAILS[digest[1] % len(TAILS)]} {digest.hex()[:6]}"


class Answering(ThreadingHTTPServer):
    """`delay` is how long an answer takes, `asked` how often each prompt came in."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.delay, self.asked, self.lock = 0.0, Counter(), threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def calls(self):
        return self.asked.total()

    def reached(self, calls, patience=60.0):
        """Whether so many calls came in before patience ended."""
        end = time.monotonic() + patience
        while self.calls < calls and time.monotonic() < end:
            time.sleep(0.001)
        return self.calls >= calls

    def handle_error(self, request, client_address):
        """A client that was killed is what this is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = "".join(part["text"] for part in body["messages"][-1]["content"])
        with self.server.lock:
            self.server.asked[prompt] += 1
        time.sleep(self.server.delay)
        said = {"choices": [{"message": {"content": answer_to(prompt)}, "finish_reason": "stop"}]}
        content = json.dumps(said | {"usage": {"prompt_tokens": 7, "completion_tokens": 2}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def answering():
    return running(Answering())
