"""What disks and editors do to a results folder: full, limited, read-only, torn, edited by hand, of another age."""

import contextlib
import json
import math
import os
import random
import resource
import subprocess

from torture.ground import IN_FLIGHT, Tally, lines

NOBODY = 65_534


def full_disk(ground, times):
    """A small disk of its own for the results, full at a random moment, then larger: needs root."""
    tally = Tally("full disk")
    ground.calm  # noqa: B018
    draw, needed = random.Random(times), _written(ground)
    for number in range(times):
        out = f"out{number}"
        with mounted(ground.folder / out, "tmpfs", f"size={draw.randint(8_000, needed)}") as disk:
            if disk is None:
                tally.note = "not injected: only root may mount a disk; see the file-size limit"
                return tally
            _fails(ground, out, tally, "No space left on device; free space")
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            ground.server.asked.clear()
            kept = len(ground.answered(out))
            ground.resume(out, tally)
            tally.doubled += max(0, ground.server.calls - (ground.size - kept))
    return tally


def file_size_limit(ground, times):
    """No file may grow beyond a random size; then it may."""
    tally = Tally("file-size limit")
    ground.calm  # noqa: B018
    draw, most = random.Random(times), ground.journal("calm").stat().st_size
    for number in range(times):
        out = f"out{number}"
        with small_files(draw.randint(10, most - 10)):
            _fails(ground, out, tally, "File too large; free space")
        ground.server.asked.clear()
        kept = len(ground.answered(out))
        ground.resume(out, tally)
        tally.doubled += max(0, ground.server.calls - (ground.size - kept))
    return tally


