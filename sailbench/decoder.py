"""Decoding in a process of its own under a time limit, so that no video can hang or crash a run.

A process is started at the first video and answers one wish after another; its half of the talk is `serve`. A path, or
the video's bytes, go in; the frames' pixels come out. One that fails to answer becomes a `MediaError`, and the next
video gets a new process.
"""

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from sailbench.errors import MediaError
from sailbench.video import Film, Pixels, Span, counted, placing, take

# How long a video may take: this, and a second more for each megabyte. An hour of film has some 300.
SECONDS = 60.0


def frames(film: Film, n: int, span: Span | None = None) -> list[Pixels]:
    """The frames at their places, those of the whole video unless a span is given."""
    head, held = _pool().ask(film, {"n": n, "span": span and [span.start, span.end]})
    pixels = [Pixels((width, height), rgb) for (width, height), rgb in zip(head["sizes"], held, strict=True)]
    return [pixels[i] for i in head["order"]]


def count(film: Film) -> int:
    """How many frames the video has."""
    head, _ = _pool().ask(film, {})
    return int(head["count"])


Answer = tuple[dict[str, Any], list[bytes]]


class Pool:
    """Decoders at rest; a thread that finds none starts one."""

    def __init__(self) -> None:
        self._resting: list[Decoder] = []
        self._all: weakref.WeakSet[Decoder] = weakref.WeakSet()
        self._lock = threading.Lock()

    def ask(self, film: Film, wish: dict[str, Any]) -> Answer:
        """A decoder's answer. MediaError for what it cannot decode, dies of or does not finish in time."""
        with self._lock:
            resting = self._resting.pop() if self._resting else None
        decoder = resting if resting and resting.alive else Decoder()
        self._all.add(decoder)
        answer = decoder.ask(film, wish)
        with self._lock:
            self._resting.append(decoder)
        if "error" in answer[0]:
            raise MediaError(answer[0]["error"])
        return answer

    @property
    def processes(self) -> list[int]:
        """The processes of the decoders at rest."""
        return [decoder.process.pid for decoder in self._resting]

    def disown(self) -> None:
        """In a process that was forked off: let go of all decoders, also of those at work, which are the parent's."""
        for decoder in list(self._all):
            decoder.disown()
        self._all.clear()
        self._resting.clear()


@functools.cache
def _pool() -> Pool:
    pool = Pool()

    def forked() -> None:
        pool.disown()
        _pool.cache_clear()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forked)
    return pool


class Decoder:
    """A process that decodes. Once it has failed to answer it is ended."""

    def __init__(self) -> None:
        own = "import sys; sys.path[:] = sys.argv[1:]; from sailbench.decoder import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", own, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.end = weakref.finalize(self, _end, self.process)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def disown(self) -> None:
        """In a fork: leave the process alone, and close the copies of its pipes, whose end it could else not see."""
        self.end.detach()
        for pipe in (self.process.stdin, self.process.stdout):
            # What lies in the buffer is the parent's to send.
            pipe.raw.close()  # type: ignore[union-attr]
        self.process.poll()  # another's child counts as ended, and nobody waits for it

    def ask(self, film: Film, wish: dict[str, Any]) -> Answer:
        limit, begun = SECONDS + film.megabytes, time.monotonic()
        alarm = threading.Timer(limit, self.process.kill)
        alarm.start()
        try:
            return self._ask(film, wish | {"name": film.name, "seconds": limit})
        except (OSError, EOFError, ValueError) as error:
            self.end()
            late = time.monotonic() - begun >= limit
            why = f"took longer than {limit:.0f} s to decode" if late else "crashed the decoder"
            raise MediaError(f"{film.name} {why}") from error
        finally:
            alarm.cancel()

    def _ask(self, film: Film, wish: dict[str, Any]) -> Answer:
        wishes, answers = self.process.stdin, self.process.stdout
        assert wishes is not None and answers is not None
        path, content = (film.source, b"") if isinstance(film.source, str) else (None, film.source)
        wishes.write(json.dumps(wish | {"path": path, "length": len(content)}).encode() + b"\n")
        wishes.write(content)
        wishes.flush()
        head = json.loads(answers.readline())
        return head, [_exactly(answers, width * height * 3) for width, height in head.get("sizes", ())]


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError("the decoder is gone")
    return content


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


# Answering


def serve() -> None:
    """Answer on standard output what is asked on standard input, until it closes."""
    # What else is printed goes where errors go.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while line := sys.stdin.buffer.readline():
        wish = json.loads(line)
        film = Film(sys.stdin.buffer.read(wish["length"]) if wish["path"] is None else wish["path"], wish["name"])
        with _alarm(wish["seconds"]):
            head, pixels = _answered(film, wish)
        answers.write(json.dumps(head).encode() + b"\n")
        answers.writelines(one.rgb for one in pixels)
        answers.flush()


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """An end also for a decoder whose asker is gone: the signal stops it wherever it is."""
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 1)
    yield
    if hasattr(signal, "alarm"):
        signal.alarm(0)


def _answered(film: Film, wish: dict[str, Any]) -> tuple[dict[str, Any], list[Pixels]]:
    try:
        if "n" not in wish:
            return {"count": counted(film)}, []
        taken = take(film, placing(wish["n"], wish["span"] and Span(*wish["span"])))
    except MediaError as error:
        return {"error": str(error)}, []
    own = sorted(taken.found)
    sizes = [taken.found[place].size for place in own]
    return {"sizes": sizes, "order": [own.index(place) for place in taken.places]}, [taken.found[p] for p in own]
