"""Answers in Chinese as CMMMU reads them: options by how often they are named, judgements by key words, blanks.

CMMMU-Benchmark/CMMMU@e1ba883 eval/utils/eval_utils.py; open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/cmmmu.py reads
the same. None is where both toss a coin.
"""

import re
from collections.abc import Mapping, Sequence

from sailbench.extract import Found

LABELS = "ABCD"
_BLANK_KEYS = ("是", "为", "所以", "等于", "方案", "选择", "正确答案", "因此", "最后", "答案", "结果")
_JUDGEMENT_KEYS = ("是", "为", "所以", "判断", "陈述", "说法", "表达", "答案", "结果")
_POSITIVE = ("正确", "对", "准确", "肯定")
_NEGATIVE = ("不对", "错误", "不正确", "不准确", "不合适", "否定", "错")
_AMBIGUOUS = ("对错", "是否正确", "否正确", "或者", "是否", "正确性", "对不")


def most_named_options(text: str, choices: Mapping[str, str]) -> Found | None:
    """The labels named most often, joined in order: in brackets, else anywhere as a letter, else by their texts.

    "DNA在B区域" names A, B and D once each and reads ABD, which is right where several options are.

    >>> most_named_options("选A和C", {}), most_named_options("Because it is B", {})
    (Found(answer='AC', how='letters named most often'), Found(answer='B', how='letters named most often'))
    """
    for mark in ",.!?;:'":
        text = text.strip(mark)
    named = {label: f"({label})" for label in LABELS}
    ways = ((named, "brackets named most often"), ({label: label for label in LABELS}, "letters named most often"))
    for marks, how in (*ways, (choices, "option texts named most often")):
        # Spaces around the reply, as the authors put them; an option may begin or end with one.
        counts = {label: f" {text} ".count(mark) for label, mark in marks.items()}
        most = max(counts.values(), default=0)
        if most:
            return Found("".join(label for label in LABELS if counts.get(label) == most), how)
    return None


def judgement(text: str) -> Found | None:
    """对 (true) or 错 (false), by which more of the reply's key phrases say; phrases that say "whether" do not count.

    The positive words are looked for first and stand within the negative ones, so that 不对 and 不正确 read 对: the
    authors' slip. English words are not read.

    >>> judgement("该说法是错误的"), judgement("不对"), judgement("False")
    (Found(answer='错', how='key words'), Found(answer='对', how='key words'), None)
    """
    phrases = {phrase for phrase in _key_phrases(text, _JUDGEMENT_KEYS) if not _says(phrase, _AMBIGUOUS)}
    positive = sum(_says(phrase, _POSITIVE) for phrase in phrases)
    negative = sum(_says(phrase, _NEGATIVE) and not _says(phrase, _POSITIVE) for phrase in phrases)
    if positive == negative:
        return None
    return Found("对" if positive > negative else "错", "key words")


def _says(phrase: str, words: Sequence[str]) -> bool:
    return any(word in phrase for word in words)


# The authors' patterns; that none starts within a row of digits only spares time on endless ones.
_GROUPED = re.compile(r"-?\d{1,3}(?:，\d{3})+")
_SCIENTIFIC = re.compile(r"(?:-|(?<!\d))\d+(?:\.\d+)?[eE][+-]?\d+")
_DECIMAL = re.compile(r"(?:-?\.\d+|(?:-|(?<!\d))(?:\d+\.\d+|\d+))(?![eE][+-]?\d+)(?!，\d)")
Answer = float | str


def filled_in(text: str, truth: str) -> list[Answer]:
    """What a reply may put into the blank: its key phrases and the numbers in them, each once.

    Numbers are rounded to two decimals; a phrase more than twenty signs longer than the truth, or with more than two
    Latin letters more, is dropped.
    """
    phrases = _key_phrases(text, _BLANK_KEYS, last=("=",))
    numbers = [
        n for phrase in phrases for pattern in (_GROUPED, _SCIENTIFIC, _DECIMAL) for n in pattern.findall(phrase)
    ]
    kept = (_normalized(one, truth) for one in (*phrases, *numbers))
    return list(dict.fromkeys(one for one in kept if one is not None))


def blank_hits(answers: Sequence[Answer], truth: str) -> int:
    """How many of the answers are the true number, or hold the true text; once each.

    >>> blank_hits(filled_in("答案是黄山\\n结果是黄山景区", "黄山"), "黄山"), blank_hits(filled_in("5元", "5"), "5")
    (2, 1)
    """
    own = _normalized(truth, truth)
    if isinstance(own, str):
        return sum(isinstance(one, str) and own in one for one in answers)
    return sum(one == own for one in answers)


def _normalized(text: str, truth: str) -> Answer | None:
    text = text.strip()
    try:
        return round(float(text.replace(",", "")), 2)
    except ValueError:
        pass
    long = len(text) > len(truth) + 20 or _latin(text) > _latin(truth) + 2
    return None if long else text


def _latin(text: str) -> int:
    return sum(sign.isascii() and sign.isalpha() for sign in text)


def _key_phrases(text: str, keys: Sequence[str], last: Sequence[str] = ()) -> list[str]:
    """Of each sentence the shortest tail behind a key word, of the last one behind `last` too; else the reply."""
    whole = text.strip("。").strip()
    sentences = re.split(r"[。\n]", whole)
    tails = [_shortest_tail(sentence, keys) for sentence in sentences[:-1]]
    tails.append(_shortest_tail(sentences[-1], (*keys, *last)))
    return [tail for tail in tails if tail and tail not in (*":,.!?;'",)] or [whole]


def _shortest_tail(sentence: str, keys: Sequence[str]) -> str:
    shortest = ""
    for key in keys:
        if key in sentence:
            tail = sentence.rsplit(key, 1)[1].strip()
            if not shortest or len(tail) < len(shortest):
                shortest = tail
    return shortest
