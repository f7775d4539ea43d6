"""Where answers are kept: an append-only journal a task, by request key, that survives `kill -9`; and result files.

Only responses are precious. A line is written whole and at once; a torn last line is skipped when read and closed
before the next is written. Scores and summaries are recomputed from the journal and replaced as whole files.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError
from sailbench.types import Response


def json_line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


class Journal:
    """The responses of one task, a JSON line each; the last line of a key counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unreadable = 0
        self._responses: dict[str, Response] = dict(self._read())
        self._file: int | None = None

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
        self._write((json_line(record) + "\n").encode())
        self._responses[key] = response

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _write(self, line: bytes) -> None:
        try:
            if self._file is None:
                self._file = self._open()
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            raise StoreError(
                f"cannot write {self.path}: {error.strerror}; free space or choose another --out"
            ) from error

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            os.write(file, b"\n")
        return file

    def _read(self) -> Iterator[tuple[str, Response]]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                try:
                    record = json.loads(line)
                    yield record["key"], _response(record)
                except (ValueError, KeyError, TypeError):
                    self.unreadable += 1


def _response(record: Mapping[str, Any]) -> Response:
    text = record["text"]
    return Response(
        texts=tuple(text) if isinstance(text, list) else (str(text),),
        tokens_in=int(record["tokens_in"]),
        tokens_out=int(record["tokens_out"]),
        seconds=float(record["seconds"]),
        finish=record["finish"],
        error=record["error"],
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
            number = sum(1 for _ in self.folder.glob(f"{task}.jsonl.old*"))
            path.rename(path.with_name(f"{task}.jsonl.old{number}"))
        self._journals.pop(task, None)

    def write_scores(self, task: str, lines: Iterable[Mapping[str, Any]]) -> None:
        replace_file(self.folder / f"{task}.scores.jsonl", "".join(json_line(line) + "\n" for line in lines))

    def write_summary(self, task: str, summary: Mapping[str, Any]) -> None:
        text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
        replace_file(self.folder / f"{task}.json", text + "\n")

    def close(self) -> None:
        for journal in self._journals.values():
            journal.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one writer; a second run is told so instead of asking everything twice."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"another run is writing to {self.folder}; wait for it or choose another --out"
                ) from error
            try:
                yield
            finally:
                self.close()


def folder_name(model: str) -> str:
    """A model's name as a folder: hub ids and paths keep their last part's meaning without slashes."""
    name = model.rstrip("/").rsplit("/", 1)[-1] if model.startswith((".", "/", "~")) else model.replace("/", "__")
    return re.sub(r"[^\w.@+-]+", "_", name).strip(".") or "model"


def replace_file(path: Path, text: str) -> None:
    """Write a whole file so that a reader sees the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
