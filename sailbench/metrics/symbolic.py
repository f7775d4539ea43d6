"""Questions of equality that may take for ever, answered in time: a worker process computes, and is killed when late.

One worker a process, started at the first question and kept for the next; it ends with the process that asks.
"""

import atexit
import json
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from sailbench.errors import SailbenchError
from sailbench.metrics.algebra import EQUAL, ERROR, LATE

SECONDS = 10.0
SECONDS_TO_PRINT = 3.0  # what is no comparison takes milliseconds
LONGEST = 1000  # characters of an expression: the longest gold answers have some 300
DEEPEST = 60  # brackets within brackets
WORDIEST = 150  # letters that are no command's: each is an unknown to the parser, which takes 10 ms for it
START = 60.0  # seconds until a worker on a busy machine has loaded sympy
_COMMAND = re.compile(r"\\[A-Za-z]+")


class LateError(Exception):
    """The worker did not answer in time, or died of what it was asked."""


class Worker:
    """A process that answers one question at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def ask(self, name: str, arguments: Sequence[str | float], seconds: float) -> str:
        """The answer, a word; LateError when there is none after `seconds`."""
        with self._lock:
            if self._process is None:
                self._start()
                self._prove()
            return self._answer(name, arguments, seconds)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _answer(self, name: str, arguments: Sequence[str | float], seconds: float) -> str:
        question = json.dumps({"name": name, "arguments": list(arguments), "seconds": seconds})
        try:
            assert self._process is not None and self._process.stdin is not None
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=seconds)
        except (OSError, queue.Empty):
            line = ""
        if not line:
            self.stop()
            raise LateError(name)
        return str(json.loads(line))

    def _prove(self) -> None:
        """A parser that is not there must not look like answers that are not equal."""
        try:
            word = self._answer("same_structure", ("1", "1"), START)
        except LateError:
            word = LATE
        if word == LATE:
            raise SailbenchError(
                f"answers in LaTeX cannot be compared: the process that does it was not ready in {START:.0f} s; "
                "free some memory or processor time, and run the same command again"
            )
        if word != EQUAL:
            self.stop()
            raise SailbenchError(
                "answers in LaTeX cannot be compared: sympy's parser does not run; it needs antlr4-python3-runtime "
                "4.13.2: pip install antlr4-python3-runtime==4.13.2"
            )

    def _start(self) -> None:
        package = str(Path(__file__).resolve().parents[2])
        code = f"import sys; sys.path.insert(0, {package!r}); from sailbench.metrics.algebra import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self._answers = queue.Queue()
        threading.Thread(target=_read, args=(self._process, self._answers), daemon=True).start()


def _read(process: "subprocess.Popen[str]", answers: "queue.Queue[str]") -> None:
    """Every line, and an empty one at the end."""
    assert process.stdout is not None
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:
        pass  # closed while reading: the worker was stopped
    answers.put("")


@lru_cache(maxsize=1)
def _worker(process_id: int) -> Worker:
    worker = Worker()
    atexit.register(worker.stop)
    return worker


@lru_cache(maxsize=4096)
def answer(name: str, *arguments: str | float) -> str:
    """A question of `algebra.QUESTIONS`, answered: "equal", "unequal", "error" where sympy raises, or "late".

    What is longer, deeper or wordier than any answer is an error without being looked at.
    """
    if any(isinstance(own, str) and not _may_be_an_answer(own) for own in arguments):
        return ERROR
    try:
        return _worker(os.getpid()).ask(name, arguments, SECONDS)
    except LateError:
        return LATE


@lru_cache(maxsize=4096)
def printed(text: str) -> str | None:
    """What latex2sympy makes of a text, in Python's notation; None for nothing, or nothing in time."""
    try:
        word = _worker(os.getpid()).ask("printed", (text,), SECONDS_TO_PRINT)
    except LateError:
        return None
    return None if word in (ERROR, LATE) else word


def _may_be_an_answer(text: str) -> bool:
    if not text.strip() or len(text) > LONGEST:
        return False
    level = deepest = 0
    for sign in text:
        level += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, level)
    return deepest <= DEEPEST and sum(map(str.isalpha, _COMMAND.sub("", text))) <= WORDIEST
