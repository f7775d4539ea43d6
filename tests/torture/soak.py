"""Many samples through the fake model and through a small checkpoint, with faults switched on at random for minutes."""

import random
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

from torture.disks import small_files
from torture.ground import ROOT, SAME, Tally, environment, lines, write_rows

MODELS = {
    "fake": ["--model", "fake"],
    "small checkpoint": ["--model", "sailvl2-random", "--workers", "2", "--max-tokens", "4"],
}
# How much a process may grow for each sample after its first tenth: what it keeps of an answer to grade it.
BYTES_A_SAMPLE = 2500


@dataclass
class Soak:
    """Runs of one model over one benchmark, each disturbed until the time is over, then ended and checked."""

    name: str
    folder: object
    size: int
    seed: int = 0
    growth: list = field(default_factory=list)

    def __post_init__(self):
        self.folder.mkdir(parents=True)
        write_rows(self.folder, self.size)
        self.draw = random.Random(self.seed)

    @property
    def journal(self):
        return self.folder / "out" / "m" / "text.jsonl"

    def start(self):
        asked = ["--tasks", self.folder / "text.py", "--data-dir", self.folder / "rows.jsonl"]
        command = ["run", *MODELS[self.name], "--name", "m", *asked, "--out", self.folder / "out"]
        return subprocess.Popen(
            [sys.executable, "-m", "sailbench.cli", *map(str, command)],
            cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def disturbed(self, tally, until):
        """One run with a fault at a random moment; True when it ended by itself, all answered."""
        fault = self.draw.choice(FAULTS)
        size = self.journal.stat().st_size if self.journal.exists() else 0
        with small_files(size + self.draw.randint(10_000, 3_000_000)) if fault is None else nullcontext():
            child = self.start()
        end = min(until, time.monotonic() + self.draw.uniform(0.2, 30.0))
        while child.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        ended = child.poll() is not None
        if not ended and fault is WORKER:
            _kill_worker(child)
        elif not ended:
            child.send_signal(fault or signal.SIGKILL)
        tally.injected += not ended or child.returncode != 0
        said = _over(child, tally)
        tally.expect("Traceback" not in said, f"no traceback: {said[-300:]}")
        if self.draw.random() < 0.3 and self.journal.exists():
            _tear(self.journal, self.draw)
            tally.injected += 1
        return child.returncode == 0

    def finish(self, tally):
        """To the end, undisturbed; memory is watched in the run that asks most."""
        child, marks = self.start(), []
        while child.poll() is None:
            marks.append((self.journal.stat().st_size if self.journal.exists() else 0, _memory(child.pid)))
            time.sleep(0.2)
        said = child.communicate()[1]
        tally.expect(child.returncode == 0, f"exit 0 when undisturbed: {said[-300:]}")
        self._grown(marks, tally)

    def _grown(self, marks, tally):
        """Bytes that the process grew by for each byte of its journal after the first tenth."""
        asking = [mark for mark in marks if marks[-1][0] > mark[0] > marks[0][0] + (marks[-1][0] - marks[0][0]) * 0.1]
        if len(asking) < 10:
            return
        written, grown = asking[-1][0] - asking[0][0], asking[-1][1] - asking[0][1]
        a_sample = grown * marks[-1][0] / self.size / written
        self.growth.append(a_sample)
        tally.expect(a_sample < BYTES_A_SAMPLE, f"memory is flat: {a_sample:.0f} bytes a sample")

    def check(self, calm, tally):
        found = {}
        for one in lines(self.journal):
            if one["error"] is None:
                tally.doubled += one["id"] in found
                found[one["id"]] = tuple(one[name] for name in SAME)
        tally.lost += self.size - len(found)
        tally.wrong += sum(found[id] != calm[id] for id in found) if calm else 0
        return found


WORKER = "worker"
# None is a limit on the size of files.
FAULTS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM, None, WORKER)


def _kill_worker(child):
    """A process that the run has started, and the run itself where there is none."""
    found = subprocess.run(["pgrep", "-P", str(child.pid)], capture_output=True, text=True, check=False).stdout.split()
    try:
        subprocess.run(["kill", "-9", found[0] if found else str(child.pid)], check=False)
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)


def _over(child, tally):
    try:
        return child.communicate(timeout=90)[1]
    except subprocess.TimeoutExpired:
        child.kill()
        tally.expect(False, "a run ends when it is told to")
        return child.communicate()[1]


def _tear(journal, draw):
    """The last line cut off at a random byte."""
    content = journal.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    if last < len(content) - 2:
        with journal.open("r+b") as file:
            file.truncate(draw.randint(last + 1, len(content) - 2))


def _memory(pid):
    """Bytes of the process and of those that it started, shared pages counted once each."""
    total = 0
    for one in (pid, *_children(pid)):
        try:
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as file:  # noqa: PTH123
                total += next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


def _children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(one) for one in found.stdout.split()]


def soak(name, folder, size, minutes):
    """Runs under faults until the time is over; every run that ends is checked and another one begins."""
    tally = Tally(f"soak, {size:,} samples, {name}")
    until, rounds, calm, growth = time.monotonic() + 60 * minutes, 0, None, []
    while rounds == 0 or time.monotonic() < until:
        own = Soak(name, folder / f"round{rounds}", size, seed=rounds)
        while time.monotonic() < until and not own.disturbed(tally, until):
            continue
        own.finish(tally)
        found = own.check(calm, tally)
        calm = calm or found
        growth += own.growth
        rounds += 1
    tally.note = tally.note or f"{rounds} rounds" + (f", {max(growth):.0f} bytes a sample" if growth else "")
    return tally
