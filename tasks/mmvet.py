"""MM-Vet
paper: arXiv 2308.02490
year: 2023
family: general
modality: image
size: 218
split: test
groups: opencompass, paper, general
aliases: mm_vet
licence: CC BY-NC 4.0 (data), Apache-2.0 (code)
metric: mean grade, 0.0 to 1.0 in steps of 0.1, over all questions, in percent; the same for each capability
official: yuweihao/MM-Vet@acde843 mm-vet_evaluator.py
judge: required (the authors' is gpt-4-0613, VLMEvalKit's gpt-4-turbo, SAIL's Doubao-1.5-vision-pro-32k-250115)
published: SAIL-VL2-2B 68.67, SAIL-VL2-AnyRes-2B 67.80, SAIL-VL2-8B 73.72, SAIL-VL2-A3B 74.36
prompt: the question alone
differs: VLMEvalKit and the authors ask and count alike. Both try five times, warmer each time, and then count 0; here a
    verdict that is no grade leaves the question ungraded, and so does one between the steps (0.75), which both take. An
    empty reply is 0 without asking. The paper's numbers are means of five runs of the judge, the script's default is
    one. A question with several capabilities counts in each of them (metrics), and once in their combination (group).
    One step of one question is 0.05. lmms-eval asks for reasoning first, which is another prompt.
"""

from sailbench.families import NORMAL, asking
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Sample

from ._mmvet import CAPABILITIES, by_capability, by_judge, capabilities, spaced


def read(row: Row) -> Sample:
    needed = capabilities(row)
    return Sample(
        id=row.text("index", "question_id", "id", default=str(row.number)),
        question=row.text("question"),
        target=spaced(row.text("answer")),
        media=row.images("image"),
        group={"integration": "_".join(needed)} if needed else {},
        extra={"capabilities": needed},
    )


TASK = Task(
    read=read,
    ask=asking(as_it_is, NORMAL),
    rules={"opencompass": by_judge("mmvet")},
    metrics=by_capability(CAPABILITIES[:6]),
    rubric="mmvet",
    sources=(
        Hub(repo="lmms-lab-encoder/MMVet", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMVet.tsv",
            md5="748aa6d4aa9d4de798306a63718455e3",
        ),
    ),
)
