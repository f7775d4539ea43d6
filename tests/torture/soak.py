"""Many samples through the fake model and through the bundled checkpoint, with faults at random moments for minutes."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from torture.disks import small_files
from torture.ground import ROOT, SAME, Tally, environment, lines, write_rows

SCENES = '''"""Drawn scenes, asked in ever other words."""

from sailbench.families import contains
from sailbench.types import Sample, Sampling


def read(row):
    return Sample(
        id=row.text("id"), question=row.text("question"), target=(row.text("answer"),), media=row.images("image")
    )


TASK = contains(read, sampling=Sampling(max_tokens=4, detail="frame"))
'''


def write_scenes(folder, size):
    """The pictures of a smoke task; after each was asked about once, its question comes again with a number.

    All are as long, so that a run's later half needs no more room than its first.
    """
    from pyarrow import parquet

    with as_file(files("sailbench") / "smoke" / "mcq.parquet") as path:
        scenes = parquet.read_table(path).to_pylist()
    (folder / "scenes.py").write_text(SCENES)
    for scene in scenes:
        (folder / f"{scene['id']}.png").write_bytes(scene["image"])
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for number in range(size):
            again, place = divmod(number, len(scenes))
            scene = scenes[place]
            asked = f"{again:03}. {scene['question']}" if again else scene["question"]
            row = {"id": str(number), "question": asked, "answer": scene["answer"], "image": f"{scene['id']}.png"}
            file.write(json.dumps(row) + "\n")


@dataclass(frozen=True)
class Asked:
    """A model, and the benchmark that it is asked: what writes its rows and its task's file."""

    model: tuple[str, ...]
    write: Callable[[Path, int], None]
    task: str


MODELS = {
    "fake": Asked(("fake",), write_rows, "text"),
    "sailvl2-nano": Asked(("sailvl2-nano", "--workers", "2"), write_scenes, "scenes"),
}
# How much more memory a run may hold at its end than at its half, when all its caches are full; and a disturbed one
# than the undisturbed one, which asks most.
MORE = 1.1

WORKER, TWICE, LIMIT = "a worker", "Ctrl-C twice", "small files"
FAULTS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM, TWICE, LIMIT, WORKER)
# How a run may end after a fault; one that was done before ends with 0.
ENDS = {
    signal.SIGKILL: {-9},
    signal.SIGINT: {130, -2},
    signal.SIGTERM: {-15},
    TWICE: {130, -2},
    LIMIT: {2, -9},
    WORKER: {-9, 130, -2},
}


@dataclass
class Round:
    """Runs of one model over one benchmark and one results folder; `marks` are journal's size and memory, by time."""

    asked: Asked
    folder: Path
    size: int

    def __post_init__(self):
        self.folder.mkdir(parents=True)
        self.asked.write(self.folder, self.size)
        self.draw = random.Random(self.folder.name)
        self.peak = 0

    @property
    def journal(self):
        return self.folder / "out" / "m" / f"{self.asked.task}.jsonl"

    @property
    def written(self):
        return self.journal.stat().st_size if self.journal.exists() else 0

    def start(self):
        rows = ["--tasks", self.folder / f"{self.asked.task}.py", "--data-dir", self.folder / "rows.jsonl"]
        command = ["run", "--model", *self.asked.model, "--name", "m", *rows, "--out", self.folder / "out"]
        return subprocess.Popen(
            [sys.executable, "-m", "sailbench.cli", *map(str, command)], cwd=ROOT, env=environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def watched(self, child, until):
        """Marks while the run lives, or until a time."""
        marks = []
        while child.poll() is None and time.monotonic() < until:
            marks.append((self.written, _memory(child.pid)))
            time.sleep(max(0.0, min(0.5, until - time.monotonic())))
        self.peak = max(self.peak, *(memory for _, memory in marks or [(0, 0)]))
        return marks

    def disturbed(self, tally, patience, whole):
        """One run with a fault at a random moment; True when it ended by itself, all answered."""
        fault = self.draw.choice(FAULTS)
        most = self.written + self.draw.randint(1_000, whole // 2)
        with small_files(most) if fault is LIMIT else nullcontext():
            child = self.start()
        self.watched(child, time.monotonic() + self.draw.uniform(0.2, patience))
        ended = child.poll() is not None
        if not ended:
            _struck(child, fault)
        said = _over(child, tally)
        tally.injected += child.returncode != 0
        tally.expect(child.returncode in {0} | ENDS[fault], f"{fault} ends with {child.returncode}: {said[-300:]}")
        tally.expect("Traceback" not in said, f"no traceback: {said[-300:]}")
        if self.draw.random() < 0.3 and self.journal.exists():
            tally.injected += _torn(self.journal, self.draw)
        return child.returncode == 0

    def finish(self, tally):
        """To the end, undisturbed."""
        child = self.start()
        marks = self.watched(child, float("inf"))
        said = _over(child, tally)
        tally.expect(child.returncode == 0, f"exit 0 when undisturbed: {said[-300:]}")
        return marks

    def check(self, calm, tally):
        """Every sample once, with the answer of the undisturbed run."""
        found = {}
        for one in lines(self.journal):
            if one["error"] is None:
                tally.doubled += one["id"] in found
                found[one["id"]] = tuple(one[name] for name in SAME)
        tally.lost += self.size - len(found)
        tally.wrong += sum(found[id] != calm[id] for id in found) if calm else 0
        graded = self.journal.with_suffix(".scores.jsonl")
        tally.lost += self.size - (len(graded.read_bytes().splitlines()) if graded.exists() else 0)
        return found


def _struck(child, fault):
    """A fault for a run that lives; of small files, which it has not met yet, it is killed."""
    if fault is WORKER:
        _kill_worker(child)
        return
    signals = {TWICE: signal.SIGINT, LIMIT: signal.SIGKILL}
    child.send_signal(signals.get(fault, fault))
    if fault is TWICE:
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)


def _kill_worker(child):
    """A process that the run has started, and the run itself where there is none; interrupted when it goes on."""
    found = _children(child.pid)
    try:
        subprocess.run(["kill", "-9", str(found[0] if found else child.pid)], check=False)
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)


