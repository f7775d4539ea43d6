"""What both releases of MM-Vet share: the capabilities that a question needs, and a grade for each of them."""

from collections.abc import Sequence

from sailbench.aggregate import Aggregate, part
from sailbench.judge import Value
from sailbench.rows import Row
from sailbench.rules.open_ended import Weight, weighed
from sailbench.task import Rule
from sailbench.types import Sample

CAPABILITIES = ("rec", "ocr", "know", "gen", "spat", "math", "seq")


def capabilities(row: Row) -> tuple[str, ...]:
    """Those that the row names, as "ocr,math" or as a list, in the order above."""
    cells = row.list("capability" if row.has("capability") else "category")
    named = {one.strip() for cell in cells for one in str(cell).split(",")}
    return tuple(one for one in CAPABILITIES if one in named)


def spaced(answer: str) -> str:
    """The gold answer with its <AND> and <OR> apart from the words, as the judge gets it."""
    return answer.replace("<AND>", " <AND> ").replace("<OR>", " <OR> ")


def _weigh(sample: Sample, value: Value) -> Weight:
    grade = float(value)
    return Weight(grade, dict.fromkeys(sample.extra["capabilities"], grade))


def by_judge(rubric: str) -> Rule:
    """The judge's grade, which counts for every capability that the question needs."""
    return weighed(rubric, _weigh, lambda sample: _weigh(sample, 0.0))


def by_capability(names: Sequence[str]) -> dict[str, Aggregate]:
    return {name: part(name) for name in names}
