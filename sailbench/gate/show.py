"""A verdict for people and machines: lines for a terminal, Markdown for a pull request, JUnit XML for CI, a record.

Differences are in points (hundredths of the full score), better is positive.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sailbench.contrast import HEADLINE, OTHER
from sailbench.gate.pairing import Flip
from sailbench.gate.verdict import Finding, Verdict
from sailbench.report import inert

HEADINGS = ("task", "baseline", "candidate", "difference", "interval", "samples", "lost", "gained", "verdict")
SHOWN_FLIPS, LONGEST_ANSWER = 50, 60
TERMINAL_FLIPS = 20
MEND = "`sailbench run` writes older scores anew and asks nothing; a task of your own is named by --task FILE.py"
SHARES = ("baseline", "candidate", "difference", "lower", "upper", "detectable", "noise")


def headline(verdict: Verdict) -> str:
    terms = verdict.terms
    points = f"{100 * terms.margin:.4g}"
    margin = f"margin {points} point{'' if points == '1' else 's'}"
    return f"{verdict.verdict}: {margin}, alpha {terms.alpha:.4g}{_asked(verdict)}"


def _asked(verdict: Verdict) -> str:
    asked = verdict.asked
    if asked is None:
        return ""
    how = "decided early" if asked.outcome.verdict else "not decided early"
    rounds = f"{asked.outcome.rounds} round{'' if asked.outcome.rounds == 1 else 's'}"
    return f"; {how}, {asked.samples} of {asked.total} samples asked in {rounds}"


def lines(verdict: Verdict) -> Iterator[str]:
    """The verdict as a terminal shows it: a headline, a table, what is missing, the first flips."""
    yield headline(verdict)
    rows = [HEADINGS, *(cells(own, verdict.terms.alpha) for own in _all(verdict) if own.difference is not None)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if len(rows) > 1:
        for row in rows:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from notes(verdict)
    if verdict.flips:
        yield f"{len(verdict.flips)} samples changed their value:"
    for flip in verdict.flips[:TERMINAL_FLIPS]:
        yield "  " + flip_line(flip)
    if len(verdict.flips) > TERMINAL_FLIPS:
        yield f"  ... and {len(verdict.flips) - TERMINAL_FLIPS} more (--json lists all)"


def _all(verdict: Verdict) -> Sequence[Finding]:
    return (*verdict.findings, verdict.pooled) if verdict.pooled else verdict.findings


def cells(own: Finding, alpha: float) -> tuple[str, ...]:
    """A finding as a row of the table; limits are one-sided at alpha each, so both make an interval of 1 - 2 alpha."""
    interval = f"{_points(own.lower)} to {_points(own.upper)} ({100 * (1 - 2 * alpha):.4g} %)"
    clusters = "" if own.clusters == own.n else f" in {own.clusters} clusters"
    return (
        own.task,
        _plain(own.baseline),
        _plain(own.candidate),
        _points(own.difference),
        "-" if own.lower is None else interval,
        f"{own.n}{clusters}",
        str(own.lost),
        str(own.gained),
        own.verdict,
    )


def _points(share: float | None) -> str:
    return "-" if share is None else f"{round(100 * share, 2) + 0.0:+.2f}"


def _plain(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"


def notes(verdict: Verdict) -> Iterator[str]:
    """What a reader must know besides: why tasks cannot be compared, what would decide, what was measured."""
    for own in _all(verdict):
        if own.note:
            yield f"{own.task}: {own.verdict}: {own.note}"
        if own.needed is not None:
            yield f"{own.task}: {enough(own)}"
        if own.method == "same answers":
            yield f"{own.task}: every answer is the same"
        if own.measure == OTHER.name:
            yield f"{own.task}: tested on the plain mean of its samples; its headline is another mean of them ({MEND})"
        if verdict.asked and own.measure == HEADLINE:
            yield f"{own.task}: its headline is no plain mean, so it cannot stop early; all of it is asked and tested"
        if own.noise:
            yield f"{own.task}: repeated baseline runs differ by {100 * own.noise:.2f} points; the test allows for it"


def enough(own: Finding) -> str:
    """How many samples would decide."""
    assert own.needed is not None
    seen, still = own.needed.as_seen, own.needed.if_unchanged
    first = f"about {seen:,} would if the difference is as seen" if seen else "the difference seen lies on the margin"
    detectable = f"it could have seen {100 * (own.detectable or 0):.2f} points"
    return f"{own.n:,} samples do not decide ({detectable}): {first}, about {still:,} if nothing changed"


def flip_line(flip: Flip) -> str:
    answers = f"{_short(flip.baseline_answer)} -> {_short(flip.candidate_answer)}"
    return f"{flip.task} {flip.id}: {flip.baseline:g} -> {flip.candidate:g}, {answers}"


def _short(answer: str | None) -> str:
    if answer is None:
        return "nothing read"
    text = " ".join(answer.split())
    return repr(text if len(text) <= LONGEST_ANSWER else text[: LONGEST_ANSWER - 3] + "...")


def markdown(verdict: Verdict, flips: str = "") -> str:
    """A summary for a pull request; whatever a model said is escaped. `flips` is where what changed is shown."""
    out = [f"## sailbench gate: {verdict.verdict}", "", escaped(headline(verdict)), ""]
    rows = [cells(own, verdict.terms.alpha) for own in _all(verdict) if own.difference is not None]
    for row in (HEADINGS, ("---",) * len(HEADINGS), *rows) if rows else ():
        out.append("| " + " | ".join(map(escaped, row)) + " |")
    out += ["", *(f"- {escaped(note)}" for note in notes(verdict))]
    if verdict.flips:
        if flips:
            images = f"{escaped(flips)}/flips.md and {escaped(flips)}/index.html"
            out += ["", f"With their images and both answers in full: {images}."]
        out += ["", f"<details><summary>{len(verdict.flips)} samples changed their value</summary>", ""]
        out += ["| task | sample | value | baseline answer | candidate answer |", "| --- | --- | --- | --- | --- |"]
        out += [_flip_row(flip) for flip in verdict.flips[:SHOWN_FLIPS]]
        if len(verdict.flips) > SHOWN_FLIPS:
            out.append(f"| ... | {len(verdict.flips) - SHOWN_FLIPS} more | | | |")
        out += ["", "</details>"]
    return "\n".join(out) + "\n"


def _flip_row(flip: Flip) -> str:
    values = f"{flip.baseline:g} → {flip.candidate:g}"
    row = (flip.task, flip.id, values, _short(flip.baseline_answer), _short(flip.candidate_answer))
    return "| " + " | ".join(map(escaped, row)) + " |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no cell or line ends, no mention of a user."""
    plain = inert.plain(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ").replace("@", "@\u200b")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", plain)


