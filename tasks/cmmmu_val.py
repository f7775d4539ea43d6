"""CMMMU, validation split
paper: arXiv 2401.11944
year: 2024
family: multilingual
modality: multi_image
size: 900
split: val
groups: multilingual, multi_image
aliases: cmmmu
licence: see the data set's card
metric: accuracy over all questions; in each of six disciplines too
official: CMMMU-Benchmark/CMMMU@e1ba883 eval/utils/eval_utils.py
judge: none
prompt: VLMEvalKit's own, a wording for each of options, true or false, and blanks; the official wrapper would send
    the question without its options, and an English request. <img="..."> stays as text. The first image is enlarged
    twice, as there for every name with MMMU in it
differs: VLMEvalKit counts a blank once for each of the reply's phrases that hold the true text, so that its total can
    pass 100 (there fractions of 1): so does the value; grades are at most 1, and metric once is their mean. The
    authors count once. In both, options are read by how often their letters occur anywhere ("答案是B。因为A不对" is
    AB and wrong), and 不对 (untrue) reads 对 (true), because it holds it. Both toss a coin where nothing is read,
    which is wrong here.
"""

from collections.abc import Sequence
from dataclasses import replace

from sailbench.aggregate import SAMPLES, Mean, Point
from sailbench.families import asking, needs_target, options_read_by, rule
from sailbench.metrics.chinese_answers import LABELS, blank_hits, filled_in, judgement, most_named_options
from sailbench.prompts import option_lines
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

from ._choices import of_reply, present

OPTIONS, JUDGEMENT, BLANK = "选择", "判断", "填空"
REQUESTS = {
    OPTIONS: "请回答上述多项选择题，并选出正确选项。这些题目可能包括单选和多选题型。"
    "如果所提供的信息不足以确定一个明确的答案，那么请根据可用的数据和你的判断来选择最可能正确的选项。",
    JUDGEMENT: "请回答上述判断题，并根据题目描述和所给的信息来判断问题中陈述的对错。"
    "如果信息不完整或不足以作出绝对判断，请运用你的逻辑推理和现有信息来做出最可能的判断。",
    BLANK: "请回答上述填空题，并根据题目的要求和所提供的信息来给出最恰当的答案。"
    "如果信息不足以确切回答，那么请依据现有的数据和你的推理能力来填写最合理的答案。",
}


def read(row: Row) -> Sample:
    kind = row.text("type")
    options = {label: row.text(f"option{place}") for place, label in enumerate(LABELS, 1)}
    groups = {"discipline": row.text("category"), "subject": row.text("subcategory"), "type": kind}
    return Sample(
        id=row.text("id", "index", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image", *(f"image_{k}" for k in range(1, 6))),
        choices=present(options) if kind == OPTIONS else {},
        group=present(groups),
        extra={"type": kind},
    )


def text(sample: Sample) -> str:
    request = REQUESTS.get(sample.extra["type"], REQUESTS[BLANK])
    if not sample.choices:
        return f"{sample.question}\n{request}"
    return f"问题: {sample.question}\nOptions:\n{option_lines(sample.choices)}\n{request}"


by_options = rule(options_read_by(most_named_options))
by_judgement = rule(of_reply(judgement))


@needs_target
def by_blank(sample: Sample, reply: Reply) -> Score:
    answers = filled_in(reply.text, sample.target)
    hits = blank_hits(answers, sample.target)
    said = "; ".join(map(str, answers)) or None
    return Score(float(hits > 0), said, "phrases and numbers behind key words", {"hits": hits})


def by_blank_once(sample: Sample, reply: Reply) -> Score:
    return replace(by_blank(sample, reply), parts={})


def by_type(blank: Rule) -> Rule:
    rules = {OPTIONS: by_options, JUDGEMENT: by_judgement}
    return lambda sample, reply: rules.get(sample.extra["type"], blank)(sample, reply)


def counted(graded: Sequence[Graded]) -> list[Point]:
    """VLMEvalKit's count of hits, where the grade has one."""
    return [
        Point(None if g.score.value is None else g.score.parts.get("hits", g.score.value), g.cluster) for g in graded
    ]


TASK = Task(
    read=read,
    ask=asking(text, Sampling(enlarge=2)),
    rules={"opencompass": by_type(by_blank), "official": by_type(by_blank_once)},
    headline=Mean(counted),
    metrics={"once": SAMPLES},
    sources=(
        Hub(repo="lmms-lab-encoder/CMMMU", split="val"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CMMMU_VAL.tsv",
            md5="b4727e2fce2415bf646379e60c11a726",
        ),
    ),
)
