"""VQA accuracy: an answer is as right as many of ten people gave it, and how answers are spelled before that.

Toolkits and authors spell differently; each function says whose rule it is.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

from sailbench.extract import without_punctuation

Spelling = Callable[[str], str]

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMERALS = {"none": "0"} | {word: str(number) for number, word in enumerate(_NUMBERS)}
_ARTICLES = ("a", "an", "the")
# Contractions that are recognized without their apostrophe, or without one of several. In the original's table a few
# more are spelled with capitals, which nothing can meet after lower-casing, and "somebody'd" loses its apostrophe.
_CONTRACTED = (
    "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd "
    "he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've "
    "needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've "
    "somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've something'll "
    "that's there'd there'd've there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've "
    "weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's who've "
    "why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're "
    "you've"
)


def _bare_forms(word: str) -> list[str]:
    """The word with one apostrophe left out, for each of them."""
    first, *rest = word.split("'")
    pieces = [first, *rest]
    kept = combinations(range(1, len(pieces)), len(pieces) - 2)
    return ["".join(("'" if i in keep else "") + piece for i, piece in enumerate(pieces)) for keep in kept]


_CONTRACTIONS = {bare: word for word in _CONTRACTED.split() for bare in _bare_forms(word)} | {"somebody'd": "somebodyd"}


def soft_accuracy_score(prediction: str, truths: Sequence[str]) -> float:
    """A third for each of the others who gave the answer, at most 1, on average over leaving out each of them.

    Nothing is respelled here. GT-Vision-Lab/VQA@a013f00 PythonEvaluationTools/vqaEvaluation/vqaEval.py

    >>> soft_accuracy_score("red", ["red"] * 3 + ["rose"] * 7), soft_accuracy_score("red", ["red"] * 4 + ["rose"] * 6)
    (0.9, 1.0)
    """
    said = sum(truth == prediction for truth in truths)
    without_one_of_them, with_all = min(1.0, (said - 1) / 3), min(1.0, said / 3)
    return (said * without_one_of_them + (len(truths) - said) * with_all) / len(truths)


def kit_spelling(text: str) -> str:
    """VLMEvalKit's: no punctuation, no articles, lower case, small numbers as digits, contractions with apostrophe.

    open-compass/VLMEvalKit@e8e78f05 vlmeval/dataset/utils/vqa_eval.py

    >>> kit_spelling("The  two Dogs, dont"), kit_spelling("$5.")
    ("2 dogs don't", '$5.')
    """
    return _words(without_punctuation(_one_line(text)))


def vqa_spelling(text: str) -> str:
    """The VQA script's, from which VLMEvalKit's comes: a full stop behind a digit goes as well.

    GT-Vision-Lab/VQA@a013f00 PythonEvaluationTools/vqaEvaluation/vqaEval.py

    >>> vqa_spelling("$5.")
    '$5'
    """
    return _words(without_punctuation(_one_line(text), closing_dots=True))


def evalai_spelling(text: str) -> str:
    """TextVQA's: as the VQA script's, once commas and question marks are gone and "'s" stands apart.

    facebookresearch/mmf@b0ffc7f mmf/utils/m4c_evaluators.py

    >>> evalai_spelling("Levi's, 1,000?"), kit_spelling("Levi's, 1,000?")
    ("levi 's 1000", "levi's 1000")
    """
    apart = text.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    return vqa_spelling(apart.strip())


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").strip()


def _words(text: str) -> str:
    words = [_NUMERALS.get(word, word) for word in text.lower().split()]
    return " ".join(_CONTRACTIONS.get(word, word) for word in words if word not in _ARTICLES)
