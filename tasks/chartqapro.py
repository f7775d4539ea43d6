"""ChartQAPro
paper: arXiv 2504.05506
year: 2025
family: document_ocr_chart
modality: image
size: 1948
split: test
groups: chart
licence: MIT
metric: mean over the questions of the answers' elements that are right
official: vis-nlp/ChartQAPro@4b422c6 evaluate_predictions.py (its authors recommend VLMEvalKit, which has the same rule)
judge: none
published: none by SAIL-VL2
prompt: the paragraph, then VLMEvalKit's direct prompt for the kind of question, whose lines are indented there
differs: VLMEvalKit and the authors agree. Both find out that fact checking and multiple choice want the exact answer,
    and compare by ANLS all the same, so that "a." is a (but "(a)" is not). A reply that follows the prompt's own
    example, with curly quotes, is no list to either. Of a conversation the last answer counts. lmms-eval compares
    those two kinds exactly and asks in its own words.
"""

from sailbench.errors import TaskError
from sailbench.families import asking, needs_target
from sailbench.metrics.relaxed import relaxed_list_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

INDENT = "\n" + " " * 12
ASKED = {
    "Factoid": ("You are given a factoid question that you need to answer based on the provided image.",),
    "Multi Choice": (
        "You are given a question along with different possible answers. You need to select the correct answer",
        "from them based on the provided image.",
    ),
    "Conversational": (
        "You are given a multi-turn conversation, and your job is to answer the final question based on the",
        "conversation history and the information in the provided image.",
    ),
    "Fact Checking": ("You are given a fact statement that you need to assess based on the provided image.",),
    "Hypothetical": ("You are given a hypothetical question that you need to answer based on the provided image.",),
}
SHORT = (
    "Your answer should be a single word, number, or phrase. If the question is unanswerable based on",
    "the information in the provided image, your answer should be unanswerable. Do not generate units.",
    "But if numerical units such as million, m, billion, B, or K are required, use the exact notation",
    "shown in the chart.",
)
FORM = {
    "Multi Choice": (
        "Your answer should be one of the options letters only: a, b, c or d (just the letter itself without any",
        "additional text). If the question is unanswerable based on the information in the provided image, your",
        "answer should be unanswerable.",
    ),
    "Fact Checking": (
        "Your answer should be either true or false (without any additional text). If the question is",
        "unanswerable based on the information in the provided image, your answer should be unanswerable.",
    ),
}
CLOSING = (
    "If there are multiple answers, put them in brackets using this format [’Answer1’, ’Answer2’].",
    "Remember to generate the final answer only without any additional text!",
)


def read(row: Row) -> Sample:
    questions = [str(one) for one in row.list("question" if row.has("question") else "Question")]
    answers = [str(one) for one in row.list("answer" if row.has("answer") else "Answer")]
    years = [str(one).upper() == "YES" for one in row.list("year" if row.has("year") else "Year")]
    kind = row.text("question_type", "Question Type", default=None)
    if kind not in ASKED:
        raise TaskError(f"row {row.number} is of kind {kind!r}; it must be one of {', '.join(ASKED)}")
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=questions[-1] if kind == "Conversational" else questions[0],
        target=answers[-1] if answers else "",
        media=row.images("image"),
        group={"question_type": kind},
        extra={
            "paragraph": row.text("paragraph", "Paragraph"),
            "talk": [said for pair in zip(questions[:-1], answers[:-1], strict=False) for said in pair],
            "years": years[-1:] if kind == "Conversational" else years,
        },
    )


def text(sample: Sample) -> str:
    kind = sample.group["question_type"]
    history = f"Conversation: {sample.extra['talk']} " if kind == "Conversational" else ""
    lines = (*ASKED[kind], *FORM.get(kind, SHORT), *CLOSING, f"{history}Question: {sample.question}")
    return f"{sample.extra['paragraph']}\n{INDENT.join(['', *lines, ''])}"


@needs_target
def by_elements(sample: Sample, reply: Reply) -> Score:
    said, gold = (one.strip(".").strip("\n") for one in (reply.text, sample.target))
    if not said.strip():
        return Score(0.0, None, "an empty reply")
    return Score(relaxed_list_score(said, gold, sample.extra["years"]), said, "the reply's elements")


TASK = Task(
    read=read,
    ask=asking(text, Sampling()),
    rules={"opencompass": by_elements},
    sources=(
        Hub(repo="ahmed-masry/ChartQAPro", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/chartqapro.tsv",
            md5="27653ea8dd8dd3a85bc4f432db96447a",
        ),
    ),
)
