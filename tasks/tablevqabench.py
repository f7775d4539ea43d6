"""TableVQA-Bench
paper: arXiv 2404.19205
year: 2024
family: document_ocr_chart
modality: image
size: 1500
split: vwtq (750), vwtq_syn (250), vtabfact (250), fintabnetqa (250)
groups: ocr, doc
aliases: tablevqa, tablevqa_bench
licence: MIT
metric: accuracy over all questions, which weighs the four sub-sets by their size, as the authors print it
official: naver-ai/tablevqabench@87d38e7 src/evaluate_tablevqa_dataset.py
judge: none
prompt: the sub-set's own few-shot prompt as VLMEvalKit builds it. The official wrapper would send the bare question,
    which asks for no units, no double bars and does not say that a statement is to be judged
differs: VLMEvalKit cuts a leading "Answer: " and prints no average over the sub-sets; mean_of_subsets is the plain one.
    Both say True where a statement's reply holds "true", as in "untrue", and read nothing where both words occur.
    fintabnetqa counts an amount without its unit, and so one with a wrong unit; fintabnetqa_exact does not. The
    authors' prompt asks for "true or false" in small letters. lmms-eval has no such task.
"""

from collections.abc import Callable

from sailbench.aggregate import macro, part
from sailbench.families import NORMAL, asking, needs_target
from sailbench.metrics.table_answers import amount_scores, denotation_score, truth_value
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Rule, Task
from sailbench.types import Reply, Sample, Score

WTQ = (
    "You are asked to answer questions asked on an image.\nYou should answer the question with a single word.\n"
    "Example: \nQuestion: what was the only year mr. wu competed in the olympic games?\nAnswer: 2004\n"
    "Question: which township in pope county, arkansas has the least amount of water area?\nAnswer: Freeman\n"
    "If you have multiple answers, please separate them with || marks. Example: Apple||Banana||Tomato\n\n"
    "Question: {question}\nAnswer:"
)
TABFACT = (
    "You are asked to answer whether the statement is True or False based on given image\n"
    "You should only answer True or False.\nExample: \n"
    "Statement: the milwaukee buck win 6 game in the 2010 - 11 season\nAnswer: True\n"
    "Statement: only the top team score above the average of 8.8\nAnswer: False\n\n"
    "Statement: {question}\nAnswer:"
)
FINTABNET = (
    "You are asked to answer questions asked on a image.\n"
    "You should answer the question within a single word or few words.\n"
    "If units can be known, the answer should include units such as $, %, million and etc.\nExample: \n"
    "Question: What were the total financing originations for the fiscal year ended October 31, 2004?\n"
    "Answer: $3,852 million\nQuestion: What is the time period represented in the table?\nAnswer: October 31\n"
    "Question: What was the percentage of net sales for selling, general and administrative expenses in 2006?\n"
    "Answer: 34.2%\nQuestion: {question}\nAnswer:"
)
PROMPTS = {"vwtq": WTQ, "vwtq_syn": WTQ, "vtabfact": TABFACT, "fintabnetqa": FINTABNET}


def read(row: Row) -> Sample:
    split = row.text("split", default=row.part)
    return Sample(
        id=row.text("index") or f"{split}/{row.text('qa_id', default=str(row.number))}",
        question=row.text("question"),
        target=row.text("answer", "gt"),
        media=row.images("image"),
        group={"split": split},
    )


def text(sample: Sample) -> str:
    return PROMPTS[sample.group["split"]].replace("{question}", sample.question)


def _statement(said: str, target: str) -> Score:
    value = truth_value(said)
    if value is None:
        return Score(0.0, None, "neither true nor false, or both")
    return Score(float(target == str(int(value))), str(value), "the one word of true and false")


def _amount(said: str, target: str) -> Score:
    scores = amount_scores(said, target)
    return Score(scores.relaxed, said, "amounts, units aside", {"exact": scores.exact})


def _denotation(said: str, target: str) -> Score:
    return Score(denotation_score(said, target), said, "the same answers in any order")


COMPARISONS: dict[str, Callable[[str, str], Score]] = {
    "vwtq": _denotation,
    "vwtq_syn": _denotation,
    "vtabfact": _statement,
    "fintabnetqa": _amount,
}


def rule(lead: str = "") -> Rule:
    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        said = reply.text.removeprefix(lead)
        return COMPARISONS[sample.group["split"]](said, sample.target) if said.strip() else Score(0.0, None, "empty")

    return grade


TASK = Task(
    read=read,
    ask=asking(text, NORMAL),
    rules={"opencompass": rule("Answer: "), "official": rule()},
    metrics={"mean_of_subsets": macro("split"), "fintabnetqa_exact": part("exact")},
    sources=(
        *(Hub(repo="terryoo/TableVQA-Bench", split=split) for split in PROMPTS),
        Tsv(
            url="https://pai-aigc-photog.oss-cn-hangzhou.aliyuncs.com/mentor-vil/datasets/tablevqa-bench.tsv",
            md5="2550adc61bdc82d8e62f3b003de7c62d",
        ),
    ),
)
