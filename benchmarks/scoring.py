"""How fast stored answers are scored: 10,000 short answers to choice questions, files and start-up included.

python benchmarks/scoring.py
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = ("mmstar", "ai2d", "mmbench_v11_en_dev", "realworldqa", "scienceqa_img")
REPLIES = ("A", "B.", "(C)", "The answer is D", "two", "I think it is B because of this", "none of them", "")


def write(folder: Path, n: int) -> None:
    """`n` rows in the columns of VLMEvalKit's TSV files, and a reply to each."""
    rng = random.Random(0)
    rows, predictions = [], []
    for i in range(n):
        options = {"A": "one", "B": "two", "C": "three", "D": "four"}
        rows.append({"index": i, "question": f"question {i}", "answer": rng.choice("ABCD"), "category": "c"} | options)
        predictions.append({"prediction": rng.choice(REPLIES)})
    for name, lines in (("rows", rows), ("predictions", predictions)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, 10_000)
        files = ["--data", str(folder / "rows.jsonl"), "--predictions", str(folder / "predictions.jsonl")]
        print("| task | seconds for 10,000 answers |\n|---|---|")
        for task in TASKS:
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "sailbench.cli", "score", task, *files], check=True, stdout=subprocess.DEVNULL
            )
            print(f"| {task} | {time.perf_counter() - started:.2f} |")


if __name__ == "__main__":
    main()
