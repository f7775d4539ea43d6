"""CharXiv, reasoning questions, validation split
paper: arXiv 2406.18521
year: 2024
family: document_ocr_chart
modality: image
size: 1000
split: validation
groups: chart
aliases: charxiv_rq, charxiv_val_reasoning
licence: CC BY-SA 4.0 (questions), figures keep their own
metric: accuracy over all questions, as the judge sees it
official: princeton-nlp/CharXiv@7ebe88f src/reasoning_utils.py, src/get_stats.py
judge: required (the authors' is gpt-4o-2024-05-13, VLMEvalKit's gpt-4o-mini)
prompt: the question with its authors' instructions, phrase hint (the official wrapper adds it)
differs: VLMEvalKit and the authors ask the same of their judges. A verdict that cannot be read counts 0 for both; here
    it is ungraded. VLMEvalKit retries only what is no JSON, the authors also what lacks a key. An empty reply is
    wrong without asking, as the judge is told to say. lmms-eval takes the source of the question (1 to 3) for the
    kind of its answer (1 to 4), in the instructions and in the judge's rules, so its numbers are another benchmark's.
"""

from sailbench import prompts
from sailbench.families import NORMAL, asking
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Sample

from ._charxiv import ANSWER_TYPES, QUESTION_SOURCES, by_judge, figure_groups, reasoning_question

KINDS = {1: "text in the chart", 2: "text in general", 3: "number", 4: "number"}


def read(row: Row) -> Sample:
    kind = int(float(row.text("inst_category", "reasoning_a_type", default=None)))
    target = row.text("answer", "reasoning_a")
    group = {"answer_type": ANSWER_TYPES[kind]} | figure_groups(row)
    if row.has("qa_source") or row.has("reasoning_q_source"):
        group["source"] = QUESTION_SOURCES[int(float(row.text("qa_source", "reasoning_q_source")))]
    bare = row.text("query", "reasoning_q")
    return Sample(
        id=row.text("index", "id", "figure_id", "figure_path", default=str(row.number)),
        question=reasoning_question(kind, bare, target) if bare else row.text("question"),
        target=target,
        media=row.images("image"),
        group=group,
        extra={"kind": KINDS[kind]},
    )


TASK = Task(
    read=read,
    ask=asking(prompts.for_a_phrase, NORMAL),
    rules={"opencompass": by_judge},
    rubric="charxiv",
    sources=(
        Hub(repo="princeton-nlp/CharXiv", split="validation"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CharXiv_reasoning_val.tsv",
            md5="6fc1a522ad32c2e3d72a89857b8cf10b",
        ),
    ),
)
