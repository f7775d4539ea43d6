"""The HTTP around a feed: addresses, keys, limits, streams, and an end that loses nothing."""

import hmac
import json
import queue
import select
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sailbench.serve import asked
from sailbench.serve.answer import Answer
from sailbench.serve.asked import Asked, Rules
from sailbench.serve.feed import Feed, Ticket
from sailbench.serve.refusal import Refusal, refused
from sailbench.serve.told import Head
from sailbench.types import Response

# How long a client may take to send or to read before it is given up, and how often a stream says that it lives.
PATIENCE_SECONDS = 60.0
BEAT_SECONDS = 10.0
# A refused body is read and thrown away up to here, so that the client is there to read why.
DRAINED_BYTES = 512_000_000
IDLE_CONNECTIONS = 64


class GoneError(Exception):
    """The client no longer waits."""


@dataclass(slots=True)
class Counter:
    """What the server has done, for its health page and its last words."""

    answered: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str) -> None:
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)


class Server(ThreadingHTTPServer):
    """Listens at once; `serve_forever` answers. A thread a connection, one engine behind them all."""

    daemon_threads = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], feed: Feed, rules: Rules, key: str = "") -> None:
        self.feed, self.rules, self.counter = feed, rules, Counter()
        self.slots = threading.BoundedSemaphore(rules.limits.concurrency)
        self.stopping = False
        self.started = int(time.time())
        self._key = key.encode()
        self._most = rules.limits.concurrency + IDLE_CONNECTIONS
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host = f"[{self.server_name}]" if self.address_family == socket.AF_INET6 else str(self.server_address[0])
        return f"http://{host}:{self.server_port}/v1"

    def server_bind(self) -> None:
        """As the parent's grandparent does: the parent asks the network for the host's name, which can take seconds."""
        import socketserver

        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def admits(self, header: str) -> bool:
        """Whether the Authorization header holds the key; in the same time whatever it holds."""
        return not self._key or hmac.compare_digest(header.encode(), b"Bearer " + self._key)

    def stop(self) -> None:
        """Take nothing more, answer what was taken, close every connection, return."""
        self.stopping = True
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # ends waits for a next request; answers still go out
        self.feed.close()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            full = len(self._open) >= self._most
            if not full:
                self._open.add(request)
        if full:
            with suppress(OSError):
                request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_SECONDS
    disable_nagle_algorithm = True  # pieces of a stream are sent as they come
    server: Server

    def do_GET(self) -> None:
        self._answered(self._get)

    def do_POST(self) -> None:
        self._answered(self._post)

    def version_string(self) -> str:
        return "sailbench"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what is asked is the client's business."""

    def _answered(self, answer: Callable[[], None]) -> None:
        """Refusals become errors the client knows; a client that is gone is nobody's error."""
        try:
            answer()
        except Refusal as refusal:
            self.server.counter.add("refused")
            with suppress(OSError):
                self.send_record(refusal.status, refusal.record())
        except (GoneError, OSError):
            self.close_connection = True
        if self.server.stopping:
            self.close_connection = True

    def _get(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/health":
            self._tell_health()
            return
        self._check_key()
        model = self.server.rules.model
        card = {"id": model, "object": "model", "created": self.server.started, "owned_by": "sailbench"}
        found: dict[str, dict[str, Any]] = {
            "/v1/models": {"object": "list", "data": [card]},
            f"/v1/models/{model}": card,
        }
        if path not in found:
            refused(f"there is nothing at {path or '/'}", status=HTTPStatus.NOT_FOUND)
        self.send_record(HTTPStatus.OK, found[path])

    def _tell_health(self) -> None:
        feed = self.server.feed
        failure = feed.failure
        state = "failed" if failure else "stopping" if self.server.stopping else "ok"
        status = HTTPStatus.OK if state == "ok" else HTTPStatus.SERVICE_UNAVAILABLE
        self.send_record(status, {"status": state, "waiting": feed.waiting} | ({"why": failure} if failure else {}))

    def _post(self) -> None:
        length = self._length()
        try:
            self._check(self.path.partition("?")[0].rstrip("/"), length)
            if not self.server.slots.acquire(blocking=False):
                refused("too many requests are being answered; try again", status=HTTPStatus.TOO_MANY_REQUESTS)
        except Refusal:
            self._drain(length)
            raise
        try:
            content = self.rfile.read(length)
            if len(content) < length:
                raise GoneError
            request = asked.read(content, self.headers.get("X-Sailbench-Needs", ""), self.server.rules)
            try:
                self._answer(request)
            finally:
                request.release()
        finally:
            self.server.slots.release()

    def _length(self) -> int:
        """How long the body is. Raises Refusal, and ends the connection, where that is not said."""
        text = self.headers.get("Content-Length", "")
        if not text.isdecimal():
            self.close_connection = True
            refused("the length of the body must be given", status=HTTPStatus.LENGTH_REQUIRED)
        return int(text)

    def _check(self, path: str, length: int) -> None:
        """Raise Refusal for what will not be answered whatever its body says."""
        megabytes = self.server.rules.limits.megabytes
        kind = self.headers.get_content_type() if "Content-Type" in self.headers else "application/json"
        self._check_key()
        if path != "/v1/chat/completions":
            refused(f"there is nothing at {path or '/'}", status=HTTPStatus.NOT_FOUND)
        if length > megabytes * 1_000_000:
            refused(f"the body is larger than {megabytes} MB", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        # A web page can post plain text to any address, JSON only to one that allows it.
        if kind != "application/json" or self.headers.get("Content-Encoding", "identity") != "identity":
            refused("the body must be application/json", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)

    def _check_key(self) -> None:
        if not self.server.admits(self.headers.get("Authorization", "")):
            refused("the API key is missing or wrong", status=HTTPStatus.UNAUTHORIZED)

    def _drain(self, length: int) -> None:
        if length > DRAINED_BYTES:
            self.close_connection = True
            return
        while length > 0 and (piece := self.rfile.read(min(length, 1 << 20))):
            length -= len(piece)

    def _answer(self, request: Asked) -> None:
        ticket = self.server.feed.ask(request.request, request.live)
        head = Head(model=self.server.rules.model, id=f"chatcmpl-{uuid.uuid4().hex}", created=int(time.time()))
        answer = Answer(self, head, request)
        try:
            answer.follow(ticket)
        except Refusal as refusal:
            if not answer.begun:
                raise
            self.server.counter.add("refused")
            answer.break_off(refusal)
        else:
            self.server.counter.add("answered")
        finally:
            ticket.leave()

    def await_next(self, ticket: Ticket) -> Response | None:
        """A piece or the response; None after a while. Raises GoneError with a client that left."""
        for _ in range(int(BEAT_SECONDS)):
            if not self.server.stopping and _left(self.connection):
                raise GoneError
            with suppress(queue.Empty):
                return ticket.next(1.0)
        return None

    def open_stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_chunk(self, piece: bytes) -> None:
        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def send_record(self, status: HTTPStatus, record: dict[str, Any]) -> None:
        content = json.dumps(record, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self.send_header("Retry-After", "1")
        if self.close_connection or self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def _left(connection: socket.socket) -> bool:
    """Whether the client has closed its end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
