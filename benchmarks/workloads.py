"""The prompts that the benchmarks ask: drawn pictures and questions, the same in every run."""

import io
import random
from dataclasses import dataclass

from PIL import Image

from sailbench.types import Media, Request, Sampling

# A SAIL-VL2 of 2.6 million parameters: 112-pixel tiles, 6 layers of width 128 in the tower and in the language model.
NANO = {
    "llm_config": {
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 32,
        "tie_word_embeddings": True,
    },
    "vision_config": {
        "hidden_size": 128,
        "intermediate_size": 352,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "image_size": 112,
        "patch_size": 14,
    },
}
# The eight sets of OpenCompass: rows in hundreds, questions an image, words a question, tokens an answer.
OPENCOMPASS = {
    "MMBench": (13, 1, 40, 2),
    "MMStar": (15, 1, 45, 2),
    "AI2D": (31, 2, 30, 2),
    "OCRBench": (10, 1, 10, 10),
    "MMVet": (2, 1, 15, 96),
    "HallusionBench": (10, 3, 20, 3),
    "MMMU": (9, 1, 60, 32),
    "MathVista": (10, 1, 40, 48),
}
WORDS = (
    "which",
    "what",
    "number",
    "colour",
    "shape",
    "left",
    "right",
    "above",
    "small",
    "large",
    "red",
    "is",
    "the",
    "of",
)


def picture(seed, size=(112, 112)):
    """A PNG of a few coloured boxes, encoded in memory."""
    draw = random.Random(seed)
    image = Image.new("RGB", size, tuple(draw.randbytes(3)))
    for _ in range(8):
        corner = draw.randrange(size[0] - 20), draw.randrange(size[1] - 20)
        image.paste(tuple(draw.randbytes(3)), (*corner, corner[0] + draw.randrange(8, 20), corner[1] + 15))
    held = io.BytesIO()
    image.save(held, "PNG")
    return Media.image(held.getvalue())


def question(draw, words):
    return " ".join(draw.choices(WORDS, k=words)) + "?"


def asked(n, an_image, words, tokens, seed=0):
    """`n` requests of one tile, `an_image` of them about each image; `tokens` a number, or several in turn."""
    draw = random.Random(seed)
    lengths = tokens if isinstance(tokens, tuple) else (tokens,)
    media = [picture(1000 * seed + i) for i in range(-(-n // an_image))]
    return [
        Request(
            turns=(question(draw, words),),
            media=(media[i // an_image],),
            sampling=Sampling(max_tokens=lengths[i % len(lengths)], detail="frame"),
        )
        for i in range(n)
    ]


def mixed(rounds):
    """The eight sets in proportion, a hundred requests a round."""
    shapes = [(i, shape) for i in range(rounds) for shape in enumerate(OPENCOMPASS.values())]
    return [request for i, (j, (n, *shape)) in shapes for request in asked(n, *shape, seed=10 + 8 * i + j)]


def tiled(n):
    """One question an image, each image cut in many tiles."""
    draw = random.Random(7)
    return [
        Request(turns=(question(draw, 12),), media=(picture(500 + i, (448, 336)),), sampling=Sampling(max_tokens=5))
        for i in range(n)
    ]


@dataclass(frozen=True)
class Workload:
    """Requests, how many of the first of them are also asked one by one, and the ratios that were the goal.

    Goals are for two cores: `goal_of_two` of a worker a core, `goal` of what one process has to reach by itself.
    """

    name: str
    requests: list
    one_by_one: int
    goal: str = ""
    goal_of_two: str = ""


def workloads():
    long = asked(320, 1, 12, (64, 256, 128, 192), seed=2)
    return [
        Workload("short answers, one question an image", asked(192, 1, 12, 5), 48, "", "3.5 (5)"),
        Workload("short answers, six questions an image", asked(384, 6, 12, 5, seed=1), 48, "", "6 (12)"),
        Workload("64- to 256-token answers", long, 32, "8", "15 (25)"),
        Workload("mixed, the eight of OpenCompass", mixed(4), 100, "", "4 (6)"),
        Workload("short answers, images of many tiles", tiled(24), 12),
    ]
