"""Pulling, locking, verifying, packing and importing data, against a real server of files and in real folders."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from servers import publishing

from sailbench.cli import main
from sailbench.data import download
from sailbench.data.locks import read_lock
from sailbench.data.net import Mirrors
from sailbench.errors import DataError, UsageError

ROOT = Path(__file__).resolve().parents[1]
TASK = '''"""A benchmark of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Tsv
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("index"), question=row.text("question"), target=row.text("answer"),
                  choices=row.choices(), media=row.images("image"))


TASK = choice(read, sources=(Tsv(url="URL/mine.tsv", md5=MD5),))
'''
# The smallest GIF, a pixel; a tail behind it makes each picture another.
GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")


def table(rows=30):
    lines = ["index\tquestion\tA\tB\tanswer\timage"]
    for n in range(rows):
        lines.append(f"{n}\tq{n}\tone\ttwo\tA\t{base64.b64encode(GIF + bytes(300) + bytes([n])).decode()}")
    return ("\n".join(lines) + "\n").encode()


class Desk:
    """A user's folder with a task file and a cache, and the server that the task's rows are published at."""

    def __init__(self, folder, url, files):
        self.folder, self.url, self.files = folder, url, files
        self.task, self.cache = folder / "mine.py", folder / "cache"
        self.write()

    def write(self, md5=None):
        self.task.write_text(TASK.replace("URL", self.url).replace("MD5", repr(md5)))

    def run(self, *argv):
        return main(["data", *argv])

    @property
    def lock(self):
        return [json.loads(line) for line in (self.cache / "locks/mine.jsonl").read_text().splitlines()]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SAILBENCH_MIRRORS", raising=False)
    with publishing({"/mine.tsv": table()}) as (url, files):
        yield Desk(tmp_path, url, files)


def error_of(capsys):
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("sailbench: "), lines
    return lines[0]


def test_a_pull_tells_sizes_first_then_locks_every_file_and_medium(desk, capsys):
    assert desk.run("pull", str(desk.task)) == 0
    out = capsys.readouterr().out
    size = len(desk.files.files["/mine.tsv"])
    assert f"mine: 1 files, {size / 1000:.1f} kB" in out and "free in" in out
    assert "mine: 30 rows, 1 files, 30 media" in out
    file, *media = desk.lock
    assert file["sha256"] == hashlib.sha256(desk.files.files["/mine.tsv"]).hexdigest()
    assert media[7] == {"media": "7/0", "sha256": hashlib.sha256(GIF + bytes(300) + b"\x07").hexdigest()}


def test_a_dry_run_downloads_nothing(desk, capsys):
    assert desk.run("pull", str(desk.task), "--dry-run") == 0
    assert "1 files to download" in capsys.readouterr().out
    assert desk.files.names() == []
    assert not desk.cache.exists()


def test_a_pull_that_cannot_fit_is_refused_before_it_starts(desk, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))
    assert desk.run("pull", str(desk.task)) == 2
    assert "has 10 bytes free; free space, set SAILBENCH_CACHE" in error_of(capsys)
    assert desk.files.names() == []


def test_a_second_pull_asks_nothing_of_anyone(desk, capsys):
    desk.run("pull", str(desk.task))
    desk.files.asked.clear()
    assert desk.run("pull", str(desk.task)) == 0
    assert "mine: all there" in capsys.readouterr().out
    assert desk.files.asked == []


@pytest.mark.parametrize("ranges", [True, False])
def test_half_a_file_is_kept_and_taken_up_where_the_server_can(desk, monkeypatch, ranges):
    monkeypatch.setattr(download, "TRIES", 1)
    desk.files.ranges, desk.files.cuts = ranges, 1
    size = len(desk.files.files["/mine.tsv"])
    assert desk.run("pull", str(desk.task)) == 2
    assert (desk.cache / "tsv/mine.tsv.part").stat().st_size == size // 2
    assert desk.run("pull", str(desk.task)) == 0
    assert desk.files.asked[-1][2] == (f"bytes={size // 2}-" if ranges else None)
    assert (desk.cache / "tsv/mine.tsv").read_bytes() == desk.files.files["/mine.tsv"]


def test_a_server_that_does_not_tell_sizes_is_said_to(desk, capsys):
    desk.files.told = False
    assert desk.run("pull", str(desk.task)) == 0
    assert "the size of 1 of them is not told" in capsys.readouterr().out


def test_a_server_that_stalls_is_asked_again_then_given_up(desk, capsys, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.4)
    monkeypatch.setattr(download, "TRIES", 2)
    desk.files.pause = 1.5
    assert desk.run("pull", str(desk.task)) == 2
    assert "was cut off 2 times" in error_of(capsys)


def test_a_slow_server_is_waited_for(desk):
    desk.files.pause = 0.1
    assert desk.run("pull", str(desk.task)) == 0


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>sign in</html>", b"\n  <HTML>gone</HTML>"])
def test_a_web_page_with_status_200_is_no_data(desk, capsys, page):
    desk.files.page = page
    assert desk.run("pull", str(desk.task)) == 2
    assert "a web page instead of a file" in error_of(capsys)
    assert not (desk.cache / "tsv/mine.tsv").exists()


@pytest.mark.parametrize(("status", "times"), [(503, 3), (429, 3), (404, 1), (500, 3)])
def test_a_bad_moment_is_waited_out_and_a_refusal_is_not(desk, capsys, monkeypatch, status, times):
    monkeypatch.setattr(download, "TRIES", 3)
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    desk.files.status = status
    assert desk.run("pull", str(desk.task)) == 2
    assert f"HTTP {status}" in error_of(capsys) and len(desk.files.names()) == times


def test_who_is_refused_is_told_to_ask_for_access(desk, capsys):
    desk.files.status = 403
    desk.run("pull", str(desk.task))
    assert "HTTP 403" in (said := error_of(capsys)) and "ask its owner for access, and set HF_TOKEN" in said


def test_a_changed_upstream_file_shows_both_digests_and_the_command_that_accepts_it(desk, capsys):
    desk.run("pull", str(desk.task))
    before = hashlib.sha256(desk.files.files["/mine.tsv"]).hexdigest()
    desk.files.files["/mine.tsv"] = table(31)
    after = hashlib.sha256(table(31)).hexdigest()
    (desk.cache / "tsv/mine.tsv").unlink()
    capsys.readouterr()
    for _ in range(2):
        assert desk.run("pull", str(desk.task)) == 2
        said = error_of(capsys)
        assert f"was {before}, now it is {after}" in said and f"`sailbench data pull {desk.task} --accept`" in said
    assert len(desk.files.names()) == 2
    assert desk.run("pull", str(desk.task), "--accept") == 0
    assert (len(desk.files.names()), len(desk.lock)) == (2, 32)
    assert desk.run("verify", str(desk.task)) == 0


def test_a_file_that_changed_upstream_is_noticed_while_the_cached_one_is_intact(desk, capsys):
    desk.run("pull", str(desk.task))
    before = hashlib.sha256(desk.files.files["/mine.tsv"]).hexdigest()
    desk.files.files["/mine.tsv"] = table(31)
    after = hashlib.sha256(table(31)).hexdigest()
    assert desk.run("verify", str(desk.task)) == desk.run("verify", str(desk.task), "--offline") == 0
    capsys.readouterr()
    assert desk.run("verify", str(desk.task), "--upstream") == 2
    said = capsys.readouterr().err
    assert f"changed since it was pulled: its sha256 was {before}, now it is {after}" in said
    assert f"`sailbench data pull {desk.task} --accept` takes" in said
    assert (desk.cache / "tsv/mine.tsv").read_bytes() == table(30)
    desk.files.asked.clear()
    assert desk.run("pull", str(desk.task), "--accept") == desk.run("verify", str(desk.task)) == 0
    assert (desk.files.names(), len(desk.lock)) == ([], 32)


def test_what_did_not_change_upstream_is_asked_for_its_head_alone(desk, capsys):
    desk.run("pull", str(desk.task))
    desk.files.asked.clear()
    assert desk.run("verify", str(desk.task), "--upstream") == 0
    assert [way for way, *_ in desk.files.asked] == ["HEAD"]
    assert "as it was pulled, and as it is published" in capsys.readouterr().out


def test_a_server_that_tells_no_version_is_asked_for_the_file_to_compare_it(desk):
    desk.files.ranges = False
    desk.run("pull", str(desk.task))
    assert desk.run("verify", str(desk.task), "--upstream") == 0
    assert desk.files.names() == ["/mine.tsv"] * 2
    assert list((desk.cache / "tsv/refused").iterdir()) == []


def test_upstream_and_offline_exclude_each_other_and_a_server_that_is_gone_is_told(desk, capsys):
    desk.run("pull", str(desk.task))
    with pytest.raises(SystemExit, match="2"):
        desk.run("verify", str(desk.task), "--upstream", "--offline")
    desk.files.files.clear()
    capsys.readouterr()
    assert desk.run("verify", str(desk.task), "--upstream") == 2
    assert "HTTP 404" in error_of(capsys)


def test_a_stale_published_md5_is_accepted_by_the_command_that_the_error_names(desk, capsys):
    desk.write(md5="0" * 32)
    assert desk.run("pull", str(desk.task)) == 2
    assert f"`sailbench data pull {desk.task} --accept`" in error_of(capsys)
    assert desk.run("pull", str(desk.task), "--accept") == 0
    assert desk.run("pull", str(desk.task)) == desk.run("verify", str(desk.task)) == 0


def test_verify_names_what_changed_on_disk_even_if_its_time_did_not(desk, capsys):
    desk.run("pull", str(desk.task))
    path = desk.cache / "tsv/mine.tsv"
    stat = path.stat()
    path.write_bytes(path.read_bytes().replace(b"q7", b"Q7"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    capsys.readouterr()
    assert desk.run("verify", str(desk.task)) == 2
    said = capsys.readouterr()
    assert "mine: 1 differ" in said.out and "tsv/mine.tsv: its sha256 was" in said.err
    assert desk.run("pull", str(desk.task), "--accept") == desk.run("verify", str(desk.task)) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be someone else for a while")
def test_a_cache_that_belongs_to_someone_else_is_one_line():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "locks").mkdir()  # in a folder that is root's alone
        os.seteuid(65_534)
        try:
            with pytest.raises(DataError, match=r"Permission denied \(SAILBENCH_CACHE names another cache\)"):
                read_lock(Path(folder), "mine")
        finally:
            os.seteuid(0)


def test_a_lock_file_that_is_no_text_is_one_line(desk, capsys):
    desk.run("pull", str(desk.task))
    (desk.cache / "locks/mine.jsonl").write_bytes(b"\xff\xfe")
    capsys.readouterr()
    assert desk.run("verify", str(desk.task)) == 2
    assert "it is no text; delete it to pin anew" in error_of(capsys)


def test_what_was_not_pulled_cannot_be_verified_or_packed(desk, capsys):
    assert desk.run("verify", str(desk.task)) == 2
    assert f"mine was not pulled here: `sailbench data pull {desk.task}`" in error_of(capsys)
    assert desk.run("pack", str(desk.task), "--to", str(desk.folder / "x.tar")) == 2


# Mirrors


def test_mirrors_are_tried_in_order_the_published_address_last(desk, monkeypatch, tmp_path):
    desk.write()
    with publishing({"/mine.tsv": table()}) as (second, there), publishing({}) as (first, empty):
        monkeypatch.setenv("SAILBENCH_MIRRORS", second)
        assert desk.run("pull", str(desk.task), "--mirror", first) == 0
        assert [empty.names(), there.names(), desk.files.names()] == [["/mine.tsv"], ["/mine.tsv"], []]


def test_a_mirror_with_other_content_is_refused(desk, capsys):
    desk.write(md5=hashlib.md5(table()).hexdigest())
    with publishing({"/mine.tsv": table(3)}) as (mirror, _):
        assert desk.run("pull", str(desk.task), "--mirror", mirror) == 2
    assert "is what" in error_of(capsys)


def test_a_mirror_may_stand_for_a_part_of_an_address():
    mirrors = Mirrors.of({"SAILBENCH_MIRRORS": "https://m/x, https://a/b/=http://c/"}, ["https://o/"])
    assert mirrors.addresses("https://a/b/t.tsv") == ["https://o/b/t.tsv", "https://m/x/b/t.tsv", "http://c/t.tsv"]
    with pytest.raises(UsageError, match="'ftp://x' is no mirror"):
        Mirrors.of({}, ["ftp://x"])


# Addresses in rows


def test_addresses_in_rows_are_fetched_only_when_allowed(desk, capsys):
    desk.files.files["/a.gif"] = GIF
    desk.files.files["/mine.tsv"] = f"index\tquestion\tA\tanswer\timage\n1\tq\tx\tA\t{desk.url}/a.gif\n".encode()
    assert desk.run("pull", str(desk.task)) == 3
    assert "1 media cannot be read, such as 1/0: row 0 names an address" in capsys.readouterr().out
    assert "/a.gif" not in desk.files.names()
    assert desk.run("pull", str(desk.task), "--fetch-urls", "--accept") == 0
    assert desk.lock[-1]["sha256"] == hashlib.sha256(GIF).hexdigest()
    assert any(line.get("file", "").startswith("urls/") for line in desk.lock)


# Offline

NO_SOCKETS = """
import socket, sys
def refuse(*_, **__): raise AssertionError("a socket was opened")
socket.socket.__init__ = socket.create_connection = socket.getaddrinfo = refuse
from sailbench.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_sockets(desk, *argv):
    return subprocess.run(
        [sys.executable, "-c", NO_SOCKETS, *argv], capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_a_run_offline_opens_no_socket(desk):
    desk.run("pull", str(desk.task))
    argv = ["run", "--model", "fake", "--tasks", str(desk.task), "--offline", "--out", str(desk.folder / "out")]
    done = without_sockets(desk, *argv)
    assert done.returncode == 0, done.stderr
    assert json.loads((desk.folder / "out/fake/mine.json").read_text())["n"] == 30


def test_offline_without_data_says_so_and_opens_no_socket(desk):
    argv = ["run", "--model", "fake", "--tasks", str(desk.task), "--offline", "--out", str(desk.folder / "out")]
    for command in (argv, ["data", "pull", str(desk.task), "--offline"], ["data", "verify", str(desk.task)]):
        done = without_sockets(desk, *command)
        assert done.returncode == 2 and "AssertionError" not in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


# Packing


def packed(desk, monkeypatch):
    """An archive of the task, and a second, empty cache that is the current one from here on."""
    desk.run("pull", str(desk.task))
    assert desk.run("pack", str(desk.task), "--to", str(desk.folder / "a.tar")) == 0
    monkeypatch.setenv("SAILBENCH_CACHE", str(desk.folder / "other"))
    return desk.folder / "a.tar"


def test_what_is_packed_runs_elsewhere_without_network(desk, monkeypatch, capsys):
    archive = packed(desk, monkeypatch)
    desk.files.asked.clear()
    assert desk.run("import", str(archive)) == 0
    assert "1 files are new; locked: mine" in capsys.readouterr().out
    assert desk.run("verify", str(desk.task)) == desk.run("pull", str(desk.task), "--offline") == 0
    assert desk.files.asked == []
    assert desk.run("import", str(archive)) == 0
    assert "0 files are new" in capsys.readouterr().out


def test_the_same_data_give_the_same_archive(desk, monkeypatch):
    first = packed(desk, monkeypatch)
    desk.run("import", str(first))
    for name in ("b.tar", "c.tar"):
        assert desk.run("pack", str(desk.task), "--to", str(desk.folder / name)) == 0
    assert (desk.folder / "b.tar").read_bytes() == (desk.folder / "c.tar").read_bytes()


def rewritten(archive, change):
    """The archive with other members: `change` gets (name, bytes) of each and yields what stands instead."""
    made = archive.with_name("changed.tar")
    with tarfile.open(archive) as old, tarfile.open(made, "w") as new:
        for info in old:
            for name, content in change(info.name, old.extractfile(info).read()):
                own = tarfile.TarInfo(name)
                own.size = len(content)
                new.addfile(own, io.BytesIO(content))
    return made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n, c: [(n, c.replace(b"q7", b"Q7"))], "mine.tsv is damaged: its sha256 is"),
        (
            lambda n, c: [] if n.endswith(".tsv") else [(n, c)],
            "lacks 1 files that its lock names, such as tsv/mine.tsv",
        ),
        (lambda n, c: [(n, c), ("tsv/evil.tsv", b"x")] if n.endswith(".tsv") else [(n, c)], "its lock does not name"),
        (lambda n, c: [(n, c), ("../evil", b"x")] if n.endswith(".tsv") else [(n, c)], "do not trust it"),
        (lambda n, c: [(n, c.replace(b"tsv/mine", b"locks/mine"))], "outside the cache's data"),
        (lambda n, c: [(n, c.replace(b"tsv/mine", b"../../mine"))], "outside the cache's data"),
        (lambda n, c: [] if n.endswith(".json") else [(n, c)], "is no archive of `sailbench data pack`"),
        (lambda n, c: [(n, b"{}" if n.endswith(".json") else c)], "is no archive of `sailbench data pack`"),
    ],
)
def test_an_archive_that_was_tampered_with_is_refused(desk, monkeypatch, capsys, change, said):
    made = rewritten(packed(desk, monkeypatch), change)
    capsys.readouterr()
    assert desk.run("import", str(made)) == 2
    assert said in error_of(capsys)
    assert not (desk.folder / "evil").exists()


def test_a_cut_archive_is_refused_and_taken_whole_later(desk, monkeypatch, capsys):
    archive = packed(desk, monkeypatch)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    assert desk.run("import", str(archive)) == 2
    archive.write_bytes(content)
    assert desk.run("import", str(archive)) == 0


def test_an_archive_with_other_data_than_were_pulled_here_shows_both_digests(desk, monkeypatch, capsys):
    archive = packed(desk, monkeypatch)
    desk.files.files["/mine.tsv"] = table(31)
    desk.run("pull", str(desk.task))
    capsys.readouterr()
    assert desk.run("import", str(archive)) == 2
    assert "changed since it was pulled: its sha256 was" in error_of(capsys)
    assert desk.run("import", str(archive), "--accept") == desk.run("verify", str(desk.task)) == 0


# LMUData


def test_a_vlmevalkit_folder_is_taken_in_by_name_or_digest(desk, capsys):
    content = table()
    lmu = desk.folder / "LMUData"
    lmu.mkdir()
    (lmu / "Otherwise_Called.tsv").write_bytes(content)
    desk.write(md5=hashlib.md5(content).hexdigest())
    assert desk.run("import", str(lmu), "--tasks", str(desk.task)) == 0
    assert "mine: mine.tsv" in capsys.readouterr().out
    assert desk.run("pull", str(desk.task), "--offline") == 0
    assert desk.files.asked == []


def test_images_that_the_toolkit_keeps_beside_its_table_come_along(desk):
    lmu = desk.folder / "LMUData"
    (lmu / "images/mine").mkdir(parents=True)
    (lmu / "images/mine/0.gif").write_bytes(GIF)
    (lmu / "mine_local.tsv").write_text("index\tquestion\tA\tanswer\timage_path\n0\tq\tx\tA\t0.gif\n")
    desk.task.write_text(desk.task.read_text().replace('images("image")', 'images("image_path")'))
    assert desk.run("import", str(lmu), "--tasks", str(desk.task)) == 0
    assert desk.run("pull", str(desk.task), "--offline") == 0
    assert desk.lock[-1]["sha256"] == hashlib.sha256(GIF).hexdigest()


def test_a_folder_without_tables_is_no_lmudata(desk, capsys):
    (desk.folder / "empty").mkdir()
    assert desk.run("import", str(desk.folder / "empty"), "--tasks", str(desk.task)) == 2
    assert "holds no TSV files" in error_of(capsys)
    assert desk.run("import", str(desk.folder / "nowhere")) == 2
