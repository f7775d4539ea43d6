"""The engine at full size on a GPU: speed over one by one, shares of the hardware's limits, and bfloat16's noise.

    python benchmarks/gpu.py [--write]          (the one command that checks the GPU column of the goals)
    python benchmarks/gpu.py --device cpu       (a small model, to see that the script runs)

The model has the shape of SAIL-VL2-2B and seeded random weights that are made on the device. One by one is
transformers' `generate` with the same weights, prompts and images, in the same run.
"""

import argparse
import copy
import json
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
from workloads import asked, tiled  # noqa: E402

from sailbench.models.sail import SailVL2, tiny  # noqa: E402
from sailbench.models.sail.budget import Clock  # noqa: E402
from sailbench.models.sail.config import SailConfig  # noqa: E402
from sailbench.models.sail.decode import Decoder, Prompt  # noqa: E402
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


def compare(model, name, requests, first):
    """A row: rates, ratio, flips and stages. `first` requests are asked one by one too."""
    timed(engine, model, requests[:8])
    base, _, _, base_wall = timed(one_by_one, model, requests[:first])
    texts, tokens, _, wall = timed(engine, model, requests)
    model_clock = copy.copy(model)
    flips = sum(texts[i] != base[i] for i in base)
    exact = _stages(model_clock, requests)
    whole = sum(exact.values())
    shares = ", ".join(f"{stage} {seconds / whole:.0%}" for stage, seconds in exact.items() if "threads" not in stage)
    ratio = (len(requests) / wall) / (first / base_wall)
    return [
        name,
        f"{first / base_wall:.2f}",
        f"{len(requests) / wall:.1f}",
        f"{tokens / wall:,.0f}",
        f"{ratio:.1f}",
        f"{1000 * flips / first:.0f}",
        shares,
    ]


def _stages(model, requests):
    model.clock = Clock(exact=True)
    list(model.answer(requests))
    return dict(model.clock.seconds)


@torch.inference_mode()
def prefill_share(model, peak, tiles=13):
    """Fraction of peak FLOP/s that one prompt batch reaches, tower and language model together."""
    side, config = model.config.image_size, model.config
    patches = (side // config.vision.patch_size) ** 2
    pixels = torch.randn(tiles * 4, 3, side, side).to(model.network.dtype)
    slots = tiles * config.slots_per_tile

    def once():
        features = model.image_embeddings(pixels).reshape(4, slots, -1)
        decoder = Decoder(model.network.language_model, -1)
        for own in features:
            decoder.start(Prompt(own, 1))
        decoder.step()

    seconds = _best(once)
    tower = sum(p.numel() for p in model.network.vision_model.parameters())
    layers = sum(p.numel() for p in model.network.language_model.model.layers.parameters())
    return 2 * 4 * (tower * tiles * patches + layers * slots) / seconds / peak


@torch.inference_mode()
def decode_share(model, bandwidth, rows=256, positions=512):
    """Fraction of the memory bandwidth at which a full batch reads weights and cache."""
    decoder = Decoder(model.network.language_model, -1)
    width = model.config.hidden_size
    for _ in range(rows):
        embeds = torch.randn(positions, width, device=decoder.layers.device).to(decoder.layers.dtype)
        decoder.start(Prompt(embeds, 1 << 20))
    while any(row.unread for row in decoder.rows):
        decoder.step(8192)
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


def main():
    parser = argparse.ArgumentParser(description="Measure the engine at full size on a GPU.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--write", action="store_true", help="replace the table in benchmarks/README.md")
    arguments = parser.parse_args()
    small = arguments.device == "cpu"
    model = full_size(arguments.device, torch.float32 if small else torch.bfloat16, small)
    name = model.hardware or "CPU"
    peak, bandwidth = next((limits for chip, limits in LIMITS.items() if chip in name), (1e11, 2e10))
    n = 8 if small else 256
    work = [
        ("short answers, one question an image", asked(2 * n, 1, 12, 5), n // 4, 8),
        ("short answers, six questions an image", asked(4 * n, 6, 12, 5, seed=1), n // 4, 20),
        ("64- to 256-token answers", asked(2 * n, 1, 12, (64, 256, 128, 192), seed=2), n // 16 or 1, 25),
        ("short answers, images of many tiles", tiled(n), n // 8, ""),
    ]
    rows = [[*compare(model, what, requests, first), goal] for what, requests, first, goal in work]
    head = ["work", "one by one, /s", "engine, /s", "tokens/s", "ratio", "flips in 1,000", "time", "goal"]
    facts = (
        f"{name}, {model.parameters / 1e9:.2f} billion parameters, {str(model.network.dtype).removeprefix('torch.')}; "
        f"{machine()}. Prefill reaches {prefill_share(model, peak):.0%} of peak FLOP/s (goal 40 %), decoding a full "
        f"batch {decode_share(model, bandwidth, 32 if small else 256):.0%} of memory bandwidth (goal 50 %)."
    )
    if torch.cuda.is_available():
        facts += f" Peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB."
    text = f"{facts}\n\n{table(head, rows)}"
    print(text)
    if os.environ.get("OUT"):
        Path(os.environ["OUT"], "gpu.md").write_text(text)
    if arguments.write:
        replace_section(ROOT / "benchmarks/README.md", "gpu", text)


if __name__ == "__main__":
    main()