def junit(verdict: Verdict) -> str:
    """A test case a task, and one for all: failed for a regression, skipped for what is inconclusive."""
    found = _all(verdict)
    words = [own.verdict for own in found]
    suite = ElementTree.Element(
        "testsuite",
        name="sailbench gate",
        tests=str(len(found)),
        failures=str(words.count("regression")),
        errors=str(words.count("not comparable")),
        skipped=str(words.count("inconclusive")),
    )
    for own in found:
        case = ElementTree.SubElement(suite, "testcase", classname="sailbench.gate", name=inert.plain(own.task))
        kind = {"regression": "failure", "not comparable": "error", "inconclusive": "skipped"}.get(own.verdict)
        if kind:
            told = own.note or " ".join(
                f"{h} {c};" for h, c in zip(HEADINGS, cells(own, verdict.terms.alpha), strict=True)
            )
            made = ElementTree.SubElement(case, kind, message=inert.plain(told))
            made.text = inert.plain("\n".join(flip_line(flip) for flip in verdict.flips if flip.task == own.task))
    if verdict.verdict == "regression" and "regression" not in words:
        case = ElementTree.SubElement(suite, "testcase", classname="sailbench.gate", name="decided early")
        ElementTree.SubElement(case, "failure", message=headline(verdict))
        suite.set("tests", str(len(found) + 1))
        suite.set("failures", "1")
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def record(verdict: Verdict) -> dict[str, Any]:
    """Everything, for programs; shares of the full score become points."""
    made = asdict(verdict)
    made["exit_code"] = verdict.exit_code
    made["terms"]["margin"] *= 100
    made["terms"]["most_ungraded"] *= 100
    for own in (*made["findings"], *([made["pooled"]] if made["pooled"] else [])):
        for name in SHARES:
            own[name] = None if own[name] is None else 100 * own[name]
    return made
