"""How well a text was read off a page: words in common, in order and out of it, and edits between the texts.

Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts/page_ocr_metric.py, which takes its measures from nltk.
"""

import math
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from sailbench.metrics.edit_distance import edit_similarity
from sailbench.metrics.stems import stem

_CHINESE = re.compile("[\u4e00-\u9fa5]")
# jieba divides runs of these signs one by one, in the square of their lengths; no page has one as long as this.
_RUNS = re.compile(r"[\u4e00-\u9fd5a-zA-Z0-9+#&._%-]{1,4000}|[^\u4e00-\u9fd5a-zA-Z0-9+#&._%-]+")


def can_divide(*texts: str) -> bool:
    """Whether the texts' words can be told: Chinese needs the package jieba."""
    return not any(map(_CHINESE.search, texts)) or find_spec("jieba") is not None


def page_text_score(prediction: str, truth: str) -> float:
    """The mean of BLEU-4, METEOR, F1 of distinct words, and edit similarity of the texts; 0 for an empty prediction.

    Chinese texts are divided into words by jieba, others at blanks.

    >>> round(page_text_score("the cat", "the cat"), 6)  # BLEU-4 of two words is 0
    0.734375
    """
    if not prediction:
        return 0.0
    said, wanted = _words(prediction, truth)
    measures = (sentence_bleu_score(said, wanted), meteor_score(said, wanted), distinct_f1_score(said, wanted))
    return (sum(measures) + edit_similarity(prediction, truth)) / 4


def _words(*texts: str) -> list[list[str]]:
    if any(map(_CHINESE.search, texts)):
        return [[word for run in _RUNS.findall(text) for word in _segmenter().cut(run)] for text in texts]
    return [text.split() for text in texts]


@cache
def _segmenter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its sources hold escapes that Python now warns of
        import jieba
    own = jieba.Tokenizer(str(Path(jieba.__file__).with_name("dict.txt")))
    # Its own way to begin trusts a marshalled cache in the folder for temporary files, which anyone may write.
    own.FREQ, own.total = own.gen_pfdict(own.get_dict_file())
    own.initialized = True
    return own


def sentence_bleu_score(prediction: Sequence[str], truth: Sequence[str]) -> float:
    """BLEU with n-grams of one to four words, not smoothed; nltk.translate.bleu_score sentence_bleu.

    >>> round(sentence_bleu_score("a b c d x".split(), "a b c d e".split()), 4)
    0.6687
    """
    precisions = [_precision(_grams(prediction, n), _grams(truth, n)) for n in (1, 2, 3, 4)]
    if not precisions[0]:
        return 0.0
    brevity = min(1.0, math.exp(1 - len(truth) / len(prediction)))
    # What has no n-gram in common is not quite 0, but as little as there is.
    return brevity * math.exp(math.fsum(0.25 * math.log(own or sys.float_info.min) for own in precisions))


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def _precision(said: Counter[tuple[str, ...]], wanted: Counter[tuple[str, ...]]) -> float:
    return sum((said & wanted).values()) / max(1, sum(said.values()))


def meteor_score(prediction: Sequence[str], truth: Sequence[str]) -> float:
    """METEOR (2007) with equal words, then equal stems; nltk's third stage, synonyms in WordNet, is left out.

    It needs data that are downloaded, and finds words that were not read but replaced.
    nltk.translate.meteor_score single_meteor_score

    >>> meteor_score("the cats sat".split(), "the cat sat".split()), meteor_score(["dog"], ["cat"])
    (0.9814814814814815, 0.0)
    """
    said, wanted = (dict(enumerate(word.lower() for word in words)) for words in (prediction, truth))
    pairs = _paired(said, wanted)
    said = {place: stem(word) for place, word in said.items()}
    wanted = {place: stem(word) for place, word in wanted.items()}
    pairs = sorted(pairs + _paired(said, wanted))
    if not pairs:
        return 0.0
    precision, recall = len(pairs) / len(prediction), len(pairs) / len(truth)
    mean = precision * recall / (0.9 * precision + (1 - 0.9) * recall)
    breaks = sum(one[0] + 1 != two[0] or one[1] + 1 != two[1] for one, two in pairwise(pairs))
    return (1 - 0.5 * ((breaks + 1) / len(pairs)) ** 3) * mean


def _paired(said: dict[int, str], wanted: dict[int, str]) -> list[tuple[int, int]]:
    """Places of equal words, the last with the last; they are taken out of both."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in wanted.items():
        places[word].append(place)
    pairs = [(place, places[word].pop()) for place, word in reversed(said.items()) if places.get(word)]
    for own, other in pairs:
        del said[own], wanted[other]
    return pairs


def distinct_f1_score(prediction: Sequence[str], truth: Sequence[str]) -> float:
    """F1 of the distinct words of both texts, 0 where one has none; nltk.metrics.scores f_measure.

    >>> distinct_f1_score(["a", "a", "b"], ["a", "c"])
    0.5
    """
    said, wanted = set(prediction), set(truth)
    shared = len(said & wanted)
    return 1.0 / (0.5 / (shared / len(said)) + 0.5 / (shared / len(wanted))) if shared else 0.0
