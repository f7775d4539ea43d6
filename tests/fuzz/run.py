"""Coverage-guided fuzzing of every harness: how many executions, and what was found.

    python tests/fuzz/run.py --executions 1000000 [--only extract,grade] [--keep]

Needs atheris (see README.md). Each harness runs in a fork of this process, which has loaded and instrumented
everything once; inputs that reach new lines are gathered in `out/fuzz/`, and with --keep the shortest of them go to
`corpus/`.
"""

import argparse
import base64
import json
import os
import random
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
OUT = ROOT / "out" / "fuzz"
LONGEST = 400  # bytes of an input
MOST_KEPT = 40  # inputs a harness
HANGS = 300  # seconds after which an input is one that never ends; the machine may be busy
SLOW_SHARE = 500  # harnesses that wait for another process get so much less


def tell(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def instrumented():
    """All harnesses, with every line of the package counted."""
    import atheris

    sys.path[:0] = [str(ROOT), str(HERE)]
    with atheris.instrument_imports(include=["sailbench"]):
        import harnesses

        return harnesses.harnesses(), harnesses.SLOW


def forked(harness, folder, log, options):
    """libFuzzer's exit code, and all that it told, which it also writes to `log`."""
    process = os.fork()
    if process == 0:
        import atheris

        for stream in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        atheris.Setup([sys.argv[0], *options, str(folder)], harness)
        atheris.Fuzz()  # which ends the process
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), log.read_text(errors="replace")


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


def keep(name, folder, found):
    """The shortest inputs, and all that ever failed."""
    failed = {path.read_bytes() for path in found.iterdir() if not path.name.startswith("slow-unit")}
    inputs = sorted({path.read_bytes() for path in folder.iterdir()}, key=lambda own: (len(own), own))[:MOST_KEPT]
    inputs += sorted(failed - set(inputs))
    lines = [base64.b64encode(own).decode() for own in inputs]
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


def one(name, harness, executions, arguments):
    """Runs one harness; how many executions there were, and what stopped it, if something did."""
    gathered, found, log = OUT / name, OUT / "findings" / name, OUT / f"{name}.log"
    for folder in (gathered, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, own in enumerate([*stored(name), *seeds()]):
        (gathered / f"seed{number}").write_bytes(own)
    log.write_text("")
    options = (f"-runs={executions}", f"-max_total_time={arguments.seconds}", f"-max_len={LONGEST}", "-len_control=0")
    options += (f"-timeout={HANGS}", f"-artifact_prefix={found}/", "-print_final_stats=1", "-rss_limit_mb=4096")
    code, told = forked(harness, gathered, log, options)
    counted = re.search(r"number_of_executed_units:\s*(\d+)", told)
    last = re.findall(r"^#(\d+)", told, re.MULTILINE)
    count = int(counted[1]) if counted else int(last[-1]) if last else 0
    if arguments.keep:
        keep(name, gathered, found)
    return count, "" if code == 0 else told


def note(name, count, found):
    """A line a harness, at once: a run that is stopped has counted as well."""
    with (OUT / "executions.jsonl").open("a") as log:
        log.write(json.dumps({"harness": name, "executions": count, "found": found}) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--executions", type=int, default=100_000, help="of all harnesses together")
    p.add_argument("--seconds", type=int, default=120, help="at most, for each harness")
    p.add_argument("--only", default="", help="names of harnesses, with commas")
    p.add_argument("--keep", action="store_true", help="renew the corpus")
    arguments = p.parse_args()
    harnesses, slow = instrumented()
    names = [name for name in harnesses if not arguments.only or name in arguments.only.split(",")]
    share = arguments.executions // max(1, len(names))
    total, findings = 0, {}
    for name in names:
        own = max(1, share // (SLOW_SHARE if name in slow else 1))
        count, trouble = one(name, harnesses[name], own, arguments)
        total += count
        if trouble:
            findings[name] = trouble
        note(name, count, bool(trouble))
        tell(f"{name:<32} {count:>10,} executions{'   FOUND SOMETHING' if trouble else ''}")
    tell(f"{'all':<32} {total:>10,} executions, {len(findings)} harnesses found something")
    for name, trouble in findings.items():
        tell(f"\n{name}\n{trouble[-3000:]}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
