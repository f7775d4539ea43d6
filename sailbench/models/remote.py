"""A model behind an OpenAI-compatible server: the model under test, or a judge. Many requests at once, retried.

Media are sent as the bytes they are; nothing is re-encoded but a video's frames. A key never leaves the header.
What the protocol has no words for (how finely images are looked at, which of them are a video's frames) goes into a
header of its own, which `sailbench serve` reads and every other server passes over.
"""

import base64
import io
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sailbench import media
from sailbench.errors import MediaError, ModelError
from sailbench.models import talks
from sailbench.models.interruption import Interruption
from sailbench.types import Media, Request, Response, Sampling

if TYPE_CHECKING:
    import httpx

# Statuses that another try may mend: the server is busy or stumbled.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
NEEDS = "X-Sailbench-Needs"
PAUSE = 0.02  # seconds between draws while there is no request
# What hosted models that reason call max_tokens, and say so when they are asked otherwise.
RENAMED = "max_completion_tokens"
LONGEST_REFUSAL, SHORTEST_HINT = 10_000, 6  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model is served and how hard it may be asked. `key` is kept out of every text."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    concurrency: int = 16
    timeout: float = 600.0
    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no text may hold: the key, and a password in the address."""
        found = re.match(r"[a-z]+://([^/?#]*)@", self.url)
        user, _, password = found[1].partition(":") if found else ("", "", "")
        return tuple(own for own in (self.key, unquote(password), password, "" if password else user) if own)


class AttemptError(Exception):
    """One try failed; `again` says whether another may help, `after` how long the server asks to wait."""

    def __init__(self, why: str, again: bool, after: float = 0.0) -> None:
        super().__init__(why)
        self.again, self.after = again, after


class Remote:
    """Asks an endpoint with up to `concurrency` requests in flight; answers come back in any order."""

    hardware = ""

    def __init__(self, endpoint: Endpoint, name: str = "", sleep: Callable[[float], None] = time.sleep) -> None:
        self.endpoint = endpoint
        self.name = name or endpoint.model
        self.identity = f"openai:{endpoint.model}"
        self.engine = "openai-compatible server"
        self._sleep = sleep
        self._limit = "max_tokens"

    def answer(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
        """Requests are drawn as slots become free, so that a stream of them may still be growing.

        None says that there is none for the moment: what has been answered meanwhile is handed on before the next draw.
        Ctrl-C draws no more, hands on what is in flight, which is paid for, and then raises KeyboardInterrupt.
        """
        import httpx

        limits = httpx.Limits(max_connections=self.endpoint.concurrency)
        with (
            httpx.Client(timeout=self.endpoint.timeout, limits=limits, follow_redirects=False) as client,
            Interruption() as interruption,
        ):
            flying: dict[Future[Response], Request] = {}
            for request in requests:
                if interruption:
                    break
                if request is None:
                    if not flying:
                        time.sleep(PAUSE)
                    yield from self._landed(flying, PAUSE)
                    continue
                flying[self._sent(client, request)] = request
                if len(flying) >= self.endpoint.concurrency:
                    yield from self._landed(flying)
            while flying:
                yield from self._landed(flying)
            if interruption:
                raise KeyboardInterrupt

    def _sent(self, client: "httpx.Client", request: Request) -> Future[Response]:
        """A thread each, and one that no exit waits for: a second Ctrl-C ends whatever the server is doing."""
        future: Future[Response] = Future()

        def fly() -> None:
            try:
                future.set_result(self._converse(client, request))
            except BaseException as error:  # handed over to the thread that waits
                future.set_exception(error)

        threading.Thread(target=fly, name="request", daemon=True).start()
        return future

    @staticmethod
    def _landed(
        flying: dict[Future[Response], Request], seconds: float | None = None
    ) -> Iterator[tuple[Request, Response]]:
        done, _ = wait(flying, seconds, return_when=FIRST_COMPLETED)
        for future in done:
            yield flying.pop(future), future.result()

    def _converse(self, client: "httpx.Client", request: Request) -> Response:
        """Every turn in order, each with the talk so far; the first failure ends it."""
        started = time.monotonic()
        system, given = talks.system(request), talks.given(request)
        messages: list[dict[str, Any]] = [] if system is None else [{"role": "system", "content": system}]
        so_far = Response()
        try:
            for number, content in enumerate(contents(request)):
                messages.append({"role": "user", "content": content})
                if number >= len(given):
                    headers = self._headers(request, number + 1)
                    so_far = _joined(so_far, self._try(client, self._body(request, messages), headers))
                messages.append({"role": "assistant", "content": [*given, so_far.text][min(number, len(given))]})
        except (AttemptError, MediaError) as error:
            so_far = replace(so_far, error=" ".join(str(error).split()), finish="error")
        return replace(so_far, seconds=time.monotonic() - started)

    def _body(self, request: Request, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        sampling = request.sampling
        body = {"model": self.endpoint.model, "messages": list(messages), "temperature": sampling.temperature}
        body |= {self._limit: sampling.max_tokens}
        if sampling.temperature > 0:
            body |= {"top_p": sampling.top_p, "seed": sampling.seed + sampling.draw}
        return body

    def _headers(self, request: Request, turns: int) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.endpoint.key}"} if self.endpoint.key else {}
        special = needs(request, turns)
        return headers | ({NEEDS: json.dumps(special, separators=(",", ":"))} if special else {})

    def _try(self, client: "httpx.Client", body: dict[str, Any], headers: Mapping[str, str]) -> Response:
        for attempt in range(self.endpoint.tries):
            try:
                return self._once(client, body, headers)
            except AttemptError as error:
                if not error.again or attempt + 1 == self.endpoint.tries:
                    raise
                self._sleep(max(error.after, self._pause(attempt)))
        raise AttemptError("the endpoint allows no tries", again=False)

    def _pause(self, attempt: int) -> float:
        """Exponential, with jitter so that requests that failed together do not return together."""
        full = min(self.endpoint.longest_wait, self.endpoint.first_wait * 2.0**attempt)
        return full * (0.5 + random.random() / 2)

    def _once(self, client: "httpx.Client", body: dict[str, Any], headers: Mapping[str, str]) -> Response:
        import httpx

        url = f"{self.endpoint.url.rstrip('/')}/chat/completions"
        try:
            reply = client.post(url, json=body, headers=headers)
        except httpx.TimeoutException:
            raise AttemptError(f"no answer within {self.endpoint.timeout:g} s", again=True) from None
        except httpx.HTTPError as error:
            raise AttemptError(f"the server cannot be reached: {type(error).__name__}", again=True) from None
        if reply.status_code != httpx.codes.OK:
            after = reply.headers.get("retry-after", "")
            why = f"the server says {reply.status_code}: {_said(reply.text, self.endpoint.secrets)}"
            again = reply.status_code in PASSING or self._renamed(reply, body)
            raise AttemptError(why, again, float(after) if after.isdecimal() else 0.0)
        try:
            return _response(reply.json())
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise AttemptError(f"the server's reply cannot be read: {type(error).__name__}", again=True) from None

    def _renamed(self, reply: "httpx.Response", body: dict[str, Any]) -> bool:
        """Whether the server wants the limit under its other name; it gets it from now on."""
        if reply.status_code != 400 or RENAMED in body or RENAMED not in reply.text:
            return False
        self._limit = RENAMED
        body[RENAMED] = body.pop("max_tokens")
        return True


def needs(request: Request, turns: int) -> dict[str, Any]:
    """What of a request's first turns the protocol cannot say, as far as it departs from what is usual."""
    usual, own = Sampling(), request.sampling
    special = {name: getattr(own, name) for name in ("detail", "enlarge", "thinking")}
    special = {name: value for name, value in special.items() if value != getattr(usual, name)}
    media = [part for turn in islice(talks.parts(request), turns) for part in turn if isinstance(part, Media)]
    videos = [own.frames if one.kind == "video" else 0 for one in media]
    talk = {"talk": True} if len(request.turns) > 1 or talks.more(request) else {}
    return special | talk | ({"videos": videos} if any(videos) else {})


