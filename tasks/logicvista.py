"""LogicVista
paper: arXiv 2407.04973
year: 2024
family: math_science_reasoning
modality: image
size: 447
split: test
groups: reasoning, paper, math
licence: Apache-2.0
metric: accuracy over all questions
official: Yijia-Xiao/LogicVista@e5795f1 eval/extract_accuracy.py, eval/analyze_accuracy.py
judge: required (an extractor: gpt-4o-mini in VLMEvalKit, gpt-4 for the authors)
published: SAIL-VL2-2B 36.24, SAIL-VL2-AnyRes-2B 35.79, SAIL-VL2-8B 44.97, SAIL-VL2-A3B 47.20,
    SAIL-VL2-2B-Thinking 47.0, SAIL-VL2-8B-Thinking 56.4, SAIL-VL2-A3B-Thinking 59.7
prompt: question (its options are in the picture), phrase hint
differs: both compare the letters that an extractor names with the gold ones, as sorted lists. VLMEvalKit takes capital
    letters only, so that question v1_20, whose options are numbered, is never right there; the authors take numbers
    too, but a reply of one sign that is neither a digit nor a letter up to E is wrong to them without asking (v1_4's
    answer is G). Without an extractor VLMEvalKit gives no score at all. The authors' file has a 448th question, v1_382,
    without text and answer, which is always wrong; the TSV and the hub leave it out. lmms-eval has a judge compare.
"""

from sailbench.families import asking
from sailbench.prompts import for_a_phrase
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import judged
from sailbench.task import Task
from sailbench.types import Sample, Sampling, Score


def read(row: Row) -> Sample:
    skills, capabilities = map(str, row.list("skill")), map(str, row.list("capability"))
    return Sample(
        id=row.text("index", "question_id", "id", default=str(row.number)),
        question=row.text("question"),
        # What no letters can be: the row without an answer counts as wrong.
        target=row.text("answer") or "-",
        media=row.images("image") or row.images("imagename"),
        group={"skill": " and ".join(skills)} | {f"needs {own}": "yes" for own in capabilities},
    )


def named(sample: Sample, letters: str) -> Score:
    right = sorted(letters.lower()) == sorted(sample.target.lower().split(", "))
    return Score(float(right), letters, "letters that the extractor names")


def named_in_kit(sample: Sample, letters: str) -> Score:
    return named(sample, letters) if letters.isalpha() else Score(0.0, letters, "the kit takes letters only")


def odd_sign(sample: Sample, text: str) -> Score | None:
    said = text.split("ASSISTANT:")[int("ASSISTANT:" in text)].strip()
    if len(said) > 1 or said.isnumeric() or (said and said.lower() in "abcde"):
        return None
    return Score(0.0, said or None, "one sign that is no letter up to E, or none")


TASK = Task(
    read=read,
    ask=asking(for_a_phrase, Sampling()),
    rules={
        "opencompass": judged("logicvista", named_in_kit),
        "official": judged("logicvista", named, first=odd_sign),
    },
    rubric="logicvista",
    sources=(
        Hub(repo="lscpku/LogicVista", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/LogicVista.tsv",
            md5="41c5d33adf33765c399e0e6ae588c061",
        ),
    ),
)
