"""What the bundled model meets: workers that are killed, weights that are no numbers, strange pictures and videos."""

import contextlib
import ctypes
import io
import json
import multiprocessing
import os
import random
import signal
import threading
import time
from pathlib import Path

from torture.ground import Tally, here, lines

UNGRADED = 3


@contextlib.contextmanager
def _no_workers_left():
    """Workers live as long as the process that asked for them; here that one goes on."""
    before = set(multiprocessing.active_children())
    try:
        yield
    finally:
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()
            worker.join()


def worker_killed(ground, times):
    """One of two workers comes to the end of the memory that it may have, and is killed; the other one takes over."""
    tally, kernel = Tally("worker killed (out of memory)"), 0
    ground.model = ["--model", "sailvl2-random", "--workers", "2", "--max-tokens", "8"]
    draw = random.Random(times)
    _longer(ground.folder / "rows.jsonl", 60)
    with _no_workers_left():
        ground.calm  # noqa: B018
    for number in range(3 * times):  # some runs are done before it comes to that
        if tally.injected == times:
            break
        out, killer = f"out{number}", Killer(draw.randint(1, ground.size // 4))
        with _no_workers_left(), fresh_pages():
            before = set(multiprocessing.active_children())
            killing = threading.Thread(target=killer.strike, args=(ground.journal(out), before))
            killing.start()
            done = ground.run(out)
            killer.ended.set()
            killing.join()
        kernel += killer.by_kernel
        tally.injected += killer.struck
        tally.expect(done.code == 0, f"exit 0: {done.said[-200:]}")
        ground.check(out, tally)
    told = f"{kernel} by the kernel at the limit of a control group, {tally.injected - kernel} by SIGKILL"
    tally.note = tally.note or told
    return tally


def parent_killed(ground, times):
    """The run itself is killed while its workers answer: they end without a word, and another run goes on."""
    tally = Tally("kill -9 of a run with workers")
    ground.model = ["--model", "sailvl2-random", "--workers", "2", "--max-tokens", "8"]
    draw = random.Random(times)
    with _no_workers_left():
        ground.calm  # noqa: B018
    for number in range(times):
        out, goal = f"out{number}", draw.randint(1, ground.size // 2)
        child = ground.start(out, start_new_session=True)
        while child.poll() is None and len(lines(ground.journal(out))) < goal:
            time.sleep(0.002)
        tally.injected += child.poll() is None
        child.kill()
        said = child.communicate()[1]  # ends when the workers, who have the same stderr, have ended
        tally.expect("Traceback" not in said, f"no traceback: {said[-300:]}")
        with _no_workers_left():
            ground.resume(out, tally)
    return tally


def _longer(path, words):
    """The same rows with longer questions, so that answering takes some memory."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    longer = (row | {"question": row["question"] + " word" * words} for row in rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in longer))


class Killer:
    """Waits for `goal` answers, then lets a worker die: out of memory where that can be had, else by SIGKILL."""

    def __init__(self, goal):
        self.goal, self.ended = goal, threading.Event()
        self.struck, self.by_kernel = False, False

    def strike(self, journal, before):
        while not self.ended.is_set() and len(lines(journal)) < self.goal:
            time.sleep(0.002)
        workers = sorted(set(multiprocessing.active_children()) - before, key=lambda one: one.pid)
        if self.ended.is_set() or not workers:
            return
        with control_group(MEMORY) as group:
            self.by_kernel = group is not None and self._starved(group, workers[0])
        self.struck = self.by_kernel or not self.ended.is_set()
        if self.struck and not self.by_kernel:
            with contextlib.suppress(ProcessLookupError):
                os.kill(workers[0].pid, signal.SIGKILL)

    def _starved(self, group, worker):
        """Whether the kernel kills the worker for want of memory before the run ends."""
        try:
            (group / "cgroup.procs").write_text(str(worker.pid))
        except OSError:
            return False
        end = time.monotonic() + 20
        while worker.is_alive() and not self.ended.is_set() and time.monotonic() < end:
            time.sleep(0.01)
        told = [path.read_text() for path in (group / "memory.oom_control", group / "memory.events") if path.exists()]
        return any(line.split() == ["oom_kill", "1"] for text in told for line in text.splitlines())


# What a worker may take that it does not have yet: less than a batch does.
MEMORY = 256 * 1024
CONTROLS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))


@contextlib.contextmanager
def control_group(most):
    """A control group of processes that may take so many bytes together; None where there can be none."""
    place = next(filter(None, (_limited(Path(root), name, most) for root, name in CONTROLS)), None)
    try:
        yield place
    finally:
        tries = iter(range(200))
        while place and next(tries, None) is not None and not _removed(place):
            time.sleep(0.05)  # who was killed is still in it


def _removed(place):
    with contextlib.suppress(OSError):
        place.rmdir()
        return True
    return False


def _limited(root, name, most):
    place = root / f"torture-{os.getpid()}"
    try:
        place.mkdir()
    except OSError:
        return None
    try:
        (place / name).write_text(str(most))
    except OSError:
        place.rmdir()
        return None
    return place


@contextlib.contextmanager
def fresh_pages():
    """What is freed goes back to the kernel, and is asked of it anew; elsewhere than in glibc, nothing changes."""
    try:
        option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        yield
        return
    option(M_MMAP_THRESHOLD, 64 * 1024)
    try:
        yield
    finally:
        option(M_MMAP_THRESHOLD, 128 * 1024)


M_MMAP_THRESHOLD = -3


def no_numbers(ground, times):
    """Weights with NaN: all of them, or those of one token. Every answer that meets one is an error, never a score."""
    tally = Tally("NaN logits")
    checkpoint = ground.folder / "fine"
    ground.model = ["--model", str(_written(checkpoint)), "--workers", "1", "--max-tokens", "8"]
    calm = {id: own[1] for id, own in ground.calm.items()}
    for number in range(times):
        everywhere, one = ground.folder / f"nan{number}", ground.folder / f"tilde{number}"
        _broken(checkpoint, everywhere, "lm_head", slice(None))
        ground.model[1] = str(everywhere)
        _graded(ground, f"nan{number}", tally, set())
        _broken(checkpoint, one, "embed_tokens", ord("~"))
        ground.model[1] = str(one)
        # A model that writes a tilde of its own meets it too.
        fine = {id for id, text in calm.items() if int(id) % 5 and "~" not in text}
        _graded(ground, f"tilde{number}", tally, fine, calm)
        tally.injected += 2
    return tally


def _written(folder):
    from sailbench.models.sail import tiny

    tiny.write(folder)
    return folder


def _broken(fine, folder, name, rows):
    """A copy of a checkpoint with NaN in some rows of one tensor."""
    from safetensors.torch import load_file, save_file

    folder.mkdir()
    for path in fine.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    tensors = load_file(folder / "model.safetensors")
    next(tensor for own, tensor in tensors.items() if name in own)[rows] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _graded(ground, out, tally, fine, calm=None):
    """Those that are fine have a calm run's answers, the others no grade."""
    done = ground.run(out)
    tally.expect(done.code == UNGRADED, f"exit 3: {done.said[-200:]}")
    found = {one["id"]: one for one in lines(ground.journal(out))}
    tally.lost += sum(id not in found for id in ground.calm)
    tally.wrong += sum(found[id]["text"] != calm[id] for id in fine if id in found)
    doubtful = {one["id"] for one in found.values() if "~" in one["text"] or int(one["id"]) % 5 == 0} if fine else found
    tally.wrong += sum(one["error"] is None for id, one in found.items() if id not in fine and id in doubtful)
    for line in (ground.place(out) / "text.scores.jsonl").read_bytes().splitlines():
        score = json.loads(line)
        tally.wrong += score["value"] is not None and found[score["id"]]["error"] is not None


MEDIA = '''"""Media of strangers."""

from sailbench.families import contains
from sailbench.types import Sample, Sampling


def read(row):
    media = row.{kind}
    return Sample(id=row.text("id"), question="What is shown?", target=("x",), media=media)


TASK = contains(read, sampling=Sampling(max_tokens=8, frames=4))
'''


def _asked(ground, kind, rows):
    """The journal and the grades by id of a run of the bundled model over media."""
    (ground.folder / "media.py").write_text(MEDIA.format(kind=kind))
    (ground.folder / "media.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["--tasks", str(ground.folder / "media.py"), "--data-dir", str(ground.folder / "media.jsonl")]
    chosen = ["--model", "sailvl2-random", "--name", "m", "--workers", "1"]
    done = here(["run", *chosen, *asked, "--out", str(ground.folder / "out")])
    place = ground.folder / "out" / "m"
    scores = [json.loads(line) for line in (place / "media.scores.jsonl").read_bytes().splitlines()]
    return done, {one["id"]: one for one in lines(place / "media.jsonl")}, {one["id"]: one for one in scores}


def strange_pictures(ground, times):
    """What can be read is answered as the same colours in a plain PNG are; what cannot is ungraded, and why is said."""
    tally = Tally("pictures that are odd or broken")
    folder = ground.folder / "pictures"
    folder.mkdir()
    rows, odd, broken = [], [], []
    for number in range(times):
        for name, content in _odd(number).items():
            odd.append(f"{number} {name}")
            rows += _pair(folder, odd[-1], content)
        for name, content in _unreadable(number).items():
            broken.append(f"{number} {name}")
            (folder / broken[-1]).write_bytes(content)
            rows.append({"id": broken[-1], "shown": str(folder / broken[-1])})
    done, answers, scores = _asked(ground, 'images("shown")', rows)
    tally.injected = len(odd) + len(broken)
    tally.expect(done.code == UNGRADED and "Traceback" not in done.said, f"exit 3: {done.said[-200:]}")
    for name in odd:
        tally.lost += name not in answers
        told = [answers.get(one, {}).get("text") for one in (name, f"{name} plain")]
        tally.expect(told[0] is not None and told[0] == told[1], f"{name} as its plain twin: {told}")
    for name in broken:
        tally.expect(scores[name]["value"] is None and scores[name]["why"], f"{name} is ungraded: {scores[name]}")
    return tally


def _picture(number, size=(96, 64)):
    from PIL import Image

    return Image.frombytes("RGB", (12, 8), random.Random(number).randbytes(288)).resize(size)


def _saved(image, form, **more):
    held = io.BytesIO()
    image.save(held, form, **more)
    return held.getvalue()


def _odd(number):
    """Files that are unusual and can be read."""
    from PIL import Image

    image = _picture(number)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    frames = [_picture(number + i).convert("P") for i in range(3)]
    deep = Image.frombytes("I;16", (96, 64), random.Random(number).randbytes(96 * 64 * 2))
    return {
        "CMYK.jpg": _saved(image.convert("CMYK"), "JPEG"),
        "16 bit.png": _saved(deep, "PNG"),
        "animated.gif": _saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "turned.jpg": _saved(image, "JPEG", exif=exif),
        "wide.png": _saved(_picture(number, (30_000, 30)), "PNG"),
        "transparent.png": _saved(image.convert("RGBA"), "PNG"),
    }


def _unreadable(number):
    image = _picture(number)
    jpeg, png = _saved(image, "JPEG"), _saved(image, "PNG")
    return {
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "truncated.png": png[: len(png) // 2],
        "empty.png": b"",
        "text.png": b"this is no picture",
        "header.jpg": jpeg[:20],
    }


def _pair(folder, name, content):
    """A row for the file, and one for its colours in a plain PNG."""
    from PIL import Image

    (folder / name).write_bytes(content)
    twin = folder / f"{name} plain.png"
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").save(twin)
    return [{"id": name, "shown": str(folder / name)}, {"id": f"{name} plain", "shown": str(twin)}]


def hanging_videos(ground, times):
    """Pipes, devices, cut files and one that takes minutes to decode: each an error; the good ones are answered."""
    from sailbench import decoder, media
    from sailbench.types import Media

    tally = Tally("videos that hang or break the decoder")
    folder = ground.folder / "videos"
    folder.mkdir()
    rows, bad = [], []
    for number in range(times):
        good = _film(folder / f"{number} good.mp4", "mpeg4", (64, 64), 8, 1)
        os.mkfifo(folder / f"{number} pipe.mp4")
        (folder / f"{number} device.mp4").symlink_to("/dev/zero")
        (folder / f"{number} cut.mp4").write_bytes(good.read_bytes()[:-400])
        (folder / f"{number} text.mp4").write_text("no video")
        _film(folder / f"{number} slow.avi", "libx264", (2048, 2048), 3, 8_000)
        names = [path.name for path in sorted(folder.iterdir()) if path.name.startswith(f"{number} ")]
        bad += [name for name in names if "good" not in name]
        rows += [{"id": name, "shown": str(folder / name)} for name in names]
    # A decoder that is at rest already, so that a busy machine's slow start counts for nothing.
    media.frame_count(Media.video(folder / "0 good.mp4"))
    usual, decoder.SECONDS = decoder.SECONDS, 2.0
    begun = time.monotonic()
    try:
        done, answers, scores = _asked(ground, 'video(row.text("shown"))', rows)
    finally:
        decoder.SECONDS = usual
    tally.injected = len(bad)
    tally.expect(time.monotonic() - begun < 60 * times, "a limit is kept")
    tally.expect(done.code == UNGRADED and "Traceback" not in done.said, f"exit 3: {done.said[-200:]}")
    good = [answers.get(one["id"], {"error": "lost"}) for one in rows if one["id"] not in bad]
    tally.lost += sum(one["error"] is not None for one in good)
    for name in bad:
        tally.expect(scores[name]["value"] is None and scores[name]["why"], f"{name} is ungraded: {scores[name]}")
    slow = [scores[name]["why"] for name in bad if "slow" in name]
    tally.expect(all("took longer" in why for why in slow), f"the slow ones hang: {slow}")
    return tally


def _film(path, codec, size, count, repeats):
    """A video of some frames whose last packet comes again and again."""
    import av
    from PIL import Image

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        packets = []
        for _ in range(count):
            packets += stream.encode(av.VideoFrame.from_image(Image.new("RGB", size, (20, 90, 200))))
        packets += stream.encode(None)
        for packet in packets:
            container.mux(packet)
        last, content = packets[-1], bytes(packets[-1])
        for i in range(1, repeats):
            again = av.Packet(content)
            again.stream, again.time_base = stream, last.time_base
            again.pts = again.dts = last.dts + i
            container.mux(again)
    return path
