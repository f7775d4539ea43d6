"""Coverage-guided fuzzing of every harness: how many executions, and what was found.

    python tests/fuzz/run.py --executions 1000000 [--only extract,grade] [--keep]

Needs atheris (see README.md). Each harness runs in a process of its own; inputs that reach new lines are gathered in
`out/fuzz/`, and with --keep the shortest of them go to `corpus/`.
"""

import argparse
import base64
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
OUT = ROOT / "out" / "fuzz"
LONGEST = 400  # bytes of an input
MOST_KEPT = 40  # inputs a harness
SLOW_SHARE = 500  # harnesses that wait for another process get so much less


def tell(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fuzz(name, arguments):
    """One harness under atheris, in this process; libFuzzer's own arguments."""
    import atheris

    sys.path[:0] = [str(ROOT), str(HERE)]
    with atheris.instrument_imports(include=["sailbench"]):
        import harnesses

        harness = harnesses.harnesses()[name]
    atheris.Setup([sys.argv[0], *arguments], harness)
    atheris.Fuzz()


def stored(name):
    """The corpus of a harness: a line of base64 an input."""
    path = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in path.read_text().splitlines()] if path.is_file() else []


def seeds():
    """Somewhere to begin: letters and marks in texts of all lengths."""
    rng = random.Random(0)
    for length in range(4, LONGEST, 20):
        yield bytes(
            rng.choice((rng.randrange(256), rng.randrange(32, 127), rng.randrange(128, 248))) for _ in range(length)
        )


def keep(name, folder):
    inputs = sorted({path.read_bytes() for path in folder.iterdir()}, key=lambda own: (len(own), own))[:MOST_KEPT]
    lines = [base64.b64encode(own).decode() for own in inputs]
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def libfuzzer(name, folders, *options):
    command = [sys.executable, str(HERE / "run.py"), "--harness", name, *options, *map(str, folders)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=ROOT, env=environment)


def one(name, executions, kept):
    """Runs one harness; how many executions there were, and what stopped it, if something did."""
    gathered, found = OUT / name, OUT / "findings" / name
    for folder in (gathered, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, own in enumerate([*stored(name), *seeds()]):
        (gathered / f"seed{number}").write_bytes(own)
    options = (f"-runs={executions}", f"-max_len={LONGEST}", "-len_control=0", "-timeout=60")
    options += (f"-artifact_prefix={found}/", "-print_final_stats=1", "-rss_limit_mb=4096")
    done = libfuzzer(name, [gathered], *options)
    counted = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    last = re.findall(r"^#(\d+)", done.stderr, re.MULTILINE)
    count = int(counted[1]) if counted else int(last[-1]) if last else 0
    if kept and done.returncode == 0:
        keep(name, gathered)
    return count, "" if done.returncode == 0 else done.stderr


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--executions", type=int, default=100_000, help="of all harnesses together")
    p.add_argument("--only", default="", help="names of harnesses, with commas")
    p.add_argument("--keep", action="store_true", help="renew the corpus")
    arguments = p.parse_args()
    sys.path[:0] = [str(ROOT), str(HERE)]
    import harnesses

    names = [name for name in harnesses.harnesses() if not arguments.only or name in arguments.only.split(",")]
    share = arguments.executions // max(1, len(names))
    total, findings = 0, {}
    for name in names:
        count, trouble = one(name, max(1, share // (SLOW_SHARE if name in harnesses.SLOW else 1)), arguments.keep)
        total += count
        if trouble:
            findings[name] = trouble
        tell(f"{name:<32} {count:>10,} executions{'   FOUND SOMETHING' if trouble else ''}")
    tell(f"{'all':<32} {total:>10,} executions, {len(findings)} harnesses found something")
    for name, trouble in findings.items():
        tell(f"\n{name}\n{trouble[-3000:]}")
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / "executions.jsonl").open("a") as log:
        log.write(json.dumps({"executions": total, "harnesses": len(names), "findings": sorted(findings)}) + "\n")
    return 1 if findings else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--harness"]:
        fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