def _said(text: str, secrets: Sequence[str]) -> str:
    """The beginning of what a server says, without what it was told in confidence: some quote a wrong key."""
    text = " ".join(text[:LONGEST_REFUSAL].split())
    for secret in secrets:
        # Its beginning or end alone, too: a quotation may be cut.
        for size in range(len(secret), min(len(secret), SHORTEST_HINT) - 1, -1):
            text = text.replace(secret[:size], "***").replace(secret[-size:], "***")
    return text[:200]


def _response(record: Mapping[str, Any]) -> Response:
    """One turn's answer; reasoning that the server keeps apart is put back in its tags."""
    choice, usage = record["choices"][0], record.get("usage") or {}
    message = choice["message"]
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    text = message["content"] or ""
    return Response(
        texts=(f"<think>{reasoning}</think>{text}" if reasoning else str(text),),
        tokens_in=int(usage.get("prompt_tokens") or 0),
        tokens_out=int(usage.get("completion_tokens") or 0),
        finish="length" if choice.get("finish_reason") == "length" else "stop",
    )


def _joined(first: Response, then: Response) -> Response:
    return replace(
        then,
        texts=first.texts + then.texts,
        tokens_in=first.tokens_in + then.tokens_in,
        tokens_out=first.tokens_out + then.tokens_out,
        finish="length" if "length" in (first.finish, then.finish) else "stop",
    )


