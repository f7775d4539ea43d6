"""How many answers change for no reason but arithmetic: number type, company in a batch, order of arrival.

    python benchmarks/noise.py [--limit N] [--device cuda] [--write]

The bundled sailvl2-nano answers the smoke tasks in float32 and bfloat16, batched as in a run, batched in another order,
and one by one. `--write` replaces the table in benchmarks/README.md.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import torch  # noqa: E402
from tables import machine, replace_section, table  # noqa: E402

from sailbench import plan, run  # noqa: E402
from sailbench.data import Places  # noqa: E402
from sailbench.models import engines  # noqa: E402
from sailbench.types import Response  # noqa: E402

# What is compared: an arm and its reference, each a number type and a way of asking.
PAIRS = (
    (("float32", "one by one"), ("float32", "batched")),
    (("bfloat16", "batched"), ("float32", "batched")),
    (("bfloat16", "one by one"), ("float32", "one by one")),
    (("bfloat16", "batched"), ("bfloat16", "one by one")),
    (("bfloat16", "in another order"), ("bfloat16", "batched")),
)


def questions(tasks, limit):
    """(task, sample, request) of each, as a run asks them."""
    with tempfile.TemporaryDirectory() as folder:
        options = plan.Options(
            model=engines.Choice("fake"), tasks=tasks, out=Path(folder), places=Places.of(os.environ, None, True),
            selection=run.Selection(limit=limit),
        )  # fmt: skip
        return [(work.task, sample, request) for work in plan.make(options).work for sample, request, _ in work]


def batched(model, requests):
    return {id(request): response for request, response in model.answer(requests)}


def in_another_order(model, requests):
    shuffled = list(requests)
    random.Random(0).shuffle(shuffled)
    return batched(model, shuffled)


def one_by_one(model, requests):
    return {key: response for request in requests for key, response in batched(model, [request]).items()}


WAYS = {"batched": batched, "in another order": in_another_order, "one by one": one_by_one}


def answers(choice, ways, asked):
    """By way, the responses in the order of the questions."""
    model, requests = engines.loaded(choice), [request for *_, request in asked]
    found = {way: WAYS[way](model, requests) for way in ways}
    return {way: [own[id(request)] for request in requests] for way, own in found.items()}, model


def graded(asked, responses):
    """What each answer is worth, as a run grades it."""
    return [
        run.score(task, sample, run.reply(response, request.sampling), response, task.protocol).value
        for (task, sample, request), response in zip(asked, responses, strict=True)
    ]


def compare(asked, ours, reference):
    """Differing answers and flipped grades, each in 1,000, and the mean grade of both."""
    assert all(isinstance(own, Response) and own.error is None for own in (*ours, *reference))
    texts = sum(a.texts != b.texts for a, b in zip(ours, reference, strict=True))
    grades = graded(asked, ours), graded(asked, reference)
    flips = sum(a != b for a, b in zip(*grades, strict=True))
    means = [f"{100 * sum(own) / len(own):.2f}" for own in grades]
    return [f"{1000 * texts / len(asked):.1f}", f"{1000 * flips / len(asked):.1f}", *means]


def measure(spec, device, asked):
    """The table's rows, and the model in its last type."""
    found = {}
    for dtype in ("float32", "bfloat16"):
        ways = sorted({way for pair in PAIRS for kind, way in pair if kind == dtype})
        own, model = answers(engines.Choice(spec, device=device, dtype=dtype), ways, asked)
        found |= {(dtype, way): responses for way, responses in own.items()}
    rows = [[", ".join(a), ", ".join(b), *compare(asked, found[a], found[b])] for a, b in PAIRS]
    return rows, model


def main():
    parser = argparse.ArgumentParser(description="Count the answers that change with number type and batch.")
    parser.add_argument("--model", default="sailvl2-nano")
    parser.add_argument("--tasks", default="@smoke")
    parser.add_argument("--limit", type=int, help="samples of each task (default: all)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    before = machine()
    asked = questions(arguments.tasks, arguments.limit)
    rows, model = measure(arguments.model, arguments.device, asked)
    head = ["answers", "against", "differ in 1,000", "grades flip in 1,000", "mean grade", "of the other"]
    facts = f"{model.name}, {len(asked)} questions of {arguments.tasks}, {model.engine} on {model.hardware or 'CPU'}"
    text = f"{facts}; {before}.\n\n{table(head, rows)}"
    print(text)
    if arguments.write:
        replace_section(ROOT / "benchmarks/README.md", "noise", text)


if __name__ == "__main__":
    main()
