"""How fast the bundled model's engine answers, against transformers' `generate` one by one: same weights, prompts, run.

    python benchmarks/engine.py [--repeats 3] [--write]

Every measurement is a fork of this process. In each repeat every engine answers the same requests in turn, so that
all meet the same machine; medians are shown. `--write` replaces the table in benchmarks/README.md.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import torch  # noqa: E402
from tables import machine, replace_section, table  # noqa: E402
from workloads import NANO, workloads  # noqa: E402

from sailbench.models.fleet import Fleet  # noqa: E402
from sailbench.models.sail import SailVL2, chat, tiny  # noqa: E402
from sailbench.models.sail.budget import Budget, Clock  # noqa: E402


@dataclass
class Measured:
    """One engine's answers to one workload: texts by number, and what they cost."""

    texts: dict
    asked: int
    wall: float
    cpu: float
    memory: float  # MiB, the largest of its processes
    tokens: int
    stages: dict = field(default_factory=dict)


def one_by_one(model, requests):
    """Prompts and vision as the engine's, then transformers' generate, as VLMEvalKit's wrapper asks it."""
    model.network.language_model.generation_config.pad_token_id = 0
    texts, tokens = {}, 0
    for number, request in enumerate(requests):
        parts = chat.conversation(chat.lay_out(request, [1] * len(request.media)), [])
        views = model.processor.views(request, [1] * len(request.media))
        pixels = [
            model.tiles(_opened(m), v.max_tiles, v.multi_scale) for m, v in zip(request.media, views, strict=True)
        ]
        ids = model.processor.ids(parts, [len(p) * model.config.slots_per_tile for p in pixels])
        written = _generate(model, model.input_embeddings(ids, pixels)[None], request.sampling.max_tokens)
        texts[number] = model.processor.tokenizer.decode(written)
        tokens += len(written)
    return texts, tokens, {}


def _opened(medium):
    from sailbench import media

    return media.open_image(medium)


@torch.inference_mode()
def _generate(model, embeds, most):
    mask = torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device)
    options = {"max_new_tokens": most, "do_sample": False, "eos_token_id": None}
    return model.network.language_model.generate(inputs_embeds=embeds, attention_mask=mask, **options)[0].tolist()


def engine(model, requests):
    model.clock = Clock()
    number = {id(request): i for i, request in enumerate(requests)}
    found = {number[id(request)]: response for request, response in model.answer(requests)}
    assert all(response.error is None for response in found.values()), found
    seconds = dict(model.clock.seconds) if isinstance(model, SailVL2) else model.seconds
    texts = {i: response.text for i, response in found.items()}
    return texts, sum(response.tokens_out for response in found.values()), seconds


def two_workers(model, requests):
    fleet = Fleet(model, [partial(_itself, model)] * 2, forked=True)
    list(fleet.answer(requests[:4]))
    started = time.perf_counter()
    found = engine(fleet, requests)
    wall = time.perf_counter() - started
    fleet.close()
    return *found, wall


def _itself(model):
    return model


def measured(answer, model, requests, threads=1):
    """The measurement of a fork; what it answered before the clock starts is not counted."""
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=_run, args=(theirs, answer, model, requests, threads))
    child.start()
    theirs.close()
    found = ours.recv()
    child.join()
    return found


def _run(pipe, answer, model, requests, threads):
    torch.set_num_threads(threads)
    if answer is not two_workers:
        answer(model, requests[:2])
    before, started = _cpu(), time.perf_counter()
    texts, tokens, stages, *own = answer(model, requests)
    wall = own[0] if own else time.perf_counter() - started
    largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    pipe.send(Measured(texts, len(texts), wall, _cpu() - before, largest / 1024, tokens, stages))


def _cpu():
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + children.ru_utime


