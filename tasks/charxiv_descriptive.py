"""CharXiv, descriptive questions, validation split
paper: arXiv 2406.18521
year: 2024
family: document_ocr_chart
modality: image
size: 4000
split: validation
groups: chart
aliases: charxiv_dq, charxiv_val_descriptive
licence: CC BY-SA 4.0 (questions), figures keep their own
metric: accuracy over all questions, as the judge sees it
official: princeton-nlp/CharXiv@7ebe88f src/descriptive_utils.py, src/get_stats.py
judge: required (the authors' is gpt-4o-2024-05-13, VLMEvalKit's gpt-4o-mini)
prompt: the question from its template with the authors' instructions, phrase hint (the official wrapper adds it, also
    where a list or "n by m" is asked for)
differs: VLMEvalKit asks for one reply a call, as here, the authors for five. A verdict that cannot be read counts 0 for
    both; here it is ungraded. An empty reply is wrong without asking, as the judge is told to say. A quarter of the
    golds is "Not Applicable". lmms-eval repeats the split four times and numbers the questions by row, so that it
    asks one question a figure four times and the other three never.
"""

from sailbench import prompts
from sailbench.errors import TaskError
from sailbench.families import NORMAL, asking
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Sample

from ._charxiv import CATEGORIES, COMPARED, by_judge, descriptive_question, figure_groups, place


def read(row: Row) -> Sample:
    own = row.part or ("" if row.has("qid") else str(int(row.text("subq_idx", default="-1")) + 1))
    if own == "0":
        raise TaskError(f"row {row.number} is a figure with four questions: name the one, 0 to 3, in a column subq_idx")
    number = int(float(row.text("qid", f"descriptive_q{own}", default=None)))
    figure = row.text("figure_id", "figure_path", default=str(row.number))
    return Sample(
        id=row.text("index", "id") or f"{figure}_{row.text('subq_idx', default=str(int(own or 0) - 1))}",
        question=row.text("question") or descriptive_question(number, place(row)),
        target=row.text("answer", f"descriptive_a{own}"),
        media=row.images("image"),
        group={"category": CATEGORIES[number], "question": f"Q{number}"} | figure_groups(row),
        extra={"kind": COMPARED[number]},
    )


TASK = Task(
    read=read,
    ask=asking(prompts.for_a_phrase, NORMAL),
    rules={"opencompass": by_judge},
    rubric="charxiv",
    sources=(
        *(Hub(repo="princeton-nlp/CharXiv", split="validation", part=part) for part in "1234"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CharXiv_descriptive_val.tsv",
            md5="8507c3740f8ddaedcb6b5c1cfcb3fa06",
        ),
    ),
)