def contents(request: Request) -> Iterator[list[dict[str, Any]]]:
    """Each turn as the parts of a message."""
    for turn in talks.parts(request):
        seen = [
            [{"type": "text", "text": p}] if isinstance(p, str) else shown(p, request.sampling.frames) for p in turn
        ]
        yield [part for each in seen for part in each]


def shown(one: Media, frames: int) -> list[dict[str, Any]]:
    """A medium as parts of a message: an image as it is, a video as its frames."""
    if one.kind == "image":
        return [_picture(_encoded(one))]
    return [_picture(_png(frame)) for frame in media.frames(one, frames)]


def _encoded(one: Media) -> bytes:
    if isinstance(one.source, bytes):
        return one.source
    if not isinstance(one.source, str):
        return one.source.read()
    try:
        return Path(one.source).read_bytes()
    except OSError as error:
        raise MediaError(f"{one.source} cannot be read: {error.strerror}") from error


def _png(frame: Any) -> bytes:
    out = io.BytesIO()
    frame.save(out, "PNG")
    return out.getvalue()


KINDS = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
)


def _picture(encoded: bytes) -> dict[str, Any]:
    kind = next((name for magic, name in KINDS if encoded.startswith(magic)), "")
    kind = kind or ("webp" if encoded[8:12] == b"WEBP" else "png")
    data = base64.b64encode(encoded).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}}


def check_url(url: str) -> str:
    """The address, if it is one of a web server; ModelError otherwise, which tells no password in it."""
    told = _told(url)
    if not url.startswith(("http://", "https://")):
        raise ModelError(f"{told!r} is no address of a server; give it like http://127.0.0.1:8000/v1")
    if {"?", "#"} & set(url):
        raise ModelError(f"{told!r} goes on behind its path; give it like http://127.0.0.1:8000/v1, the key apart")
    return url


def check_near(url: str) -> None:
    """ModelError unless the address is one of this machine; no name is looked up."""
    host = urlsplit(url).hostname or ""
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = host == "localhost"
    if not near:
        raise ModelError(f"--offline: {host} is another machine; leave out --offline, or name a server on this one")


def _told(url: str) -> str:
    """An address without user, password and query."""
    bare = re.split("[?#]", url)[0]
    scheme, slashes, rest = bare.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{place.rpartition('@')[2]}{slash}{path}" if slashes else bare.rpartition("@")[2]


def check_key(key: str) -> None:
    """A key with a line break or a letter that is not ASCII goes into no header."""
    if not all("!" <= sign <= "~" for sign in key):
        raise ModelError("the key holds a blank, a line break or another sign that no key has; set its variable anew")
