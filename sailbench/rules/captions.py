"""Captions, graded as a corpus: CIDEr needs every image's references, BLEU every caption, so both are aggregates.

A caption by itself is graded by ROUGE-L; what the corpus metrics need of it is in `Score.parts`.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sailbench.aggregate import Aggregate, Mean, Point, part
from sailbench.families import Read, Text, asking, golds, needs_target
from sailbench.metrics.captions import bleu_scores, caption_rouge_score, cider_scores
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

Pair = tuple[str, tuple[str, ...]]  # a caption and its references, tokenised
# CIDEr-D reaches 10, and is printed times 100; the others reach 100.
SCALE = 1000.0


def by_ngrams(tokenised: Callable[[str], str]) -> Rule:
    """ROUGE-L of one caption, and its tokens and its references' for the corpus metrics."""

    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        references = tuple(map(tokenised, golds(sample)))
        caption = tokenised(reply.text) if reply.text.strip() else ""
        rouge = caption_rouge_score(caption, references) if caption else 0.0
        parts = {"caption": caption, "references": references, "rouge_l": rouge}
        return Score(rouge, reply.text.strip() or None, "ROUGE-L; CIDEr and BLEU are of all captions together", parts)

    return grade


def as_written(text: str) -> str:
    return text


def cider_points(graded: Sequence[Graded]) -> list[Point]:
    """A tenth of each caption's CIDEr-D, with word weights from these samples' references alone.

    A sample without tokens counts with its grade: it was not answered, or its grade is supposed for the bounds.
    """
    scores = iter(_cider(tuple(_pair(g) for g in graded if "caption" in g.score.parts)))
    return [Point(next(scores) if "caption" in g.score.parts else g.score.value, g.cluster) for g in graded]


def _pair(graded: Graded) -> Pair:
    return graded.score.parts["caption"], tuple(graded.score.parts["references"])


@lru_cache(maxsize=16)
def _cider(pairs: tuple[Pair, ...]) -> tuple[float, ...]:
    """Asked for again and again while a summary is made of one run."""
    return tuple(cider_scores([caption for caption, _ in pairs], [references for _, references in pairs]))


def bleu(n: int) -> Aggregate:
    """BLEU-n of all captions together, on the scale of CIDEr."""

    def aggregate(graded: Sequence[Graded]) -> float | None:
        pairs = [_pair(g) for g in graded if "caption" in g.score.parts]
        if not pairs:
            return None
        return bleu_scores([caption for caption, _ in pairs], [refs for _, refs in pairs])[n - 1] * 100 / SCALE

    return aggregate


def rouge(graded: Sequence[Graded]) -> float | None:
    """The mean ROUGE-L, on the scale of CIDEr."""
    mean = part("rouge_l")(graded)
    return None if mean is None else mean * 100 / SCALE


def captions(read: Read, text: Text, sampling: Sampling, **options: Any) -> Task:
    """CIDEr-D times 100 of all captions, BLEU and ROUGE-L in percent."""
    metrics: dict[str, Aggregate] = {f"Bleu_{n}": bleu(n) for n in (1, 2, 3, 4)}
    metrics["ROUGE_L"] = rouge
    headline = Mean(cider_points)
    return Task(read=read, ask=asking(text, sampling), headline=headline, metrics=metrics, scale=SCALE, **options)
