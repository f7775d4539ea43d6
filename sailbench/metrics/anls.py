"""ANLS: one minus the normalized edit distance to the nearest true answer, 0 for answers that are too far away.

Case and the width of spaces do not count. Two versions, which part at a similarity of exactly one half.
"""

from collections.abc import Iterable

from sailbench.metrics.edit_distance import edit_distance

THRESHOLD = 0.5


def anls_score(prediction: str, truths: Iterable[str]) -> float:
    """The similarity to the nearest truth, 0 unless it is above one half: the formula of the paper.

    Biten et al. 2019 (arXiv 1905.13648); shunk031/ANLS@6472e1d anls/metrics/score.py

    >>> anls_score("Coca  cola", ["coca cola"]), anls_score("abxx", ["abcd"]), anls_score("abcx", ["abcd"])
    (1.0, 0.0, 0.75)
    """
    said = _folded(prediction)
    return max((_near(said, _folded(truth)) for truth in truths), default=0.0)


def _near(said: str, truth: str) -> float:
    distance = _distance(said, truth, _longest(said, truth))
    return 1 - distance if distance < THRESHOLD else 0.0


def lenient_anls_score(prediction: str, truths: Iterable[str]) -> float:
    """The similarity to the nearest truth, 0 if it is below one half; as VLMEvalKit and the organizers' script have it.

    The distance is divided by the length of the texts as they came, spaces included.
    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/vqa_eval.py anls_compute, hit_calculate

    >>> lenient_anls_score("abxx", ["abcd"]), lenient_anls_score("abxxx", ["abcd"])
    (0.5, 0.0)
    """
    distance = min((_relative_distance(prediction, truth) for truth in truths), default=1.0)
    return 0.0 if 1 - distance < THRESHOLD else 1 - distance


def _relative_distance(prediction: str, truth: str) -> float:
    return _distance(_folded(prediction), _folded(truth), _longest(prediction, truth))


def _distance(said: str, truth: str, longest: int) -> float:
    return edit_distance(said, truth) / longest if longest else 0.0


def _longest(*texts: str) -> int:
    """The length of the longest in capitals, as the originals count: "ß" has two."""
    return max(len(text.upper()) for text in texts)


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
