"""Whether a text is, or holds, one of the true answers."""

from collections.abc import Iterable


def containment_score(prediction: str, truths: Iterable[str], exact_symbols: bool = False) -> float:
    r"""1 when the prediction holds any of the truths; case and line breaks do not count.

    With `exact_symbols` (formulae) case counts and spaces do not.
    Yuliang-Liu/MultimodalOCR@794c36d OCRBench/example.py; open-compass/VLMEvalKit@e8e78f05 image_vqa.py OCRBench

    >>> containment_score("It says\nCENTRE.", ["centre"]), containment_score("15", ["5"])
    (1.0, 1.0)
    >>> containment_score(r"\frac {a} {b}", [r"\frac{a}{b}"], exact_symbols=True)
    1.0
    """
    spelled = _without_spaces if exact_symbols else _lowered
    reply = spelled(prediction)
    return float(any(spelled(truth) in reply for truth in truths))


def _lowered(text: str) -> str:
    return text.lower().strip().replace("\n", " ")


def _without_spaces(text: str) -> str:
    return text.strip().replace("\n", "").replace(" ", "")