def _written(ground):
    """Bytes that a calm run wrote, counted in pages as a disk does."""
    return sum(path.stat().st_size // 4096 * 4096 for path in ground.place("calm").iterdir())


def _fails(ground, out, tally, why):
    ground.server.asked.clear()
    ground.server.delay = 0.02
    done = ground.run(out)
    tally.injected += 1
    tally.expect(done.code == 2 and why in done.said, f"one line that says why: {done.said.strip()[-200:]}")
    tally.expect("Traceback" not in done.said, f"no traceback: {done.said[-200:]}")
    # What was answered when the disk was full cannot be kept, and as much is asked until that is seen.
    tally.lost += max(0, ground.server.calls - len(ground.answered(out)) - 2 * IN_FLIGHT)


@contextlib.contextmanager
def small_files(most):
    """No file of this process may pass `most` bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def mounted(folder, *what):
    """A mount at the folder, undone afterwards; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    kind, option = what
    command = ["mount", "-t", "tmpfs", "-o", option, "none"] if kind == "tmpfs" else ["mount", "--bind", str(folder)]
    try:
        done = subprocess.run([*command, str(folder)], capture_output=True, check=False)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode:
        yield None
        return
    try:
        if kind == "bind":
            subprocess.run(["mount", "-o", option, str(folder)], check=True)
        yield str(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def read_only(ground, times):
    """Results that may be read and not written: a line that says so, and nothing is asked or changed."""
    tally = Tally("read-only results")
    ground.calm  # noqa: B018
    ground.folder.parent.chmod(0o755)  # whoever is nobody comes this far
    ways = (_mounted_read_only, _as_nobody) if os.geteuid() == 0 else (_forbidden,)
    for number in range(times):
        out = f"out{number}"
        (ground.folder / out).mkdir()
        if number // len(ways) % 2 == 0:  # else nothing is there yet
            ground.run(out)
        ground.server.asked.clear()
        before = _content(ground.place(out))
        with ways[number % len(ways)](ground.folder / out) as held:
            if not held:
                tally.note = "not injected by a mount: root may not mount here"
                continue
            done = ground.run(out)
            tally.injected += 1
        tally.expect(done.code == 2 and "choose another --out" in done.said, f"one line: {done.said[-200:]}")
        tally.expect("Traceback" not in done.said, f"no traceback: {done.said[-200:]}")
        tally.expect(_content(ground.place(out)) == before, "nothing is changed")
        tally.doubled += ground.server.calls
        ground.resume(out, tally)
    return tally


@contextlib.contextmanager
def _mounted_read_only(folder):
    with mounted(folder, "bind", "remount,ro,bind") as held:
        yield held is not None


@contextlib.contextmanager
def _as_nobody(folder):
    """Root writes anywhere; so this process is nobody meanwhile, with a cache of nobody's, and the folder is root's."""
    cache = folder.with_name("cache")
    cache.mkdir(exist_ok=True)
    before = os.environ.get("SAILBENCH_CACHE")
    os.chown(cache, NOBODY, NOBODY)
    os.environ["SAILBENCH_CACHE"] = str(cache)
    os.seteuid(NOBODY)
    try:
        yield True
    finally:
        os.seteuid(0)
        os.environ.pop("SAILBENCH_CACHE")
        os.environ |= {} if before is None else {"SAILBENCH_CACHE": before}


@contextlib.contextmanager
def _forbidden(folder):
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for place in places:
        place.chmod(0o555)
    try:
        yield True
    finally:
        for place in places:
            place.chmod(0o755)


def _content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def _laid(ground, out, journal):
    """A results folder that holds this journal and nothing else."""
    ground.place(out).mkdir(parents=True)
    ground.journal(out).write_bytes(journal)


def torn_last_line(ground, times):
    """The journal cut at a random byte, in the middle of a letter too: only what the cut line held is asked again."""
    tally = Tally("torn last line")
    ground.calm  # noqa: B018
    draw, whole = random.Random(times), ground.journal("calm").read_bytes()
    for number in range(times):
        out, cut = f"out{number}", draw.randint(1, len(whole) - 1)
        _laid(ground, out, whole[:cut])
        ground.server.asked.clear()
        tally.injected += 1
        kept = len(ground.answered(out))
        ground.resume(out, tally)
        tally.doubled += max(0, ground.server.calls - (ground.size - kept))
        tally.lost += len(lines(ground.journal(out))) < ground.size
    return tally


def _inserted(line):
    return lambda whole: whole.replace(b"\n", b"\n" + line + b"\n", 1)


def _with(**more):
    """The first line with other fields."""

    def edit(whole):
        first, rest = whole.split(b"\n", 1)
        return json.dumps(json.loads(first) | more).encode() + b"\n" + rest

    return edit


# What a hand does to a journal; none of it may change an answer that still stands in it.
EDITS = {
    "a line of garbage": _inserted(b"what is this"),
    "an empty line": _inserted(b""),
    "a line that is no object": _inserted(b'["key", "id"]'),
    "a line without an end": _inserted(b"[" * 100_000),
    "zeros, as after a power cut": _inserted(b"\0" * 512),
    "bytes that are no UTF-8": _inserted(b'{"key": "\xff\xfe"}'),
    "a line doubled": lambda whole: whole[: whole.index(b"\n") + 1] + whole,
    "lines turned round": lambda whole: b"\n".join(reversed(whole.rstrip(b"\n").split(b"\n"))) + b"\n",
    "line ends of Windows": lambda whole: whole.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda whole: b"\xef\xbb\xbf" + whole,
    "saved as UTF-16": lambda whole: whole.decode().encode("utf-16"),
    "two lines joined": lambda whole: whole.replace(b"\n", b"", 1),
    "no line end at the end": lambda whole: whole[:-1],
    "a text that is none": _with(text=None),
    "a text of numbers": _with(text=[1, 2]),
    "an infinite time": _with(seconds=float("inf")),
    "tokens that are no number": _with(tokens_in="many"),
    "an end that does not exist": _with(finish="maybe"),
    "an error that is no text": _with(error={"a": 1}),
    "a key that is no text": _with(key=7),
    "emptied": lambda whole: b"",
}


def edited_by_hand(ground, times):
    """The first `times` edits, and a changed text, which is graded as it stands."""
    tally = Tally("journal edited by hand")
    ground.calm  # noqa: B018
    whole = ground.journal("calm").read_bytes()
    for number, (name, edit) in enumerate(list(EDITS.items())[:times]):
        out = f"out{number}"
        _laid(ground, out, edit(whole))
        tally.injected += 1
        unique = _without_doubles(ground, out)
        ground.server.asked.clear()
        done = ground.run(out)
        tally.expect(done.code == 0, f"{name}: {done.said.strip()[-300:]}")
        tally.doubled += max(0, ground.server.calls - (ground.size - unique))
        _settled(ground, out, tally, name)
    _changed_text(ground, whole, tally)
    return tally


def _without_doubles(ground, out):
    """How many samples a plain reader finds whole; a hand's own doubles are no fault of the house."""
    return len({one["id"] for one in ground.answered(out) if _sound(one)})


def _sound(one):
    numbers = [one["tokens_in"], one["tokens_out"], one["seconds"]]
    texts = isinstance(one["key"], str) and isinstance(one["text"], str) and one["finish"] in ("stop", "length")
    return texts and all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)


def _settled(ground, out, tally, name):
    """Every sample has its answer and its grade; other commands read the journal too."""
    stored = {one["id"]: one["text"] for one in ground.answered(out) if _sound(one)}
    tally.lost += sum(id not in stored for id in ground.calm)
    tally.expect(ground.grades(out)[0] == ground.grades("calm")[0], f"{name}: grades as in a calm run")


def _changed_text(ground, whole, tally):
    _laid(ground, "changed", _with(text="A changed by hand")(whole))
    tally.injected += 1
    ground.server.asked.clear()
    done = ground.run("changed")
    tally.doubled += ground.server.calls
    changed = [json.loads(line) for line in ground.grades("changed")[0].splitlines()]
    calm = [json.loads(line) for line in ground.grades("calm")[0].splitlines()]
    first = json.loads(whole.split(b"\n", 1)[0])["id"]
    tally.expect(done.code == 0, f"a changed text: {done.said[-200:]}")
    others = [(a, b) for a, b in zip(changed, calm, strict=True) if a["id"] != first]
    tally.expect(all(a == b for a, b in others), "a changed text changes its own grade alone")
    tally.expect(next(one for one in changed if one["id"] == first)["answer"] == "A", "grades follow the journal")


def another_age(ground, times):
    """Folders of an older and of a later layout, and answers to an older wording: used, refused, or set apart."""
    tally = Tally("results of another version")
    ground.calm  # noqa: B018
    records = [json.loads(line) for line in ground.journal("calm").read_bytes().splitlines()]
    for number in range(times):
        _without_figures(ground, f"bare{number}", records, tally)
        _later(ground, f"later{number}", tally)
        _other_keys(ground, f"keys{number}", records, tally)
        tally.injected += 3
    return tally


def _text(records):
    return "".join(json.dumps(one) + "\n" for one in records).encode()


def _without_figures(ground, out, records, tally):
    """No mark of the layout, and lines that say nothing of what they cost: migrated, nothing is asked."""
    figures = {"tokens_in", "tokens_out", "seconds"}
    _laid(ground, out, _text({k: v for k, v in one.items() if k not in figures} for one in records))
    ground.server.asked.clear()
    done = ground.run(out)
    tally.expect(done.code == 0, f"older lines are read: {done.said[-200:]}")
    tally.doubled += ground.server.calls
    tally.expect(ground.grades(out)[0] == ground.grades("calm")[0], "older lines are graded alike")
    tally.expect((ground.place(out) / ".format").exists(), "the folder is marked")


def _later(ground, out, tally):
    """A layout that is not known: refused with the way out, and left as it is."""
    _laid(ground, out, b"of another time\n")
    (ground.place(out) / ".format").write_text("99\n")
    done = ground.run(out)
    said = "another version of sailbench" in done.said and "choose another --out" in done.said
    tally.expect(done.code == 2 and said, f"refused: {done.said[-200:]}")
    tally.expect(ground.journal(out).read_bytes() == b"of another time\n", "a later layout is left alone")


def _other_keys(ground, out, records, tally):
    """Answers to questions as an older version put them: kept, not used, and the run says so."""
    _laid(ground, out, _text(one | {"key": one["key"][::-1]} for one in records))
    ground.server.asked.clear()
    done = ground.run(out)
    tally.expect(f"{ground.size} of these have stored answers" in done.said, f"told: {done.said[-300:]}")
    tally.lost += ground.size - ground.server.calls
    tally.expect(len(lines(ground.journal(out))) == 2 * ground.size, "older answers stay")
    tally.expect(ground.grades(out) == ground.grades("calm"), "only answers to the questions as put count")
