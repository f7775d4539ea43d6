"""WildVision-Bench (0617)
paper: arXiv 2406.11069
year: 2024
family: chat
modality: image
size: 500
split: test500
groups: chat
aliases: wildvision_0617, wildvision_bench
licence: see the data set's card
metric: win rate, answers that a judge finds better or much better than Claude-3-Sonnet's
official: WildVision-AI/WildVision-Bench@79dacc0 get_judgement.py, show_results.py
judge: required (gpt-4o, which sees the image)
prompt: question, request for a detailed answer (VLMEvalKit's data set puts the text before the image, its official
    wrapper for SAIL-VL the image first)
differs: VLMEvalKit and the authors count a verdict without a label, or with two different ones, as a tie, after a
    second try; here it is ungraded. With those as ties, the authors' 11,000 verdicts on record for 22 models give every
    published win rate, reward and count again. Reward (100 to -100) and shares of the five verdicts are metrics; so is
    the score of their leaderboard, where a much better or worse answer is three battles and a tie half a win: with one
    opponent alone the fitted model comes to that. VLMEvalKit prints the win rate from 0 to 1. The reference always
    comes first, so that a judge's leaning to a place is not evened out. An empty reply is much worse, without asking.
    lmms-eval looks in a reply with two labels for A>B first, which is a loss.
"""

from collections.abc import Sequence

from sailbench.aggregate import part
from sailbench.families import NORMAL, asking
from sailbench.judge import Value
from sailbench.prompts import for_detail
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.open_ended import Weight, weighed
from sailbench.task import Task
from sailbench.types import Graded, Sample

VERDICTS = {2: "much_better", 1: "better", 0: "tie", -1: "worse", -2: "much_worse"}


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=row.text("question", "instruction"),
        target=row.text("claude3_sonnet", "claude-3-sonnet-20240229"),
        media=row.images("image"),
        group={name: row.text(name) for name in ("language", "question_category", "image_category") if row.has(name)},
    )


def weigh(sample: Sample, value: Value) -> Weight:
    told = {name: float(value == level) for level, name in VERDICTS.items()}
    return Weight(float(float(value) > 0), told | {"reward": float(value) / 2})


def score(graded: Sequence[Graded]) -> float | None:
    """The share of battles won, where extremes are three battles each and a tie is half a win."""
    count = {name: sum(g.score.parts.get(name, 0) for g in graded) for name in VERDICTS.values()}
    won = 3 * count["much_better"] + count["better"] + count["tie"] / 2
    lost = 3 * count["much_worse"] + count["worse"] + count["tie"] / 2
    return won / (won + lost) if won + lost else None


TASK = Task(
    read=read,
    ask=asking(for_detail, NORMAL),
    rules={"opencompass": weighed("wildvision", weigh, lambda sample: weigh(sample, -2.0))},
    metrics={"reward": part("reward"), "score": score} | {name: part(name) for name in VERDICTS.values()},
    rubric="wildvision",
    sources=(
        Hub(
            repo="WildVision/wildvision-arena-data",
            config="release_bench_0617_with_modelresponse",
            split="test500",
        ),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/WildVision.tsv",
            md5="b38f80156d49411c594772866b0d0b52",
        ),
    ),
)
