"""What the harness costs beside the model: 900 questions with JPEG images, and a model that answers at once.

    python benchmarks/harness.py [--repeats 5] [--write]

Each figure is of processes of their own. `--write` replaces the table in benchmarks/README.md, beside figures of other
harnesses for the same work, which were measured at another time on two cores.
"""

import argparse
import base64
import csv
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from tables import machine, replace_section, table  # noqa: E402

from sailbench.data import Places  # noqa: E402

ROWS, BASES = 900, 30
TASK = '''"""Rows of text."""

from sailbench.families import choice
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"), choices=row.choices())


TASK = choice(read)
'''
# Work, goal, and what other harnesses took for it.
PEERS = {
    "samples/s, no image opened": ("10,000", "VLMEvalKit 1,744 (images dumped before), lmms-eval 204"),
    "samples/s, every image decoded": ("450", "VLMEvalKit 20 (re-encodes each as PNG), lmms-eval 476 in its loop"),
    "the same images decoded by Pillow alone, /s": ("", "590"),
    "every image decoded: share of Pillow alone": ("76%", "lmms-eval 81% in its loop"),
    "load 900 rows with images, s": ("", "VLMEvalKit 2.2"),
    "memory after loading them, MiB": ("200", "VLMEvalKit 1,641"),
    "stored answers scored, /s": ("5,000", "VLMEvalKit 560"),
    "`--help`, s": ("0.15", "VLMEvalKit 8.3, lmms-eval 6.5"),
    "`--help`, MiB": ("", "VLMEvalKit 635, lmms-eval 523"),
    "`tasks`, s": ("0.4", ""),
    "memory, 1,000 samples, MiB": ("", ""),
    "memory, 100,000 samples, MiB": ("at most 200 more", ""),
    "100,000 samples of text, whole run, /s": ("", ""),
}


def pictures():
    """JPEGs of about 150 kB, photograph-like in size."""
    from PIL import Image

    draw = random.Random(0)
    for _ in range(BASES):
        small = Image.frombytes("RGB", (120, 90), draw.randbytes(120 * 90 * 3))
        held = io.BytesIO()
        small.resize((720, 540)).save(held, "JPEG", quality=94)
        yield held.getvalue()


def write_rows(path):
    """MMMU's columns; every image differs, if only in bytes after its end."""
    bases = list(pictures())
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(
            ["index", "id", "question", "A", "B", "C", "D", "answer", "image", "category", "l2-category", "split"]
        )
        for i in range(ROWS):
            image = base64.b64encode(bases[i % BASES] + i.to_bytes(4, "big")).decode()
            question, choices = f"<image 1> What is shown in picture {i}?", ["one", "two", "three", "four"]
            row = [i, f"validation_Art_{i}", question, *choices, "ABCD"[i % 4], image, "Art", "Art", "validation"]
            rows.writerow(row)


def pillow_alone():
    """How many of the pictures Pillow decodes a second: the floor for work that must look at them."""
    from PIL import Image

    held = list(pictures())
    started = time.perf_counter()
    for one in held * 3:
        Image.open(io.BytesIO(one)).convert("RGB")
    return 3 * len(held) / (time.perf_counter() - started)


def inside(folder, decode):
    """In a process of its own: load, ask and score; one line of JSON."""
    import resource

    from sailbench import media, plan, run
    from sailbench.models import waves
    from sailbench.models.engines import Choice
    from sailbench.models.fake import Fake

    class Looking(Fake):
        """Opens images as engines do, in threads ahead of what is being answered, and answers at once."""

        together = 64

        def shown(self, medium, frames):
            media.open_image(medium)
            return []

        def speak(self, talks):
            return [waves.Said(text="A")] * len(talks)

        def answer(self, requests):
            return waves.answer(self, requests)

    started = time.perf_counter()
    options = plan.Options(
        model=Choice("fake"), tasks="mmmu", out=folder / f"out-{time.time_ns()}",
        places=Places.of(os.environ, folder / "MMMU_DEV_VAL.tsv", True),
    )  # fmt: skip
    made = plan.make(options)
    loaded = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model, (work,) = Looking() if decode else Fake(), made.work
    waiting = made.waiting()
    alone = pillow_alone() if decode else 0.0
    started = time.perf_counter()
    run.collect(model, waiting, made.results, lambda *_: None)
    asked = time.perf_counter() - started
    started = time.perf_counter()
    graded = run.grade(work, made.results, work.task.protocol)
    scored = time.perf_counter() - started
    facts = {"load": loaded, "memory": memory, "asked": len(waiting) / asked, "scored": len(graded) / scored}
    if decode:  # before and after: the machine may have been disturbed in between
        facts["alone"] = (alone + pillow_alone()) / 2
        facts["share"] = facts["asked"] / facts["alone"]
    print(json.dumps(facts))


