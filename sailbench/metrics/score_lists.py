"""Several scores in one verdict of a judge: each must be there once and on its scale, else there are none."""

import re
from collections import Counter
from collections.abc import Sequence

_CONSTRAINT = re.compile(r"Score of constraint_(\d+)\s*:\s*(\d+)\s*/\s*(\d+)", re.IGNORECASE)
_COMPONENT = re.compile(r"(?:score of component (\d+)|total score)\s*:\s*(\d+)\s*/\s*(\d+)", re.IGNORECASE)
_DIMENSION = re.compile(r"""["']([A-Za-z ]+)["']\s*:\s*(-?[\d.]+)""")
_TOTAL = 10


def constraint_scores(listed: str, count: int) -> tuple[float, ...] | None:
    """MM-IFEval's: "Score of constraint_1: 1/1, Score of constraint_2: 0/1", for `count` constraints.

    The authors take any fraction (3/5 is 0.6) and do not mind constraints that are too many.

    >>> constraint_scores("Score of constraint_1: 1/1, Score of constraint_2: 0/1.", 2)
    (1.0, 0.0)
    """
    found = _CONSTRAINT.findall(listed.replace("*", ""))
    scores = {int(number): float(score) for number, score, top in found if top == "1" and score in ("0", "1")}
    if len(found) != count or set(scores) != set(range(1, count + 1)):
        return None
    return tuple(scores[number] for number in range(1, count + 1))


def component_scores(listed: str, count: int) -> tuple[float, ...] | None:
    """MIA-Bench's: "score of component 1: 1/2, score of component 2: 6/8, total score: 7/10", in this order.

    Each as a fraction of what it is worth, the total last. The authors take what exceeds its worth (12/8 is 1.5).

    >>> component_scores("score of component 1: 1/2, score of component 2: 6/8, total score: 7/10", 2)
    (0.5, 0.75, 0.7)
    """
    found = _COMPONENT.findall(re.sub(r"[*_]", "", listed))
    in_order = [number for number, _, _ in found] == [*map(str, range(1, count + 1)), ""]
    if not in_order or int(found[-1][2]) != _TOTAL:
        return None
    if not all(int(score) <= int(worth) and int(worth) > 0 for _, score, worth in found):
        return None
    return tuple(int(score) / int(worth) for _, score, worth in found)


def dimension_scores(listed: str, names: Sequence[str]) -> tuple[int, ...] | None:
    """MMDU's: {'Creativity': 9, 'Richness': 6}, whole numbers from 1 to 10, one for each of the names.

    >>> dimension_scores("{'Creativity': 9, 'Richness': 6}", ("Richness", "Creativity"))
    (6, 9)
    """
    found = _DIMENSION.findall(listed)
    scores = {name: int(score) for name, score in found if score in {*map(str, range(1, 11))}}
    if Counter(name for name, _ in found) != Counter(names) or len(scores) != len(names):
        return None
    return tuple(scores[name] for name in names)
