"""Digests that are remembered: a file is hashed once, and never taken for what it was before."""

import hashlib
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sailbench.data import remembered
from sailbench.data.remembered import Remembered
from sailbench.errors import DataError


@pytest.fixture
def hashed(monkeypatch):
    """What was really read."""
    seen = []
    monkeypatch.setattr(remembered, "content_digest", lambda path: seen.append(path) or sha(path))
    return seen


def sha(path):
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def film(folder, name="a.mp4", content=b"x", age=60):
    """A file large enough to be worth remembering, last changed so many seconds ago."""
    path = folder / name
    path.write_bytes(content * 70_000)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_a_video_is_hashed_once_over_many_runs(tmp_path, hashed):
    path = film(tmp_path)
    assert {Remembered(tmp_path).of(str(path)) for _ in range(3)} == {sha(path)}
    assert len(hashed) == 1


@pytest.mark.parametrize("change", ["content", "time", "inode"])
def test_a_file_that_changed_is_hashed_anew(tmp_path, hashed, change):
    path = film(tmp_path)
    Remembered(tmp_path).of(str(path))
    if change == "content":
        path.write_bytes(b"y" * 70_001)
    elif change == "time":
        os.utime(path, (1e9, 1e9))
    else:
        stat = path.stat()
        film(tmp_path, "new", b"y")
        os.utime(tmp_path / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        (tmp_path / "new").replace(path)
    assert Remembered(tmp_path).of(str(path)) == sha(path)
    assert len(hashed) == 2


def test_what_was_changed_just_now_is_not_remembered(tmp_path, hashed):
    path = film(tmp_path, age=0)
    for _ in range(2):
        Remembered(tmp_path).of(str(path))
    assert len(hashed) == 2


@pytest.mark.parametrize("line", [b"\x00\xff", b"[1]", b'["p", "1", 2, 3, "x"]', b"{}", b"null", b'["p", 1, 2'])
def test_lines_that_cannot_be_read_are_passed_over(tmp_path, hashed, line):
    path = film(tmp_path)
    Remembered(tmp_path).of(str(path))
    with (tmp_path / "digests.jsonl").open("ab") as file:
        file.write(line)
    other = film(tmp_path, "b.mp4", b"y")
    Remembered(tmp_path).of(str(other))
    hashed.clear()
    again = Remembered(tmp_path)
    assert [again.of(str(one)) for one in (path, other)] == [sha(path), sha(other)]
    assert hashed == []


def remember_all(root):
    own = Remembered(root)
    return [own.of(str(path)) for path in sorted(root.glob("*.mp4"))]


def test_two_processes_remember_at_once(tmp_path):
    for n in range(40):
        film(tmp_path, f"{n:02}.mp4", bytes([n + 1]))
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        first, second = pool.map(remember_all, [tmp_path] * 2)
    assert first == second == [sha(path) for path in sorted(tmp_path.glob("*.mp4"))]
    for line in (tmp_path / "digests.jsonl").read_text().splitlines():
        assert len(json.loads(line)) == 5


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    path = film(tmp_path)
    assert Remembered(tmp_path / "cache").of(str(path)) == sha(path)
    assert Remembered(tmp_path / "cache").of(str(tmp_path / "gone")) == ""


def test_a_file_of_many_outdated_lines_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "MANY_LINES", 10)
    path = film(tmp_path)
    for n in range(12):
        os.utime(path, (n + 1, n + 1))
        Remembered(tmp_path).of(str(path))
    assert Remembered(tmp_path).of(str(path)) == sha(path)
    assert len((tmp_path / "digests.jsonl").read_text().splitlines()) < 5


def test_a_pulled_video_that_changed_stops_the_run_with_both_digests(tmp_path):
    from sailbench.data.locks import Guard, Locked, TaskLock, write_lock

    path = film(tmp_path)
    write_lock(tmp_path, "t", TaskLock({"a.mp4": Locked("0" * 64, 1)}))
    guard = Guard.of(tmp_path, "t", "`sailbench data pull t --accept`", accept=False)
    with pytest.raises(DataError, match=f"its sha256 was {'0' * 64}, now it is {sha(path)}.*pull t --accept"):
        guard.digest_of(str(path))
    assert Guard.of(tmp_path, "t", "", accept=True).digest_of(str(path)) == sha(path)
