"""An explanation for people, a few lines a sample, and for programs, a record."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sailbench.explain.causes import SAME, Explanation, Pair
from sailbench.explain.runs import Answer

LONGEST = 100


def lines(told: Sequence[Explanation], most: int) -> Iterator[str]:
    """Every task's facts, summary by cause, and up to `most` samples of each cause."""
    for own in told:
        yield f"{own.task}: A is {own.a}, B is {own.b}"
        yield from _summary(own)
        for cause in own.causes():
            if cause != SAME:
                yield from _samples(own, cause, most)


def _summary(own: Explanation) -> Iterator[str]:
    alone = f"; {len(own.alone_a)} only in A, {len(own.alone_b)} only in B" if own.alone_a or own.alone_b else ""
    yield f"{len(own.pairs)} shared samples{_means(own)}{alone}"
    for name, (a, b) in own.facts.items():
        yield f"  {name}: A {_short(a)}, B {_short(b)}"
    for how, number in Counter(pair.asked_otherwise for pair in own.pairs if pair.asked_otherwise).most_common():
        yield f"  {number} were asked otherwise: {how}"
    for cause, number in own.causes().items():
        changes = [pair.change for pair in own.pairs if pair.cause == cause]
        better, worse = sum(c > 0 for c in changes), sum(c < 0 for c in changes)
        yield f"  {number:6}  {cause}" + (f" (value up {better}, down {worse})" if better or worse else "")


def _means(own: Explanation) -> str:
    """The plain means over samples that both sides grade."""
    graded = [pair for pair in own.pairs if None not in (pair.a.value, pair.b.value)]
    if not graded:
        return ""
    a, b = (sum(v) / len(graded) for v in zip(*((p.a.value, p.b.value) for p in graded), strict=True))
    return f", mean value {a:.4f} in A and {b:.4f} in B over the {len(graded)} that both grade"


def _samples(own: Explanation, cause: str, most: int) -> Iterator[str]:
    pairs = [pair for pair in own.pairs if pair.cause == cause]
    yield ""
    yield f"{own.task}: {cause}"
    for pair in pairs[:most]:
        yield f"  {pair.id}" + (f" ({pair.asked_otherwise})" if pair.asked_otherwise else "")
        yield f"    A {_told(pair.a)}"
        yield f"    B {_told(pair.b)}"
    if len(pairs) > most:
        yield f"  ... and {len(pairs) - most} more (--most N, --json)"


def _told(answer: Answer) -> str:
    """One side of a sample in a line: value, answer and how it was read, the raw words, tokens, how it ended."""
    parts = [] if answer.value is None else [f"value {answer.value:g}"]
    if answer.read:
        parts.append("nothing read" if answer.answer is None else f"answer {_short(answer.answer)}")
        parts.append(f"by {answer.why}" if answer.why else "")
    parts.append(f"said {_short(answer.text)}" if answer.text is not None else "")
    tokens = [_count(answer.tokens_in), _count(answer.tokens_out)]
    parts.append(f"{tokens[0]} tokens in, {tokens[1]} out" if tokens != ["-", "-"] else "")
    parts.append(f"finish {answer.finish}" if answer.finish not in ("", "stop") else "")
    return ", ".join(part for part in parts if part)


def _count(tokens: int | None) -> str:
    return "-" if tokens is None else str(tokens)


def _short(value: Any) -> str:
    text = repr(" ".join(value.split())) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]}...{text[-1]}"


def record(told: Sequence[Explanation]) -> list[dict[str, Any]]:
    """Everything: facts, counts, and every sample that differs, each with both sides."""
    return [
        {
            "task": own.task,
            "a": own.a,
            "b": own.b,
            "facts": {name: {"a": a, "b": b} for name, (a, b) in own.facts.items()},
            "shared": len(own.pairs),
            "alone_a": list(own.alone_a),
            "alone_b": list(own.alone_b),
            "causes": dict(own.causes()),
            "samples": [_sample(pair) for pair in own.pairs if pair.cause != SAME],
        }
        for own in told
    ]


def _sample(pair: Pair) -> dict[str, Any]:
    return asdict(pair) | {"change": pair.change}