def best_threads(model):
    """The thread count at which one by one is fastest here."""
    requests = workloads()[0].requests[:16]
    rates = {n: measured(one_by_one, model, requests, n).wall for n in (1, 2)}
    return min(rates, key=rates.get), {n: len(requests) / wall for n, wall in rates.items()}


def compare(model, work, threads, repeats):
    """Each engine's measurements, taken in turn; answers that differ from the reference's are counted."""
    kinds = {"one by one": one_by_one, "engine": engine, "two workers": two_workers}
    runs = {kind: [] for kind in kinds}
    for _ in range(repeats):
        for kind, answer in kinds.items():
            first = kind == "one by one"
            requests = work.requests[: work.one_by_one] if first else work.requests
            runs[kind].append(measured(answer, model, requests, threads if first else 1))
    wanted = runs["one by one"][0].texts
    pairs = [run.texts[i] != wanted[i] for kind in kinds for run in runs[kind] for i in wanted]
    return runs, sum(pairs), len(pairs)


def rate(run, cost="wall"):
    return run.asked / getattr(run, cost)


def lines(work, runs):
    """A workload's rows of the table."""
    goals = {"one by one": "", "engine": work.goal, "two workers": work.goal_of_two}
    for kind, own in runs.items():
        pairs = list(zip(runs["one by one"], own, strict=True))
        ratios = [rate(run) / rate(base) for base, run in pairs]
        cpu = statistics.median(rate(run, "cpu") / rate(base, "cpu") for base, run in pairs)
        yield [
            work.name if kind == "one by one" else "",
            kind,
            f"{statistics.median(map(rate, own)):,.1f}",
            f"{statistics.median(run.tokens / run.wall for run in own):,.0f}",
            f"{statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})",
            f"{cpu:.1f}",
            goals[kind],
            f"{statistics.median(run.memory for run in own):,.0f}",
            _shares(own),
        ]


def _shares(runs):
    stages = runs[0].stages
    inside = {stage: seconds for stage, seconds in stages.items() if "threads" not in stage}
    whole = sum(inside.values())
    return ", ".join(f"{stage} {seconds / whole:.0%}" for stage, seconds in inside.items() if seconds > 0.005 * whole)


def main():
    parser = argparse.ArgumentParser(description="Measure the engine against generate, one by one.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        tiny.write(Path(folder) / "nano", seed=1, changes=NANO)
        model = SailVL2.load(Path(folder) / "nano")
    model.processor.tokenizer.end = -1  # every answer has its full length
    model.budget = Budget(positions=1 << 17)
    threads, rates = best_threads(model)
    rows, different, answers = [], 0, 0
    for work in workloads():
        runs, parted, pairs = compare(model, work, threads, arguments.repeats)
        rows += lines(work, runs)
        different, answers = different + parted, answers + pairs
        print(table([], rows[-3:]), flush=True)
    head = [
        "work",
        "engine",
        "samples/s",
        "tokens/s",
        "ratio (range)",
        "CPU ratio",
        "goal (stretch)",
        "peak MiB",
        "time",
    ]
    text = "\n\n".join([_header(model, before, rates, (different, answers), arguments.repeats), table(head, rows)])
    print(text)
    if arguments.write:
        replace_section(ROOT / "benchmarks/README.md", "engine", text)


def _header(model, before, rates, checked, repeats):
    tried = ", ".join(f"{n} thread{'s' if n > 1 else ''} {rate:.1f} samples/s" for n, rate in rates.items())
    return (
        f"{model.parameters / 1e6:.1f} million parameters, random weights, float32, {model.engine}; {before}; "
        f"afterwards {machine(short=True)}. One by one is at its best thread count ({tried}). Medians of {repeats} "
        f"repeats; ratios compare neighbours in time. `CPU ratio` is of samples a second of user CPU time, which "
        f"others disturb less. One by one is asked the first part of the requests; "
        f"{checked[0]} of {checked[1]} answers differ from one by one's."
    )


if __name__ == "__main__":
    main()
