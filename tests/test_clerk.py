"""Answers are stored beside the engine: it never waits for disk or grader, and nothing that was shown can be lost."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sailbench.clerk import ROOM, Clerk
from sailbench.store import Journal

ROOT = Path(__file__).resolve().parents[1]
# A run of 3,000 questions; `watch` is what shows an answer, `after` what the model does when it has given 2,000.
RUN = """
import os, resource, signal, sys, time
from pathlib import Path
from sailbench.models.fake import Fake
from sailbench.rows import Row
from sailbench.run import Overrides, collect, prepare, unanswered
from sailbench.store import Results
from sailbench.task import Task
from sailbench.types import Request, Sample, Score

def show(work, sample, request, response):
    print(sample.id, flush=True)

class Model(Fake):
    def answer(self, requests):
        for answered in super().answer(requests):
            yield answered
            if self.asked == 2000:
                AFTER

task = Task(read=lambda row: Sample(id=row.text("id"), question=row.text("id"), target=""), name="t",
            ask=lambda s: Request(turns=(s.question,)), rules={"official": lambda s, r: Score(1.0, "", "")})
work = prepare(task, [task.read(Row({"id": str(i)})) for i in range(3000)], "fake:A", Overrides())
results = Results(Path(sys.argv[1]), "m")
BEFORE
collect(Model(), unanswered([work], results), results, WATCH)
"""


def start(folder, watch="show", before="", after="pass"):
    code = RUN.replace("WATCH", watch).replace("BEFORE", before).replace("AFTER", after)
    command = [sys.executable, "-c", code, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored(folder):
    return Journal(folder / "m/t.jsonl").ids


def test_kill_9_loses_no_answer_that_was_shown(tmp_path):
    process = start(tmp_path, after="time.sleep(30)")
    shown = [process.stdout.readline().strip() for _ in range(700)]
    process.kill()
    shown += process.communicate()[0].split("\n")[:-1]
    assert process.returncode == -signal.SIGKILL and len(shown) >= 700
    assert set(shown) <= stored(tmp_path)


def test_ctrl_c_stores_and_shows_everything_that_was_answered(tmp_path):
    process = start(tmp_path, after="os.kill(os.getpid(), signal.SIGINT); time.sleep(30)")
    shown, said = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in said and process.returncode == -signal.SIGINT
    assert set(shown.split()) == stored(tmp_path) == {str(i) for i in range(2000)}


def test_ctrl_c_while_the_last_answers_are_stored_waits_for_them(tmp_path):
    slow = "lambda w, s, *_: print(s.id, flush=True) or time.sleep(0.001)"
    process = start(tmp_path, watch=slow)
    while int(process.stdout.readline()) < 2100:
        pass
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    assert "KeyboardInterrupt" in said and len(stored(tmp_path)) > 2100
    assert process.returncode == -signal.SIGINT


def test_a_full_disk_ends_the_run_with_its_sentence_and_what_was_stored_stays(tmp_path):
    process = start(tmp_path, before="resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))")
    shown, said = process.communicate(timeout=20)
    assert process.returncode == 1 and said.splitlines()[-1].startswith("sailbench.errors.StoreError: cannot write")
    assert set(shown.split()) == stored(tmp_path) and 100 < len(shown.split()) < 1000


def test_a_grader_that_fails_ends_the_run_with_its_error_and_answers_are_stored(tmp_path):
    process = start(tmp_path, watch="lambda w, s, *_: 1 / (s.id != '500')")
    said = process.communicate(timeout=20)[1]
    assert said.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert {str(i) for i in range(501)} <= stored(tmp_path)


def test_who_hands_in_does_not_wait():
    done, go = [], threading.Event()
    with Clerk(lambda one: go.wait(5) and done.append(one), "slow") as clerk:
        for i in range(5):
            clerk.hand(i)
        assert done == []
        go.set()
    assert done == [0, 1, 2, 3, 4]


def test_a_full_tray_makes_whoever_hands_in_wait():
    done = []
    with Clerk(lambda one: time.sleep(0.0001) or done.append(one), "slow") as clerk:
        for i in range(ROOM + 200):
            clerk.hand(i)
        assert len(done) >= 199
    assert done == list(range(ROOM + 200))


def test_after_a_failure_nothing_is_done_and_the_failure_is_raised_once():
    done = []
    with pytest.raises(ZeroDivisionError), Clerk(lambda one: done.append(1 / one), "divides") as clerk:
        for i in (1, 0, *[1] * 2 * ROOM):
            clerk.hand(i)
    assert done == [1.0]
