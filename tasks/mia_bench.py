"""MIA-Bench
paper: arXiv 2407.01509
year: 2024
family: instruction_following
modality: image
size: 400
split: test
groups: if
aliases: mia
licence: Apple's own, see the repository
metric: mean of the total points out of 10, in percent; the same for each type of component
official: apple/ml-mia-bench@5422852 evaluation.ipynb
judge: required (gpt-4o, which sees the image)
prompt: the instruction alone
differs: VLMEvalKit and the authors read alike. What they cannot read (6.5/8, bold, lines of their own) they leave out
    of every mean; here it is ungraded, but bold and lines of their own are read. They take points above what a
    component is worth (12/8 is 1.5) and totals out of other numbers, and more or fewer components than there are; here
    such a verdict is unreadable. Scores are kept by the type of component, so that of two components of one type the
    last alone counts (22 instructions). Two instructions have components worth 8 in all, and yet a total out of 10. An
    empty reply is 0 without asking. lmms-eval counts the unreadable as 0 and keeps scores by text.
"""

from sailbench.aggregate import part
from sailbench.families import NORMAL, asking
from sailbench.judge import Value
from sailbench.metrics.score_lists import component_scores
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.open_ended import Weight, weighed
from sailbench.task import Task
from sailbench.types import Sample

TYPES = ("describe", "mention", "length_limit", "linguistics", "grammar", "textual", "math", "perspective")


def read(row: Row) -> Sample:
    components, types = (tuple(map(str, row.list(name))) for name in ("components", "component_type"))
    lines = [
        f"{k}. {own}, worth {worth}"
        for k, (own, worth) in enumerate(zip(components, row.list("component_weight"), strict=False), 1)
    ]
    return Sample(
        id=row.text("index", "id", default=str(row.number)),
        question=row.text("question", "instruction"),
        target=components,
        media=row.images("image"),
        group={"complexity": row.text("type")} if row.has("type") else {},
        extra={"components": "\n".join(lines), "types": types},
    )


def weights(sample: Sample, scores: tuple[float, ...]) -> Weight:
    *parts, total = scores
    return Weight(total, dict(zip(sample.extra["types"], parts, strict=False)))


def weigh(sample: Sample, value: Value) -> Weight | None:
    scores = component_scores(str(value), len(sample.target))
    return None if scores is None else weights(sample, scores)


TASK = Task(
    read=read,
    ask=asking(as_it_is, NORMAL),
    rules={
        "opencompass": weighed("mia_bench", weigh, lambda sample: weights(sample, (0.0,) * (len(sample.target) + 1)))
    },
    metrics={name: part(name) for name in TYPES},
    rubric="mia_bench",
    sources=(
        Hub(repo="lmms-lab-encoder/MIA-Bench", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/Mia-Bench.tsv",
            md5="0b9de595f4dd40af18a69b94d89aba82",
        ),
    ),
)
