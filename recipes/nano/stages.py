"""The stages of the training, in order: what is drawn, what is asked, what may change, for how long.

They follow SAIL-VL2's own (arXiv 2509.14033, sections 2 to 4) in miniature. `tower` and `language` stand in for the
pre-trained parts that the paper starts from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["patches", "answers", "rewards"]
TOWER, ADAPTER, LANGUAGE = "network.vision_model", "network.mlp1", "network.language_model"
ALL = (TOWER, ADAPTER, LANGUAGE)

# Scenes in proportion, and how much more often than others a question of a task is asked.
EVEN = {"writing": 5, "arithmetic": 5, "objects": 4, "several": 2, "chart": 3, "pair": 2, "motion": 1}
PLAIN = {
    "ocr": 3.0,
    "spell": 2.0,
    "read": 2.0,
    "list": 1.0,
    "pairs": 1.0,
    "drill": 0.4,
    "name": 2.0,
    "mcq": 2.0,
    "yesno": 2.0,
    "grounding": 2.0,
}
REST = {"math": 2.0, "think": 1.0, "chart": 2.0, "multi": 2.0, "video": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`steps` of `rows` rows a worker at the learning rate `rate`, warmed up, held, falling over its last `fall` share.

    `reading` weighs the loss of the tower's readers beside that of the answers; `each` is the most questions a scene.
    A `pooled` stage learns to reason from thoughts that the model had itself and that led to the right answer.
    With `search` AdaLRS looks for a better rate than `rate`, in windows of so many steps; the paper has it do so in the
    adapter's warm-up.
    """

    name: str
    about: str
    steps: int
    rate: float
    kind: Kind = "answers"
    trains: tuple[str, ...] = ALL
    scenes: Mapping[str, float] = field(default_factory=lambda: EVEN)
    asks: Mapping[str, float] = field(default_factory=lambda: {**PLAIN, **REST})
    each: int = 4
    rows: int = 8
    seen: bool = True
    reading: float = 0.0
    fall: float = 0.0
    pooled: bool = False
    search: int = 0


STAGES = (
    Stage(
        name="tower",
        about="the tower alone tells glyph, shape and colour of every patch (the paper starts from SAIL-ViT)",
        steps=3000,
        rate=1.5e-3,
        kind="patches",
        trains=(TOWER, "readers"),
        scenes={"writing": 6, "arithmetic": 4, "objects": 2, "several": 1, "chart": 1},
        rows=24,
        reading=1.0,
        fall=0.2,
    ),
    Stage(
        name="language",
        about="the language model alone answers about scenes told in words (the paper starts from Qwen3)",
        steps=2200,
        rate=1.5e-3,
        trains=(LANGUAGE,),
        seen=False,
        fall=0.2,
    ),
    Stage(
        name="lookup",
        about="still in words: finding a thing by its name, an option's letter, a colour's value",
        steps=900,
        rate=1e-3,
        trains=(LANGUAGE,),
        scenes={"objects": 5, "several": 1, "chart": 5, "writing": 0.3, "arithmetic": 0.5},
        asks={"drill": 6.0, "mcq": 1.5, "chart": 1.5, "yesno": 0.5, "name": 0.5, "math": 0.3, "ocr": 0.3, "list": 0.3},
        each=3,
        seen=False,
        fall=0.2,
    ),
    Stage(
        name="adapter",
        about="adapter warm-up: only the adapter, on plain descriptions",
        steps=150,
        rate=2e-3,
        trains=(ADAPTER,),
        asks={**PLAIN, "mcq": 0.0, "yesno": 0.0},
    ),
    Stage(
        name="align",
        about="vision alignment: tower and adapter, the language model held still",
        steps=250,
        rate=1e-3,
        trains=(TOWER, ADAPTER, "readers"),
        asks={**PLAIN, **REST, "mcq": 0.0, "think": 0.0},
        reading=0.2,
    ),
    Stage(
        name="all",
        about="all parameters on the whole mix, dense labels beside",
        steps=1400,
        rate=1e-3,
        trains=(*ALL, "readers"),
        reading=0.1,
    ),
    Stage(
        name="bind",
        about="all parameters, mostly what must be looked up: this shape's colour, that bar's value",
        steps=2700,
        rate=1e-3,
        trains=(*ALL, "readers"),
        scenes={"writing": 3, "arithmetic": 2, "objects": 8, "several": 2, "chart": 5, "pair": 3, "motion": 1.5},
        asks={
            "ocr": 3.0,
            "math": 2.0,
            "think": 0.7,
            "pairs": 3.0,
            "name": 1.5,
            "mcq": 2.0,
            "yesno": 3.0,
            "grounding": 2.0,
            "chart": 4.0,
            "multi": 3.0,
            "video": 2.0,
        },
        each=6,
        reading=0.1,
    ),
    Stage(
        name="instruct",
        about="instruction tuning: the questions as the tasks ask them, the rate falling",
        steps=350,
        rate=1e-3,
        asks={"ocr": 3.0, "mcq": 3.0, "yesno": 1.5, "grounding": 3.0, **REST},
        each=5,
        fall=1.0,
    ),
    Stage(
        name="think",
        about="long chain-of-thought tuning: sums, reasoned about in think tags, a boxed answer",
        steps=60,
        rate=2e-4,
        scenes={"arithmetic": 1},
        asks={"think": 1.0, "math": 0.3},
        each=3,
        fall=1.0,
    ),
    Stage(
        name="reinforce",
        about="reinforcement learning with verifiable rewards: answer and format, relative to the group",
        steps=15,
        rate=5e-5,
        kind="rewards",
        rows=8,
    ),
    Stage(
        name="fuse",
        about="think-fusion: direct answers mixed with reasoning that the reinforced model got right",
        steps=300,
        rate=5e-4,
        scenes={"writing": 4, "arithmetic": 8, "objects": 6, "several": 1, "chart": 2, "pair": 2, "motion": 1},
        asks={
            "ocr": 2.0,
            "mcq": 2.0,
            "yesno": 1.0,
            "grounding": 5.0,
            "math": 2.0,
            "think": 3.0,
            "chart": 1.0,
            "multi": 1.5,
            "video": 1.5,
        },
        each=5,
        pooled=True,
        fall=1.0,
    ),
)
BY_NAME = {stage.name: stage for stage in STAGES}
