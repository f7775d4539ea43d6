"""The engine at full size on a GPU: speed over one by one, shares of the hardware's limits, and bfloat16's noise.

    python benchmarks/gpu.py [--write]          (the one command that checks the GPU column of the goals)
    python benchmarks/gpu.py --device cpu       (every line of it with a small model, where there is no GPU)
    python benchmarks/gpu.py --small            (the same on a GPU, in a minute)

The model has the shape of SAIL-VL2-2B and seeded random weights that are made on the device. One by one is
transformers' `generate` with the same weights, prompts and images, in the same run.
"""

import argparse
import copy
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import torch  # noqa: E402
from engine import engine, one_by_one  # noqa: E402
from tables import machine, replace_section, table  # noqa: E402
from workloads import asked, mixed, tiled  # noqa: E402

from sailbench.models.sail import SailVL2, tiny  # noqa: E402
from sailbench.models.sail.budget import Clock  # noqa: E402
from sailbench.models.sail.config import SailConfig  # noqa: E402
from sailbench.models.sail.decode import Decoder, Prompt  # noqa: E402
from sailbench.models.sail.device import made_ready  # noqa: E402
from sailbench.models.sail.graphs import WORTH  # noqa: E402
from sailbench.models.sail.language import restore_rotary  # noqa: E402
from sailbench.models.sail.network import Network  # noqa: E402
from sailbench.models.sail.processor import Processor  # noqa: E402
from sailbench.models.sail.tokenizer import Tokenizer  # noqa: E402

# SAIL-VL2-2B: Qwen3-1.7B and a tower of AIMv2-Huge's shape.
LANGUAGE = {
    "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
}  # fmt: skip
VISION = {
    "hidden_size": 1536, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 12,
    "image_size": 448, "patch_size": 14,
}  # fmt: skip
# Dense bfloat16 FLOP/s and bytes/s, from the makers' data sheets.
LIMITS = {"H200": (989e12, 4.8e12), "H100": (989e12, 3.35e12), "A100": (312e12, 2.0e12)}


def full_size(device, dtype, small):
    """The model, its weights drawn on the device so that signals keep unit size."""
    with tempfile.TemporaryDirectory() as folder:
        tiny.write(Path(folder) / "tiny")
        config = json.loads((Path(folder) / "tiny/config.json").read_text())
        tokenizer = Tokenizer.load(Path(folder) / "tiny")
    made_ready(torch.device(device), dtype)
    if not small:
        config["llm_config"] |= LANGUAGE
        config["vision_config"] |= VISION
        config["force_image_size"] = VISION["image_size"]
    network = Network.empty(SailConfig.parse(config)).to(dtype).to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    for name, weight in network.named_parameters():
        if weight.dim() == 1:
            weight.data.fill_(0.0 if name.endswith("bias") else 1.0)
        else:
            spread = 1.0 if "embed" in name else weight[0].numel() ** -0.5
            weight.data.normal_(0.0, spread, generator=generator)
    restore_rotary(network.language_model, torch.device(device))
    tokenizer.end = -1  # every answer has its full length
    return SailVL2(network, Processor(SailConfig.parse(config), tokenizer), "random")


def timed(answer, model, requests):
    started = time.perf_counter()
    texts, tokens, seconds = answer(model, requests)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return texts, tokens, seconds, time.perf_counter() - started


