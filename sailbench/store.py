"""Where answers are kept: an append-only journal a task, by request key, that survives `kill -9`; and result files.

Only responses are precious. A line is written whole and at once; a torn last line is skipped when read and closed
before the next is written. Scores and summaries are recomputed from the journal and replaced as whole files.
"""

import errno
import fcntl
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, get_args

from sailbench.errors import StoreError
from sailbench.types import Finish, Response

# How a results folder is laid out, as its file `.format` says; raised when an older sailbench would misread it.
# Folders from before the file was written are laid out as 1 is.
FORMAT = 1
FINISHES = get_args(Finish)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def json_line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


def json_record(line: bytes) -> dict[str, Any]:
    """The object that a line holds, whatever editor went over it (line ends, byte order mark); else a ValueError."""
    try:
        record = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return record


def encoded(text: str) -> bytes:
    """UTF-8. Half a surrogate pair, which a model may write and UTF-8 cannot, becomes the escape that JSON has."""
    return text.encode("utf-8", "backslashreplace")


class Journal:
    """The responses of one task, a JSON line each; the last line of a key counts.

    `unreadable` counts the lines that hold no response, torn or edited: what they held is asked again. `ids` are the
    samples that had an answer when the journal was read, to whatever request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self.ids: set[str] = set()
        self._file: int | None = None
        self._responses: dict[str, Response] = dict(self._read())

    def get(self, key: str) -> Response | None:
        return self._responses.get(key)

    def answered(self, key: str) -> bool:
        """Whether the key needs no asking: errors do, at the next run."""
        response = self._responses.get(key)
        return response is not None and response.error is None

    def append(self, key: str, sample_id: str, response: Response, more: Mapping[str, Any] | None = None) -> None:
        """Write one line; on return it is with the operating system, so only a power cut can lose it."""
        text = response.text if len(response.texts) < 2 else list(response.texts)
        record = {
            "key": key,
            "id": sample_id,
            "text": text,
            "finish": response.finish,
            "error": response.error,
            "tokens_in": response.tokens_in,
            "tokens_out": response.tokens_out,
            "seconds": round(response.seconds, 4),
            **(more or {}),
        }
        self._write(encoded(json_line(record) + "\n"))
        self._responses[key] = response

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with _writing(self.path):  # some file systems tell only now that a disk was full
                os.close(file)

    def _write(self, line: bytes) -> None:
        with _writing(self.path):
            if self._file is None:
                self._file = self._open()
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
        return file

    def _read(self) -> Iterator[tuple[str, Response]]:
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if line.strip():
                        yield from self._held(line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror}") from error

    def _held(self, line: bytes) -> Iterator[tuple[str, Response]]:
        try:
            record = json_record(line)
            key, response = record["key"], _response(record)
            if not isinstance(key, str):
                raise ValueError("a key is a text")
        except (ValueError, KeyError):
            self.unreadable += 1
            return
        if response.error is None:
            self.ids.add(str(record.get("id")))
        yield key, response


def _response(record: Mapping[str, Any]) -> Response:
    """The response of a line, if it is one as `append` writes it; the figures of what it cost may be absent."""
    text, error = record["text"], record["error"]
    texts = tuple(text) if isinstance(text, list) else (text,)
    numbers = [record.get(name, 0) for name in ("tokens_in", "tokens_out", "seconds")]
    if not all(isinstance(one, str) for one in texts) or not isinstance(error, str | None):
        raise ValueError("texts and errors are texts")
    if not all(type(one) in (int, float) and math.isfinite(one) for one in numbers):
        raise ValueError("tokens and seconds are numbers")
    if record["finish"] not in FINISHES:
        raise ValueError(f"a finish is one of {FINISHES}")
    tokens_in, tokens_out, seconds = numbers
    return Response(
        texts=texts,
        tokens_in=int(tokens_in),
        tokens_out=int(tokens_out),
        seconds=float(seconds),
        finish=record["finish"],
        error=error,
    )


class Results:
    """A model's folder of result files: journals to append to, scores and summaries to replace."""

    def __init__(self, root: Path, model: str) -> None:
        self.folder = root / folder_name(model)
        self._journals: dict[str, Journal] = {}

    def journal(self, task: str) -> Journal:
        if task not in self._journals:
            self._journals[task] = Journal(self.folder / f"{task}.jsonl")
        return self._journals[task]

    def forget(self, task: str) -> None:
        """Set a task's journal aside (`--fresh`), under a name that no run reads; nothing is deleted."""
        path = self.folder / f"{task}.jsonl"
        if path.exists():
            names = (path.with_name(f"{task}.jsonl.old{number}") for number in count())
            with _writing(path):
                path.rename(next(name for name in names if not name.exists()))
        self._journals.pop(task, None)

    def write_scores(self, task: str, lines: Iterable[Mapping[str, Any]]) -> None:
        replace_lines(self.folder / f"{task}.scores.jsonl", lines)

    def write_summary(self, task: str, summary: Mapping[str, Any]) -> None:
        text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
        replace_file(self.folder / f"{task}.json", text + "\n")

    def close(self) -> None:
        for journal in self._journals.values():
            journal.close()

    def remarks(self) -> Iterator[str]:
        """What a user should know of the journals that were read, a line each."""
        for journal in self._journals.values():
            if journal.unreadable:
                lines = f"{journal.unreadable} lines" if journal.unreadable > 1 else "a line"
                yield f"{journal.path.name} has {lines} that cannot be read; what they held is asked again"

    @contextmanager
    def locked(self, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the folder for one writer; what is stored is read anew under the lock.

        A second run is told so instead of asking everything twice; or, where `waiting` is given, calls it with what
        it waits for, and waits.
        """
        with _writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("a")
        with lock:
            self._lock(lock.fileno(), waiting)
            self._journals.clear()
            _check_format(self.folder / ".format")
            try:
                yield
            finally:
                self.close()

    def _lock(self, file: int, waiting: Callable[[str], None] | None) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy = f"another run is writing to {self.folder}"
            if waiting is None:
                raise StoreError(f"{busy}; wait for it (--wait) or choose another --out") from None
            waiting(busy)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError(
                f"cannot lock {self.folder}: {error.strerror}; choose an --out on a disk that knows locks"
            ) from error


def _check_format(path: Path) -> None:
    """Mark a folder with the layout that is written into it; one of a later sailbench is left alone."""
    with _writing(path):
        said = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    if said == str(FORMAT):
        return
    if said:
        raise StoreError(
            f"{path.parent} was written by another version of sailbench (layout {said[:20]!r}, this one writes "
            f"{FORMAT}); go on with that version or choose another --out"
        )
    replace_file(path, f"{FORMAT}\n")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "free space or choose another --out" if error.errno in FULL else "choose another --out"
        raise StoreError(f"cannot write {path}: {error.strerror}; {hint}") from error


def folder_name(model: str) -> str:
    """A model's name as a folder: hub ids and paths keep their last part's meaning without slashes."""
    name = model.rstrip("/").rsplit("/", 1)[-1] if model.startswith((".", "/", "~")) else model.replace("/", "__")
    return re.sub(r"[^\w.@+-]+", "_", name).strip(".") or "model"


def replace_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a whole file of JSON Lines, as `replace_file` does."""
    replace_file(path, (json_line(record) + "\n" for record in records))


def replace_file(path: Path, text: str | Iterable[str]) -> None:
    """Write a whole file, at once or in pieces, so that a reader sees the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.part")
    try:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.writelines(map(encoded, (text,) if isinstance(text, str) else text))
            part.replace(path)
    except StoreError:
        with suppress(OSError):
            part.unlink()
        raise
