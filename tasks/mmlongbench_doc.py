"""MMLongBench-Doc
paper: arXiv 2407.01523
year: 2024
family: document_ocr_chart
modality: multi_image
size: 1091 in the TSV and in the first release, 1082 since 2024-07-15
split: test
groups: doc, multi_image
aliases: mmlongbench, mmlongbenchdoc
licence: Apache-2.0 (annotations), documents keep their own
metric: mean score of typed answers (accuracy), and F1 of answerable golds and answered questions (F1)
official: mayubo2333/MMLongBench-Doc@d73f0dc eval/eval_score.py, eval/prompt_for_answer_extraction.md
judge: required (an extractor: gpt-4o)
prompt: all pages (at most 120) as images, question, phrase hint: what the official wrapper has for it, though
    VLMEvalKit lets no model but ten of its list run
media: pages as images in columns image or image_path (the original draws its PDF files at 144 dpi)
differs: the comparison is the same; but VLMEvalKit's F1 counts, among the answered questions, also what unanswerable
    ones gain by a near miss ("Not answerable." scores 0.933). Where the authors' script stops (a broken list, a gold
    number that is none) both here and in VLMEvalKit the score is 0. A reply without the mark "Extracted answer:" is
    empty to VLMEvalKit; here it is ungraded. VLMEvalKit tells unanswerable questions by their lack of evidence
    pages (no_page), the authors by the gold answer (unanswerable). lmms-eval shows the evidence pages alone and asks
    no extractor, which is another benchmark.
"""

from collections.abc import Callable, Sequence

from sailbench import judge, prompts
from sailbench.aggregate import SAMPLES, Aggregate, Mean, each, mean
from sailbench.families import asking
from sailbench.metrics.document_answers import typed_answer_score
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

NOWHERE = "Not answerable"
SOURCES = {
    "text": "Pure-text (Plain-text)",
    "layout": "Generalized-text (Layout)",
    "table": "Table",
    "chart": "Chart",
    "figure": "Figure",
}


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer") or NOWHERE,
        media=(row.images("image") or row.images("image_path"))[:120],
        group={"doc_type": row.text("doc_type")} if row.has("doc_type") else {},
        extra={
            "format": row.text("answer_format", default="None"),
            "pages": str(len(row.list("evidence_pages"))),
            "sources": ", ".join(map(str, row.list("evidence_sources"))),
        },
    )


def by_extraction(counts: Callable[[Sample, str], bool]) -> Rule:
    """`counts` says, of a sample and its answer, whether its score counts for the precision in F1."""

    def grade(sample: Sample, reply: Reply) -> Score:
        if not reply.text.strip():
            return Score(0.0, None, "empty", {"answered": 1.0, "counted": 0.0})
        if reply.verdict is None:
            return Score(None, None, "needs a judge: document_answer")
        taken = judge.load("document_answer").read(reply.verdict)
        if not isinstance(taken, str):
            return Score(None, None, "the extractor's reply cannot be read")
        value = typed_answer_score(taken, sample.target, sample.extra["format"])
        parts = {"answered": float(taken != NOWHERE), "counted": value * counts(sample, taken)}
        return Score(value, taken, "what the extractor took from the reply", parts)

    return grade


def answerable(sample: Sample) -> bool:
    return bool(sample.target != NOWHERE)


def f1(graded: Sequence[Graded]) -> float | None:
    """Of the recall over answerable golds and the precision over answered questions."""
    known = [g for g in graded if g.score.value is not None]
    recall = mean([g.score.value for g in known if answerable(g.sample)])
    answers = sum(g.score.parts["answered"] for g in known)
    if recall is None or not answers:
        return 0.0 if known else None
    precision = _counted(known) / answers
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _counted(graded: Sequence[Graded]) -> float:
    return float(sum(g.score.parts["counted"] for g in graded))


def where(holds: Callable[[Sample], bool]) -> Aggregate:
    """The mean over the samples of which something holds."""
    return Mean(lambda graded: each([g for g in graded if holds(g.sample)]))


TASK = Task(
    read=read,
    ask=asking(prompts.for_a_phrase, Sampling(detail="page")),
    rules={
        "opencompass": by_extraction(lambda _, answer: answer != NOWHERE),
        "official": by_extraction(lambda s, _: answerable(s)),
    },
    headline=SAMPLES,
    metrics={
        "F1": f1,
        **{name: where(lambda s, told=told: told in s.extra["sources"]) for name, told in SOURCES.items()},
        "single_page": where(lambda s: s.extra["pages"] == "1"),
        "multi_page": where(lambda s: int(s.extra["pages"]) > 1),
        "no_page": where(lambda s: s.extra["pages"] == "0"),
        "cross_page": where(lambda s: s.extra["pages"] != "1" and answerable(s)),
        "unanswerable": where(lambda s: not answerable(s)),
    },
    rubric="document_answer",
    sources=(
        Hub(repo="yubo2333/MMLongBench-Doc", split="train"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/MMLongBench_DOC.tsv",
            md5="75f5d29965d0db68254993f6170da7c2",
        ),
    ),
)