def compare(model, work):
    """A row: rates, ratio, flips, peak memory and stages; the first requests are asked one by one too."""
    name, requests, first, goal = work
    timed(one_by_one, model, requests[:2])
    base, _, _, base_wall = timed(one_by_one, model, requests[:first])
    timed(engine, model, requests[: len(requests) // 4])
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    texts, tokens, _, wall = timed(engine, model, requests)
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
    flips = sum(texts[i] != base[i] for i in base)
    exact = {stage: seconds for stage, seconds in _stages(model, requests).items() if "threads" not in stage}
    whole = sum(exact.values())
    row = [
        name,
        f"{first / base_wall:.2f}",
        f"{len(requests) / wall:.1f}",
        f"{tokens / wall:,.0f}",
        f"{(len(requests) / wall) / (first / base_wall):.1f}",
        goal,
        f"{1000 * flips / first:.0f}",
        f"{peak:.1f}",
        ", ".join(f"{stage} {seconds / whole:.0%}" for stage, seconds in exact.items()),
    ]
    return row, flips, first


def _stages(model, requests):
    """Seconds by stage, the GPU waited for at the end of each: not the run whose rate is shown."""
    watched = copy.copy(model)
    watched.clock = Clock(exact=True)
    list(watched.answer(requests))
    return dict(watched.clock.seconds)


def idle_share(model, requests):
    """Share of the time from the first to the last kernel in which none ran; on a CPU, the same of its operators."""
    from torch.profiler import ProfilerActivity, profile

    cuda = torch.cuda.is_available()
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as found:
        list(model.answer(requests))
    kind = torch.autograd.DeviceType.CUDA if cuda else torch.autograd.DeviceType.CPU
    raw = found.profiler.kineto_results.events()  # a million of them: the usual way makes an object of each
    return idle((e.start_ns(), e.end_ns()) for e in raw if e.device_type() == kind)


def idle(ran):
    """The share of the whole that no interval covers."""
    ran = sorted(ran)
    first = upto = ran[0][0]
    busy = 0
    for start, end in ran:
        busy += max(0, end - max(start, upto))
        upto = max(upto, end)
    return 1 - busy / (upto - first)


@torch.inference_mode()
def prefill_shares(model, peak, tiles=13, prompts=4):
    """Fractions of peak FLOP/s of tower and adapter, and of the language model, each at a full step."""
    side, config, network = model.config.image_size, model.config, model.network
    patches, slots = (side // config.vision.patch_size) ** 2, tiles * config.slots_per_tile
    pixels = network.place(torch.randn(model.budget.tiles, 3, side, side))
    features = torch.randn(slots, config.hidden_size).to(network.device, network.dtype)
    seeing = _best(lambda: network.image_embeddings(pixels))

    def read():
        decoder = Decoder(network.language_model, -1)
        for _ in range(prompts):
            decoder.start(Prompt(features, 1))
        decoder.step()

    tower = 2 * len(pixels) * patches * (_weights(network.vision_model) + patches * _attended(config.vision))
    adapter = 2 * len(pixels) * config.slots_per_tile * _weights(network.mlp1)
    language = network.language_model.model
    heads, width = language.config.num_attention_heads, language.config.head_dim
    # A token sees half of its prompt on average; scores and sums are a multiplication each.
    attention = slots * heads * width * language.config.num_hidden_layers
    reading = 2 * prompts * slots * (_weights(language.layers) + attention)
    return (tower + adapter) / seeing / peak, reading / _best(read) / peak


def _weights(module):
    return sum(p.numel() for p in module.parameters())


def _attended(vision):
    return 2 * vision.hidden_size * vision.num_hidden_layers


@torch.inference_mode()
def decode_share(model, bandwidth, rows=256, positions=720):
    """Fraction of the memory bandwidth at which a full batch reads weights and cache, all of a step included."""
    decoder = Decoder(model.network.language_model, -1)
    embeds = torch.randn(positions, model.config.hidden_size).to(decoder.layers.device, decoder.layers.dtype)
    for _ in range(rows):
        decoder.start(Prompt(embeds, 1 << 20))
    while any(row.unread for row in decoder.rows):
        decoder.step(8192)
    for _ in range(WORTH + 2):  # until the step is recorded
        decoder.step()
    seconds = _best(decoder.step)
    language = model.network.language_model
    weights = sum(p.nbytes for p in language.model.layers.parameters()) + language.lm_head.weight.nbytes
    return (weights + rows * positions * decoder.shape.position_bytes) / seconds / bandwidth


def _best(step, times=8):
    found = []
    for _ in range(times):
        started = time.perf_counter()
        step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - started)
    return min(found)


def _share(of_limit):
    return "the device's limit is not known" if math.isnan(of_limit) else f"{of_limit:.0%}"


def workloads(small):
    """Name, requests, how many of them are asked one by one, goal."""
    n, lengths = (2, (6, 24, 12, 18)) if small else (256, (64, 256, 128, 192))
    return [
        ("short answers, one question an image", asked(2 * n, 1, 12, 5), max(1, n // 4), "8"),
        ("short answers, six questions an image", asked(6 * n, 6, 12, 5, seed=1), max(1, n // 4), "20"),
        ("64- to 256-token answers", asked(2 * n, 1, 12, lengths, seed=2), max(1, n // 16), "25"),
        ("mixed, the eight of OpenCompass", mixed(1)[::20] if small else mixed(8), max(1, n // 4), "10"),
        ("short answers, images of many tiles", tiled(n), max(1, n // 4), ""),
    ]


def main():
    parser = argparse.ArgumentParser(description="Measure the engine at full size on a GPU.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="a small model and few requests, as on a CPU")
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md")
    arguments = parser.parse_args()
    cuda = arguments.device.startswith("cuda")
    if cuda and not torch.cuda.is_available():
        parser.exit(2, "gpu.py needs a CUDA device, and there is none here; --device cpu tries it with a small model\n")
    small = arguments.small or not cuda
    model = full_size(arguments.device, torch.bfloat16 if cuda else torch.float32, small)
    name = model.hardware or "CPU"
    peak, bandwidth = next((limits for chip, limits in LIMITS.items() if chip in name), (math.nan, math.nan))
    before = machine()
    work = workloads(small)
    found = []
    for own in work:
        found.append(compare(model, own))
        print(table([], [found[-1][0]]), flush=True)
    rows, flips, compared = zip(*found, strict=True)
    lost = idle_share(model, work[3][1][: 4 if small else 200])
    seeing, reading = prefill_shares(model, peak)
    decoding = decode_share(model, bandwidth, 8 if small else 256)
    head = ["work", "one by one, /s", "engine, /s", "tokens/s", "ratio", "goal", "flips in 1,000", "peak GiB", "time"]
    limits = [
        ["prefill, vision: share of peak FLOP/s", _share(seeing), "at least 40 %"],
        ["prefill, language: share of peak FLOP/s", _share(reading), "at least 40 %"],
        ["decoding a full batch: share of memory bandwidth", _share(decoding), "at least 50 %"],
        ["idle share of the device, mixed set, under the profiler", f"{lost:.0%}", "under 10 %"],
        ["answers that differ from one by one's", f"{sum(flips)} of {sum(compared)}", "0 in float32"],
    ]
    kind = str(model.network.dtype).removeprefix("torch.")
    facts = (
        f"{name}, {model.parameters / 1e9:.3g} billion parameters, random weights, {kind}, {model.engine}; {before}."
    )
    text = "\n\n".join([facts, table(head, rows), table(["limit", "reached", "goal"], limits)])
    print(text)
    if os.environ.get("OUT"):
        Path(os.environ["OUT"], "gpu.md").write_text(text)
    if arguments.write:
        replace_section(ROOT / "benchmarks/README.md", "gpu", text)


if __name__ == "__main__":
    main()