def process(*argv):
    """Standard output, wall seconds and MiB of a Python process."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *argv], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, child.stderr.read()
    return out, time.perf_counter() - started, usage.ru_maxrss / 1024


def text_run(folder, n):
    """Seconds and MiB of `sailbench run` on `n` rows of text."""
    (folder / "text.py").write_text(TASK)
    rows = ({"id": str(i), "question": f"q{i}", "answer": "AB"[i % 2], "A": "one", "B": "two"} for i in range(n))
    (folder / f"{n}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = ["run", "--model", "fake", "--tasks", f"{folder}/text.py", "--data-dir", f"{folder}/{n}.jsonl"]
    return process("-m", "sailbench.cli", *argv, "--out", f"{folder}/out{n}", "--fresh")[1:]


def measure(folder, repeats):
    write_rows(folder / "MMMU_DEV_VAL.tsv")
    own = [str(Path(__file__)), "--inside", str(folder)]
    plain = [json.loads(process(*own)[0]) for _ in range(repeats)]
    looking = [json.loads(process(*own, "--decode")[0]) for _ in range(repeats)]
    helps = [process("-m", "sailbench.cli", "--help") for _ in range(repeats)]
    listed = [process("-m", "sailbench.cli", "tasks") for _ in range(repeats)]
    few, many = text_run(folder, 1_000), text_run(folder, 100_000)

    def of(runs, name):
        return statistics.median(run[name] for run in runs)

    return {
        "samples/s, no image opened": f"{of(plain, 'asked'):,.0f}",
        "samples/s, every image decoded": f"{of(looking, 'asked'):,.0f}",
        "the same images decoded by Pillow alone, /s": f"{of(looking, 'alone'):,.0f}",
        "every image decoded: share of Pillow alone": f"{of(looking, 'share'):.0%}",
        "load 900 rows with images, s": f"{of(plain, 'load'):.2f}",
        "memory after loading them, MiB": f"{of(plain, 'memory'):,.0f}",
        "stored answers scored, /s": f"{of(plain, 'scored'):,.0f}",
        "`--help`, s": f"{of(helps, 1):.2f}",
        "`--help`, MiB": f"{of(helps, 2):.0f}",
        "`tasks`, s": f"{of(listed, 1):.2f}",
        "memory, 1,000 samples, MiB": f"{few[1]:,.0f}",
        "memory, 100,000 samples, MiB": f"{many[1]:,.0f}",
        "100,000 samples of text, whole run, /s": f"{100_000 / many[0]:,.0f}",
    }


def main():
    parser = argparse.ArgumentParser(description="Measure what the harness costs.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--decode", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments.inside, arguments.decode)
        return
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), arguments.repeats)
        size = (Path(folder) / "MMMU_DEV_VAL.tsv").stat().st_size / 1e6
    rows = [[what, figure, *PEERS[what]] for what, figure in found.items()]
    head = f"{ROWS} rows, {size:.0f} MB; {before}; afterwards {machine(short=True)}; medians of {arguments.repeats}."
    text = f"{head}\n\n{table(['what', 'here', 'goal', 'others, measured elsewhere'], rows)}"
    print(text)
    if arguments.write:
        replace_section(ROOT / "benchmarks/README.md", "harness", text)


if __name__ == "__main__":
    main()
