"""A hub of data sets that is slow, silent, cut off, or answers with error pages, and pulls from it."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from servers import running

from torture.ground import ROOT, Tally, environment

COMMIT = "a1" * 20
TABLE = "data/test-00000-of-00001.parquet"
ROWS = 40
TASK = '''"""Rows on a hub of strangers."""

from sailbench.families import choice
from sailbench.rows import Hub
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"), choices=row.choices())


TASK = choice(read, sources=(Hub(repo="owner/REPO"),))
'''
# Pulls one task after another, each into a cache of its own, and tells how each went and how long it took.
PULLS = """
import contextlib, io, json, os, sys, time, traceback
from sailbench.cli import main
from sailbench.data import download
download.TIMEOUT_SECONDS = 1.0
for folder in sys.argv[2:]:
    os.environ["SAILBENCH_CACHE"] = f"{folder}/cache"
    said, begun = io.StringIO(), time.monotonic()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            code = max(main(["data", verb, f"{folder}/hub.py"]) for verb in sys.argv[1].split(","))
        except BaseException:
            traceback.print_exc()
            code = 1
    print(json.dumps([code, said.getvalue(), time.monotonic() - begun]), flush=True)
"""
PAGE = b"<!DOCTYPE html><html><body>Sorry, we are down for maintenance.</body></html>"
# What is wrong with an answer: its status, its body, the seconds before each half, and whether the second half comes.
WRONGS = {
    "slow": {"pause": 0.4},
    "silent": {"pause": 200.0},
    "half": {"cut": True},
    "an error page": {"body": PAGE},
    "a page and status 503": {"status": 503, "body": PAGE},
    "a page and status 500": {"status": 500, "body": PAGE},
    "too many questions": {"status": 429, "body": PAGE},
    "nothing": {"body": b""},
}
# Which requests of a pull ask for lists of files, counted from 0: the hub's library would wait for these without end.
LISTINGS = (5, 6, 8)
# The longest that a pull may take: what a hub may keep it waiting, and a busy machine.
PATIENCE = 90.0


def _table():
    import pyarrow
    from pyarrow import parquet

    draw, held = random.Random(ROWS), io.BytesIO()
    columns = {
        "id": [str(number) for number in range(ROWS)],
        "question": [draw.randbytes(2_000).hex() for _ in range(ROWS)],
        "answer": [draw.choice("AB") for _ in range(ROWS)],
        "A": ["one"] * ROWS,
        "B": ["two"] * ROWS,
    }
    parquet.write_table(pyarrow.table(columns), held)
    return held.getvalue()


class Hub(ThreadingHTTPServer):
    """Every repository of one owner holds the same table. `wrong` says what befalls which requests of a repository:
    a name of WRONGS, the first request that it befalls and the one after the last."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {TABLE: _table(), "README.md": b"---\npretty_name: strange\n---\n"}
        self.wrong, self.asked, self.whole, self.lock = {}, Counter(), Counter(), threading.Lock()

    def handle_error(self, request, client_address):
        """Who asked has gone away."""

    def fault(self, repo):
        with self.lock:
            number, self.asked[repo] = self.asked[repo], self.asked[repo] + 1
        name, first, end = self.wrong.get(repo, ("", 0, 0))
        return WRONGS[name] if first <= number < end else {}


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path, api = self.path.split("?")[0].removeprefix("/api"), self.path.startswith("/api")
        repo, _, rest = path.removeprefix("/datasets/owner/").partition("/")
        kind, _, name = rest.partition("/")
        name = name.partition("/")[2]
        fault = self.server.fault(repo)
        body = self._told(kind, name, repo) if api else self.server.files.get(name)
        if body is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, {})
            return
        etag = f'"{hashlib.sha1(body).hexdigest()}"'
        start = 0
        if self.headers.get("If-Range") == etag:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        own = {"ETag": etag, "X-Repo-Commit": COMMIT}
        if start:
            own["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        status = fault.get("status", 206 if start else 200)
        whole = self._send(status, fault.get("body", body[start:]), {} if "body" in fault else own, fault)
        if name == TABLE and self.command == "GET" and whole and not start and "body" not in fault:
            self.server.whole[repo] += 1

    def _told(self, kind, name, repo):
        """What the interface says of the repository, and of a folder's files."""
        if kind == "revision":
            return json.dumps({"id": f"owner/{repo}", "sha": COMMIT}).encode()
        start, all_of_it = f"{name}/" if name else "", "recursive=true" in self.path
        below = {path: body for path, body in self.server.files.items() if path.startswith(start)}
        if kind != "tree" or not below:
            return None
        near = (path for path in below if all_of_it or "/" not in path.removeprefix(start))
        shown = [_entry(path, below[path]) for path in near]
        if not (name or all_of_it):
            shown.append({"type": "directory", "path": "data", "oid": "0" * 40, "size": 0})
        return json.dumps(shown).encode()

    def _send(self, status, body, headers, fault):
        """Whether all of it went out."""
        self.close_connection = True
        time.sleep(fault.get("pause", 0.0))
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return True
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.wfile.flush()
            time.sleep(fault.get("pause", 0.0))
            if not fault.get("cut"):
                self.wfile.write(body[half:])
                return True
        return False


def _entry(path, body):
    return {"type": "file", "path": path, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}


def strange_hubs(ground, times):
    """Each fault befalls one request of a pull, or all from there on; then the hub is well and the pull is made again.

    The first pull ends well or with one line; the second goes on from there, and nothing strange has been kept.
    """
    tally = Tally("hub that is slow, cut off, or sends error pages")
    draw, folders = random.Random(times), {}
    with running(Hub()) as hub:
        for number in range(times):
            for name in WRONGS:
                repo = f"{name.replace(' ', '-')}-{number}"
                first = draw.choice(LISTINGS) if name == "silent" else draw.randint(0, 9)
                lasting = draw.random() < 0.3 and name != "silent"
                hub.wrong[repo] = name, first, 1_000 if lasting else first + 1
                folders[repo] = ground.folder / repo
                folders[repo].mkdir()
                (folders[repo] / "hub.py").write_text(TASK.replace("REPO", repo))
        for repo, (code, said, took) in zip(folders, _pulled(hub, ground, folders, "pull"), strict=True):
            tally.injected += hub.asked[repo] > hub.wrong[repo][1]
            tally.expect(code == 0 or (code == 2 and _one_line(said)), f"{hub.wrong[repo]}: {said[-400:]}")
            tally.expect(took < PATIENCE, f"{hub.wrong[repo]}: took {took:.0f} s")
        hub.wrong = {}
        for repo, (code, said, _) in zip(folders, _pulled(hub, ground, folders, "pull,verify"), strict=True):
            tally.expect(code == 0, f"{repo}, when the hub is well: {said[-400:]}")
            tally.doubled += max(0, hub.whole[repo] - 1)
            found = [path.read_bytes() for path in folders[repo].rglob("*.parquet")]
            tally.lost += not found
            tally.wrong += any(content != hub.files[TABLE] for content in found)
    return tally


def _one_line(said):
    """An error of ours at the end, and no traceback anywhere."""
    return "Traceback" not in said and said.strip().splitlines()[-1].startswith("sailbench: ")


def _pulled(hub, ground, folders, verb):
    """How a fresh process fares with each: exit code, what is said, seconds."""
    own = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(ground.folder / "hf"), "HF_TOKEN": ""}
    command = [sys.executable, "-c", PULLS, verb, *map(str, folders.values())]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment() | own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
