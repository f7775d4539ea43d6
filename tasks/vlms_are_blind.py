"""VLMs are blind (BlindTest)
paper: arXiv 2407.06581
year: 2024
family: general
modality: image
size: unknown
split: valid
groups: general
aliases: vlmblind, vlmsareblind, blindtest
licence: MIT
metric: mean of the accuracies on nine tasks
official: none; anguyen8/vision-llms-are-blind@dd2a28d has no script, so VLMEvalKit's rule stands in for one
judge: none
published: none by SAIL-VL2
prompt: the data set's prompt, which mostly asks for braces, and "answer directly" on a line of its own
differs: VLMEvalKit prints the nine tasks and no mean. Four tasks want exactly the gold answer in the first braces (no
    spaces, case counts), the two grids rows and columns in braces or a pair in round brackets, the rest that the
    reply holds the gold answer: "15" holds 5, and "I do not know" holds No. The paper counts seven tasks, lmms-eval
    eight (metric mean_of_8, with the two grids as one); it reads nearly every task by another rule.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

from sailbench.aggregate import SAMPLES, macro, mean
from sailbench.extract import Found
from sailbench.families import choice, needs_target, whole_reply
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Graded, Reply, Sample, Score

PAIR = re.compile(r"\((\d{1,99}),\s*(\d{1,99})\)")


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("index", default=str(row.number)),
        question=row.text("question", "prompt"),
        target=row.text("answers", "groundtruth").strip(),
        media=row.images("image"),
        group={"task": row.text("task", default=None)},
    )


def in_braces(text: str, _: Sample) -> Found | None:
    """What stands in the first braces that close on their line."""
    for line in text.split("\n"):
        start = line.find("{")
        end = line.find("}", start)
        if 0 <= start < end:
            return Found(line[start + 1 : end], "the first braces")
    return None


def labelled(text: str, label: str) -> int | None:
    """The first number in braces with the label between it and the braces before it."""
    for before, after in pairwise(text.split("{")):
        number = re.match(r"(\d{1,99})\}", after)
        if number and re.search(label, before.rpartition("}")[2]):
            return int(number.group(1))
    return None


def grid(text: str, _: Sample) -> Found | None:
    rows, columns = labelled(text, "[Rr]ow"), labelled(text, "[Cc]olumn")
    if rows is not None and columns is not None:
        return Found(f"{rows},{columns}", "rows and columns in braces")
    pair = PAIR.search(text)
    return Found(f"{int(pair[1])},{int(pair[2])}", "a pair in round brackets") if pair else None


def same(said: str, gold: str) -> bool:
    return said == gold


def same_pair(said: str, gold: str) -> bool:
    return said == re.sub(r"\s", "", gold)


def holds(said: str, gold: str) -> bool:
    return gold in said


def holds_word(said: str, gold: str) -> bool:
    return gold.lower() in said.lower()


def nothing(_: str, __: str) -> bool:
    """A task that the toolkit does not know is counted and never right."""
    return False


Way = tuple[Callable[[str, Sample], Found | None], Callable[[str, str], bool]]
WAYS: dict[str, Way] = {
    **dict.fromkeys(
        ("subway connections", "nested squares", "line plot intersections", "circled letter"), (in_braces, same)
    ),
    **dict.fromkeys(("counting grid - word grids", "counting grid - blank grids"), (grid, same_pair)),
    **dict.fromkeys(("olympic counting - pentagons", "olympic counting - circles"), (whole_reply, holds)),
    "touching circles": (whole_reply, holds_word),
}


@needs_target
def by_task(sample: Sample, reply: Reply) -> Score:
    reader, matches = WAYS.get(sample.group["task"].lower(), (whole_reply, nothing))
    found = reader(reply.text, sample)
    if found is None:
        return Score(0.0, None, "no answer in the form that was asked for")
    return Score(float(matches(found.answer, sample.target)), found.answer, found.how)


def mean_of_8(graded: Sequence[Graded]) -> float | None:
    tasks: dict[str, list[Graded]] = defaultdict(list)
    for g in graded:
        name = g.sample.group["task"].lower()
        tasks["counting grid" if name.startswith("counting grid") else name].append(g)
    return mean([SAMPLES(own) for own in tasks.values()])


TASK = choice(
    read,
    rules={"opencompass": by_task},
    headline=macro("task"),
    metrics={"accuracy": SAMPLES, "mean_of_8": mean_of_8},
    sources=(
        Hub(repo="XAI/vlmsareblind", split="valid"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/VLMBlind.tsv",
            md5="e0f960236afe08f9fa48e8ccc908b2a9",
        ),
    ),
)
