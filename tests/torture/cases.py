"""Every fault with how often it is injected in the short form and in the long one, and on how many samples."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torture import clocks, disks, engine, hubs, kills
from torture.ground import Ground, Tally
from torture.server import answering


@dataclass(frozen=True)
class Case:
    """`run` takes a ground and how many times; `samples` is how many each time needs, `least` a run's fewest."""

    run: Callable[[Ground, int], Tally]
    short: int
    long: int
    samples: int = 0
    least: int = 40

    @property
    def name(self):
        return self.run.__name__

    def tally(self, times):
        with tempfile.TemporaryDirectory() as folder, answering() as server:
            size = max(self.least, self.samples * times)
            return self.run(Ground(Path(folder) / "ground", server, size), times)


CASES = (
    Case(kills.kill_9, 6, 200, samples=kills.BETWEEN + 10),
    Case(kills.ctrl_c_once, 1, 20),
    Case(kills.ctrl_c_twice, 1, 10),
    Case(kills.two_processes, 1, 10),
    Case(disks.full_disk, 2, 50, least=200),
    Case(disks.file_size_limit, 2, 100, least=60),
    Case(disks.read_only, 4, 20),
    Case(disks.torn_last_line, 3, 200),
    Case(disks.edited_by_hand, len(disks.EDITS), len(disks.EDITS)),
    Case(disks.another_age, 1, 5),
    Case(clocks.clock_set_back, 2, 20, samples=30, least=60),
    Case(engine.worker_killed, 1, 20, least=200),
    Case(engine.parent_killed, 1, 20, least=200),
    Case(engine.no_numbers, 1, 3),
    Case(engine.strange_pictures, 1, 20),
    Case(engine.hanging_videos, 1, 3),
    Case(hubs.strange_hubs, 1, 15),
)
