"""Runs that are killed, interrupted or started twice; every call is counted at the server."""

import random
import signal
import subprocess
import time

from torture.ground import CONCURRENCY, IN_FLIGHT, Tally

INTERRUPTED = 130
# How many samples a run asks between two kills, about.
BETWEEN = 20


def kill_9(ground, times):
    """One run, killed and started again: most kills fall while it asks, some while it starts, loads or grades."""
    tally = Tally("kill -9 at a random moment")
    ground.calm  # noqa: B018
    draw, server, late = random.Random(times), ground.server, max(1, times // 5)
    server.delay = 0.02
    while tally.injected < times - late and server.calls < ground.size:
        child, before = ground.start("out"), server.calls
        if draw.random() < 0.7:
            server.reached(before + draw.randint(1, BETWEEN), patience=30)
            time.sleep(draw.random() * 0.02)
        else:
            time.sleep(draw.random() * 1.2)
        _kill(child, tally)
    calls = server.calls
    server.delay = 0.0
    begun = time.monotonic()
    ground.start("out").communicate(timeout=300)
    took = time.monotonic() - begun
    calls = server.calls
    tries = iter(range(3 * times))
    while tally.injected < times and next(tries, None) is not None:  # what is killed now is loading and grading
        child = ground.start("out")
        time.sleep(draw.random() * took)
        _kill(child, tally)
    tally.expect(server.calls == calls, "nothing is asked again when all is answered")
    ground.resume("out", tally)
    again = server.calls - ground.size
    tally.doubled += max(0, again - tally.injected * IN_FLIGHT)
    tally.note = tally.note or f"{again} of {ground.size} calls were in flight and asked again"
    return tally


def _kill(child, tally):
    tally.injected += child.poll() is None
    child.kill()
    said = child.communicate()[1]
    tally.expect("Traceback" not in said, f"no traceback: {said[-200:]}")


def ctrl_c_once(ground, times):
    """What is in flight is answered and kept, nothing more is asked."""
    tally = Tally("Ctrl-C once (drains)")
    ground.calm  # noqa: B018
    draw, server = random.Random(times), ground.server
    for number in range(times):
        out = f"out{number}"
        server.asked.clear()
        server.delay = 0.1
        child = ground.start(out)
        server.reached(draw.randint(1, ground.size // 2))
        child.send_signal(signal.SIGINT)
        tally.injected += 1
        _ended(child, tally, 10)
        tally.expect(server.calls < ground.size, "nothing more is asked")
        tally.lost += server.calls - len(ground.answered(out))
        ground.resume(out, tally)
        tally.doubled += server.calls - ground.size
    return tally


def ctrl_c_twice(ground, times):
    """The second one ends at once, though the server keeps its answers back."""
    tally = Tally("Ctrl-C twice (stops)")
    ground.calm  # noqa: B018
    server = ground.server
    for number in range(times):
        out = f"out{number}"
        server.asked.clear()
        server.delay = 30.0
        child = ground.start(out)
        server.reached(CONCURRENCY)
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        tally.expect(child.poll() is None, "the first one waits for what is in flight")
        child.send_signal(signal.SIGINT)
        tally.injected += 1
        _ended(child, tally, 5)
        ground.resume(out, tally)
        tally.doubled += max(0, server.calls - ground.size - IN_FLIGHT)
    return tally


def _ended(child, tally, patience):
    try:
        said = child.communicate(timeout=patience)[1]
    except subprocess.TimeoutExpired:
        child.kill()
        said = child.communicate()[1]
        tally.expect(False, "the run ends when it is told to")
        return
    tally.expect(child.returncode == INTERRUPTED and "interrupted; every answer so far is kept" in said, said[-200:])
    tally.expect("Traceback" not in said, f"no traceback: {said[-200:]}")


def two_processes(ground, times):
    """While one run writes, another refuses, and with --wait it waits and then finds everything answered."""
    tally = Tally("two processes on one results folder")
    ground.calm  # noqa: B018
    server = ground.server
    for number in range(times):
        out = f"out{number}"
        server.asked.clear()
        server.delay = 0.05
        runs = [ground.start(out)]
        server.reached(1)
        refused = ground.run(out)
        tally.expect(refused.code == 2 and "another run is writing" in refused.said, f"refused: {refused.said}")
        runs += [ground.start(out, "--wait") for _ in range(2)]
        tally.injected += 1 + len(runs[1:])
        server.delay = 0.01
        for child in runs:
            said = child.communicate(timeout=60)[1]
            tally.expect(child.returncode == 0, f"both end well: {said[-200:]}")
        ground.check(out, tally)
        tally.doubled += server.calls - ground.size
    return tally
