"""Why a sample differs between two runs: each gets the first cause that fits, from the request to the grade."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sailbench.errors import DataError
from sailbench.explain.runs import Answer, Run, read_pairs

SAME = "the same"
# What may differ between two summaries of one task, in the order in which one should look.
FACTS = (
    "task_version",
    "protocol",
    "data.digest",
    "data.n",
    "judge.name",
    "sailbench",
    "model",
    "model_fingerprint",
    "engine",
    "hardware",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One sample on both sides, and why they differ. `asked_otherwise` says by what the requests differ, if they do."""

    id: str
    cause: str
    a: Answer
    b: Answer
    asked_otherwise: str = ""

    @property
    def change(self) -> float:
        """B's value minus A's; 0 where one is not known."""
        return 0.0 if self.a.value is None or self.b.value is None else self.b.value - self.a.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One task: what the runs' facts say (both values each), every shared sample, and who is alone."""

    task: str
    a: str
    b: str
    facts: Mapping[str, tuple[Any, Any]]
    pairs: tuple[Pair, ...]
    alone_a: tuple[str, ...]
    alone_b: tuple[str, ...]

    def causes(self) -> Counter[str]:
        """How many samples each cause has, the commonest first; those that are the same last."""
        counted = Counter(pair.cause for pair in self.pairs)
        ranked = sorted(counted.items(), key=lambda own: (own[0] == SAME, -own[1], own[0]))
        return Counter(dict(ranked))


def explain(first: Path, second: Path, tasks: Sequence[str] = ()) -> list[Explanation]:
    """What differs between two results folders or prediction files, a task each."""
    return [explained(a, b) for a, b in read_pairs(first, second, tasks)]


def explained(a: Run, b: Run) -> Explanation:
    shared = [id for id in a.answers if id in b.answers]
    if not shared:
        ids = (next(iter(run.answers), "none") for run in (a, b))
        raise DataError(f"{a.name} and {b.name} share no sample (ids look like {' and '.join(map(repr, ids))})")
    one_model = _one_model(a, b)
    return Explanation(
        task=a.task,
        a=a.name,
        b=b.name,
        facts=dict(differing(a.facts, b.facts)),
        pairs=tuple(_pair(id, a.answers[id], b.answers[id], one_model) for id in shared),
        alone_a=tuple(id for id in a.answers if id not in b.answers),
        alone_b=tuple(id for id in b.answers if id not in a.answers),
    )


def _one_model(a: Run, b: Run) -> bool:
    """Whether requests can be told apart: a key holds the model, and a prompt's text is another harness's own."""
    if bool(a.facts) != bool(b.facts) or a.numbered != b.numbered:
        return False
    return a.facts.get("model_fingerprint") == b.facts.get("model_fingerprint")


def _pair(id: str, a: Answer, b: Answer, one_model: bool) -> Pair:
    return Pair(id=id, cause=cause(a, b), a=a, b=b, asked_otherwise=asked_otherwise(a, b, one_model))


def asked_otherwise(a: Answer, b: Answer, one_model: bool) -> str:
    """By what two requests differ. Between models digests tell; of one model, keys tell of its sampling too."""
    parts = {"another prompt": (a.prompt, b.prompt), "other pixels": (a.pixels, b.pixels)}
    known = [name for name, own in parts.items() if None not in own]
    differ = [name for name in known if len(set(parts[name])) > 1]
    if differ or not one_model or None in (a.asked, b.asked) or a.asked == b.asked:
        return " and ".join(differ)
    return "other sampling" if len(known) == len(parts) else "another prompt, other pixels or other sampling"


def cause(a: Answer, b: Answer) -> str:
    """The first cause that fits two answers to one sample."""
    if a.read and b.read and None in (a.value, b.value) and a.value != b.value:
        return f"not graded in {'A' if a.value is None else 'B'}"
    if a.text is not None and a.text == b.text:
        return _same_words(a, b)
    if "length" in (a.finish, b.finish) and a.finish != b.finish:
        return f"cut off in {'A' if a.finish == 'length' else 'B'}"
    if not (a.read and b.read):
        return _told_by_value(a, b)
    if (a.answer is None) != (b.answer is None):
        return f"nothing could be read in {'A' if a.answer is None else 'B'}"
    if a.answer != b.answer:
        return "another answer" if a.value != b.value else "another answer, graded alike"
    if a.value != b.value:
        return "the same answer, graded otherwise"
    return "other words, the same answer" if a.text != b.text else SAME


def _same_words(a: Answer, b: Answer) -> str:
    if a.read and b.read and a.answer != b.answer:
        return "the same words, read otherwise"
    known = None not in (a.value, b.value)
    return "the same words, graded otherwise" if known and a.value != b.value else SAME


def _told_by_value(a: Answer, b: Answer) -> str:
    """Other words, where a side does not say what was read."""
    if None in (a.value, b.value):
        return "other words"
    return "other words, graded alike" if a.value == b.value else "other words, graded otherwise"


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The facts of two summaries that differ, and every setting of the sampling that does."""
    if not a or not b:
        return
    for name in FACTS:
        values = _fact(a, name), _fact(b, name)
        if values[0] != values[1]:
            yield name, values
    samplings = [record.get("sampling") or {} for record in (a, b)]
    for name in sorted(samplings[0].keys() | samplings[1].keys()):
        values = samplings[0].get(name), samplings[1].get(name)
        if values[0] != values[1]:
            yield f"sampling.{name}", values


def _fact(record: Mapping[str, Any], path: str) -> Any:
    held: Any = record
    for part in path.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held
