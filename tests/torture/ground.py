"""The ground that faults are injected on: a benchmark of text, a server that answers it, and what a calm run stores."""

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sailbench.cli import main

ROOT = Path(__file__).resolve().parents[2]
TASK = '''"""Rows of text, two options."""

from sailbench.families import choice
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"), choices=row.choices())


TASK = choice(read)
'''
CONCURRENCY = 4
# What a kill may cost: the requests in flight, and an answer on its way to the journal or just being written.
IN_FLIGHT = CONCURRENCY + 2
# Of a journal's line, what a calm run and a disturbed one must share.
SAME = ("key", "text", "finish", "error", "tokens_in", "tokens_out")


@dataclass
class Tally:
    """A row of the table. `wrong` counts answers and grades that differ from a calm run's, and every misbehaviour."""

    fault: str
    injected: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    note: str = ""

    def expect(self, holds, what):
        """A misbehaviour where it does not hold; the first one is told."""
        if not holds:
            self.wrong += 1
            if not self.note.startswith("NOT"):
                self.note = "NOT: " + " ".join(what.split())

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.wrong)


@dataclass(frozen=True)
class Done:
    code: int | None
    said: str


def write_rows(folder, size):
    """The task's file and its rows; every fifth question has a tilde, for models that stumble over it."""
    draw = random.Random(size)
    (folder / "text.py").write_text(TASK)
    options = {"A": "one", "B": "two"}
    asked = (f"q{i}~" if i % 5 == 0 else f"q{i}" for i in range(size))
    rows = ({"id": str(i), "question": q, "answer": draw.choice("AB")} | options for i, q in enumerate(asked))
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def environment():
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def here(argv):
    """A command in this process; what escapes it is shown as its traceback."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            code = main([str(one) for one in argv])
        except SystemExit as error:
            code = error.code
        except Exception:  # what a user would see as a traceback is what is looked for
            traceback.print_exc()
            code = 1
    for thread in threading.enumerate():
        if thread.name == "request":  # a process would be gone with what it asks
            thread.join(10)
    return Done(code, said.getvalue())


def lines(path):
    """The records of a journal, read without the house's own reader."""
    if not path.exists():
        return []
    found = []
    for line in io.BytesIO(path.read_bytes()):
        with contextlib.suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return [one for one in found if isinstance(one, dict) and {"id", *SAME} <= one.keys()]


class Ground:
    """A folder with a task of `size` rows and a server for it; each run has a folder of results of its own."""

    def __init__(self, folder, server, size):
        folder.mkdir(parents=True)
        self.folder, self.server, self.size = folder, server, size
        self.model = ["--model", "openai:m", "--url", server.url, "--concurrency", str(CONCURRENCY)]
        write_rows(folder, size)

    def argv(self, out, *more):
        task, rows = self.folder / "text.py", self.folder / "rows.jsonl"
        asked = ["--tasks", str(task), "--data-dir", str(rows), "--out", str(self.folder / out)]
        return ["run", *self.model, "--name", "m", *asked, *more]

    def run(self, out, *more):
        return here(self.argv(out, *more))

    def start(self, out, *more, **how):
        """The same as a process of its own."""
        command = [sys.executable, "-m", "sailbench.cli", *self.argv(out, *more)]
        how = {"env": environment(), "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True} | how
        return subprocess.Popen(command, cwd=ROOT, **how)

    def place(self, out):
        return self.folder / out / "m"

    def journal(self, out):
        return self.place(out) / "text.jsonl"

    @cached_property
    def calm(self):
        """An undisturbed run: its journal's lines, and the files of its grades."""
        delay, self.server.delay = self.server.delay, 0.0
        done = self.run("calm")
        self.server.delay = delay
        assert done.code == 0, done.said
        self.server.asked.clear()
        return {str(one["id"]): _same(one) for one in lines(self.journal("calm"))}

    def answered(self, out):
        return [one for one in lines(self.journal(out)) if one["error"] is None]

    def check(self, out, tally):
        """Count what differs from the calm run, in the journal and in the grades."""
        stored = {}
        for one in self.answered(out):
            tally.doubled += one["id"] in stored
            stored[one["id"]] = _same(one)
        tally.lost += sum(id not in stored for id in self.calm)
        tally.wrong += sum(stored.get(id, own) != own for id, own in self.calm.items())
        tally.expect(self.grades(out) == self.grades("calm"), "grades as in a calm run")

    def grades(self, out):
        scores, summary = self.place(out) / "text.scores.jsonl", self.place(out) / "text.json"
        if not (scores.exists() and summary.exists()):
            return None
        record = json.loads(summary.read_bytes())
        return scores.read_bytes(), [record[name] for name in ("value", "n", "ungraded", "tokens_in", "tokens_out")]

    def resume(self, out, tally):
        """Run to the end and check; nothing disturbs it."""
        self.server.delay = 0.0
        done = self.run(out)
        tally.expect(done.code == 0, f"exit 0 when undisturbed ({done.said.strip()[-200:]})")
        self.check(out, tally)
        return done


def _same(line):
    return tuple(line[name] for name in SAME)
