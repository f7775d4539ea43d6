"""LLaVA-Bench (in the wild)
paper: arXiv 2304.08485
year: 2023
family: chat
modality: image
size: 60
split: test
groups: paper, chat
aliases: llavabench, llava_in_the_wild, llava_bench_in_the_wild
licence: Apache-2.0
metric: relative score, the mean rating over the mean rating of GPT-4's text-only answers; above 100 where it is better
official: haotian-liu/LLaVA@c121f04 llava/eval/eval_gpt_review_bench.py, llava/eval/summarize_gpt_review.py
judge: required (the authors' is gpt-4-0314, VLMEvalKit's gpt-4-turbo)
prompt: question, request for a detailed answer
differs: VLMEvalKit and the authors count alike and print one decimal; the authors round the means to three first, which
    can change it. Where their first line is not two numbers with one space or comma between, both ratings become -1 and
    spoil both means; here "8, 9" is read, and what is no two ratings from 1 to 10 is ungraded. An empty reply is rated
    0 without asking, below the scale. The published way is the mean of three reviews: from those on record for
    LLaVA-1.5-7B it comes out again as 65.43 (65.47 without rounding each). The metrics model and reference are the two
    means alone, out of 100.
"""

import re

from sailbench.aggregate import part
from sailbench.families import NORMAL, asking
from sailbench.judge import Value
from sailbench.prompts import for_detail
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.open_ended import Weight, ratio, weighed
from sailbench.task import Task
from sailbench.types import Sample


def read(row: Row) -> Sample:
    captions = (
        row.list("caption") if row.has("caption") and not isinstance(row["caption"], str) else [row.text("caption")]
    )
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=row.text("question", "text"),
        target=row.text("gpt4_ans", "gpt_answer"),
        media=row.images("image"),
        group={"category": row.text("category")} if row.has("category") else {},
        extra={"context": "\n".join(map(str, captions))},
    )


def weigh(sample: Sample, value: Value) -> Weight:
    """The first rating is the reference answer's, the second the model's."""
    reference, own = (float(one) / 10 for one in re.findall(r"[\d.]+", str(value)))
    return Weight(own, {"model": own, "reference": reference})


TASK = Task(
    read=read,
    ask=asking(for_detail, NORMAL),
    rules={"opencompass": weighed("llava_bench", weigh, lambda _: Weight(0.0, {"model": 0.0}))},
    headline=ratio("model", "reference"),
    metrics={"model": part("model"), "reference": part("reference")},
    rubric="llava_bench",
    sources=(
        Hub(repo="lmms-lab-encoder/llava-bench-in-the-wild", split="train"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/LLaVABench.tsv",
            md5="d382a093f749a697820d3dadd61c8428",
        ),
    ),
)
