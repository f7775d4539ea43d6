"""VCR-wiki, English, easy, 500 images
paper: arXiv 2406.06462
year: 2024
family: document_ocr_chart
modality: image
size: 500
split: test-500
groups: ocr
aliases: vcr_en_easy, vcr_en_easy_500, vcr_wiki_en_easy_500
licence: CC BY-SA 4.0
metric: masked stretches of text that are restored exactly, mean over stretches, not over images; jaccard is the share
    of words in common
official: tianyu-z/VCR@b3be5a9 src/evaluation/evaluation_metrics.py, src/evaluation/utils.py
judge: none
prompt: the question alone
differs: VLMEvalKit and the authors agree, on a scale of 0 to 1. What follows the last "Assistant: " is read; "sorry",
    "I can't" and "I cannot" anywhere make every stretch wrong, even restored ones (the authors' filter for models that
    they do not name). Case counts. Words are those of spaCy's en_core_web_sm, whose rules are in
    sailbench/metrics/english_words.py: the same on every text it was compared on, but that a run of over 400 signs
    without a space is one word. lmms-eval does not look for "Assistant: ".
"""

from collections.abc import Callable, Sequence

from sailbench import prompts
from sailbench.aggregate import Mean, Point
from sailbench.families import asking, needs_target
from sailbench.metrics.english_words import english_words
from sailbench.metrics.masked_text import Restored, nearest_stretch
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

QUESTION = (
    "What is the covered texts in the image? Please restore the covered texts without outputting the explanations."
)
REFUSALS = ("I can't", "I cannot", "无法", "抱歉")


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", "question_id", default=str(row.number)),
        question=row.text("question") or QUESTION,
        target=tuple(map(str, row.list("crossed_text" if row.has("crossed_text") else "answer"))),
        media=row.images("image") or row.images("stacked_image"),
    )


@needs_target
def restored(sample: Sample, reply: Reply) -> Score:
    said = reply.text.rpartition("Assistant: ")[2]
    if "sorry" in said.lower() or any(words in said for words in REFUSALS):
        return scored(sample, "a refusal", [Restored(0.0, 0.0)] * len(sample.target), "a refusal, or the word sorry")
    words = english_words(said)
    found = [nearest_stretch(words, english_words(masked), masked) for masked in sample.target]
    return scored(sample, said.strip() or None, found, "the nearest stretch of words to each masked one")


def scored(sample: Sample, answer: str | None, found: Sequence[Restored], why: str) -> Score:
    parts = {"exact": [one.exact for one in found], "jaccard": [one.jaccard for one in found]}
    return Score(sum(parts["exact"]) / len(sample.target), answer, why, parts)


def stretches(part: str) -> Callable[[Sequence[Graded]], list[Point]]:
    """A point a masked stretch, of ungraded samples too."""

    def points(graded: Sequence[Graded]) -> list[Point]:
        values = [(g, g.score.parts.get(part) or [g.score.value] * len(g.sample.target)) for g in graded]
        return [Point(value, g.cluster) for g, own in values for value in own]

    return points


TASK = Task(
    read=read,
    ask=asking(prompts.as_it_is, Sampling(detail="fine")),
    rules={"opencompass": restored},
    headline=Mean(stretches("exact")),
    metrics={"jaccard": Mean(stretches("jaccard"))},
    sources=(
        Hub(repo="vcr-org/VCR-wiki-en-easy-test-500", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/vcr-org/VCR-wiki-en-easy-test-500/resolve/main/"
            "VCR-wiki-en-easy-test-500.tsv",
            md5="fd9258db52f8685dc710619a0ea0a261",
        ),
    ),
)