def _over(child, tally):
    """What a run that was told to end says; it leaves no process behind."""
    try:
        said = child.communicate(timeout=120)[1]
    except subprocess.TimeoutExpired:
        child.kill()
        tally.expect(False, "a run ends when it is told to")
        said = child.communicate()[1]
    end = time.monotonic() + 60
    while (left := _session(child.pid)) and time.monotonic() < end:
        time.sleep(0.05)
    tally.expect(not left, f"no process is left behind: {left}")
    return said


def _torn(journal, draw):
    """The last line cut off at a random byte, where there is one."""
    content = journal.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    if last >= len(content) - 2:
        return False
    with journal.open("r+b") as file:
        file.truncate(draw.randint(last + 1, len(content) - 2))
    return True


def _memory(pid):
    """Bytes of the process and of those that it started, shared pages counted once."""
    total = 0
    for one in (pid, *_children(pid)):
        try:
            with Path(f"/proc/{one}/smaps_rollup").open(encoding="ascii") as file:
                total += next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


def _children(pid):
    try:
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except OSError:
        return []


def _session(pid):
    """Processes of the session that began with this one."""
    found = subprocess.run(["pgrep", "-s", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.split()


def _flat(marks, tally):
    """Memory after a tenth of the journal, at its half and at its end, in words; after the half it must not grow."""
    asking = [mark for mark in marks if marks[-1][0] > mark[0] >= marks[-1][0] * 0.1]
    if len(asking) < 10:
        return ""
    half = next((memory for written, memory in asking if written >= marks[-1][0] * 0.5), asking[-1][1])
    start, end = asking[0][1], asking[-1][1]
    told = " ".join(f"{memory / 1e6:.0f}" for memory in (start, half, end))
    told = f"{told} MB after a tenth, at half, at the end"
    tally.expect(end < half * MORE, f"memory is flat: {told}")
    return told


def soak(name, folder, size, minutes, least=3):
    """An undisturbed run, then rounds under `least` faults or more, each checked, until the time is over."""
    tally, begun = Tally(f"soak, {size:,} samples, {name}"), time.monotonic()
    first = Round(MODELS[name], folder / "calm", size)
    memory = _flat(first.finish(tally), tally)
    calm, took, rounds = first.check({}, tally), time.monotonic() - begun, 0
    until, peak = begun + 60 * minutes - took, 0
    while rounds == 0 or time.monotonic() < until:
        own, faults = Round(MODELS[name], folder / f"round {rounds}", size), tally.injected
        while tally.injected < faults + least or time.monotonic() < until:
            if own.disturbed(tally, max(2.0, took / 2), first.written):
                break
        own.finish(tally)
        own.check(calm, tally)
        rounds, peak = rounds + 1, max(peak, own.peak)
    if memory:
        tally.expect(peak < first.peak * MORE, f"no run holds more: {peak / 1e6:.0f} of {first.peak / 1e6:.0f} MB")
        memory = f"; {memory}, at most {peak / 1e6:.0f} under faults"
    tally.note = tally.note or f"{rounds + 1} rounds{memory}"
    return tally
