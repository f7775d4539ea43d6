"""A clock that is set back between the starts of a run, and that runs backwards within each."""

import os
import random
import shutil
import subprocess
import sys

from torture.ground import IN_FLIGHT, Tally, environment

# Stands before the C library's own functions, so that Python and every library see this clock.
LIBRARY = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long seconds(void) {
    static long asked;
    return atol(getenv("TORTURE_CLOCK")) - 60 * __sync_fetch_and_add(&asked, 1);
}

int clock_gettime(clockid_t id, struct timespec *told) {
    int failed = syscall(SYS_clock_gettime, id, told);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        told->tv_sec = seconds();
    return failed;
}

int gettimeofday(struct timeval *told, void *zone) {
    told->tv_sec = seconds();
    told->tv_usec = 0;
    return 0;
}

time_t time(time_t *told) {
    time_t now = seconds();
    if (told)
        *told = now;
    return now;
}
"""
# Where there is no compiler: Python's own clock alone.
MODULE = """
import itertools, os, time
steps = itertools.count()
time.time = lambda: float(os.environ["TORTURE_CLOCK"]) - 60.0 * next(steps)
time.time_ns = lambda: int(time.time() * 1e9)
"""
ASKED = "import time; print(time.time(), time.time())"


def clock_set_back(ground, times):
    """Each start of a killed run has an earlier clock that also runs backwards, and files dated at random."""
    tally = Tally("clock set back")
    ground.calm  # noqa: B018
    draw, server = random.Random(times), ground.server
    server.delay = 0.02
    clock = _clock(ground.folder / "clock", tally)
    for number in range(times):
        own = environment() | clock | {"TORTURE_CLOCK": str(4 * 10**9 // (number + 1))}
        own["PYTHONPATH"] = os.pathsep.join(filter(None, (clock.get("PYTHONPATH"), environment()["PYTHONPATH"])))
        if number == 0:
            first, second = map(float, _told(own))
            tally.expect(3.9e9 < second < first < 4e9, f"the clock runs backwards: {first}, then {second}")
        child = ground.start("out", env=own)
        server.reached(server.calls + draw.randint(2, ground.size // (times + 1)), patience=60)
        child.kill()
        tally.injected += 1
        said = child.communicate()[1]
        tally.expect("Traceback" not in said, f"no traceback: {said[-200:]}")
        for path in [ground.folder / "rows.jsonl", *ground.place("out").iterdir()]:
            os.utime(path, (draw.randint(0, 4 * 10**9),) * 2)
    ground.resume("out", tally)
    tally.doubled += max(0, server.calls - ground.size - times * IN_FLIGHT)
    return tally


def _clock(folder, tally):
    """What a process's environment needs to have this clock: a library before all others, or else a module."""
    folder.mkdir()
    compiler = shutil.which("cc")
    if compiler and sys.platform == "linux":
        (folder / "clock.c").write_text(LIBRARY)
        made = [compiler, "-shared", "-fPIC", "-O1", "-o", str(folder / "clock.so"), str(folder / "clock.c")]
        if subprocess.run(made, capture_output=True, check=False).returncode == 0:
            tally.note = "by a library that is loaded before the C library"
            return {"LD_PRELOAD": str(folder / "clock.so")}
    (folder / "sitecustomize.py").write_text(MODULE)
    tally.note = "by a module that replaces Python's clock"
    return {"PYTHONPATH": str(folder)}


def _told(own):
    return subprocess.run(
        [sys.executable, "-c", ASKED], env=own, capture_output=True, text=True, check=True
    ).stdout.split()
