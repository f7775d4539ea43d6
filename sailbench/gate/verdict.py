"""The verdict on a candidate: pass, regression, inconclusive or not comparable.

With `margin` the loss that is tolerated, and limits of the mean difference, each at the one-sided level 1 - alpha:

  pass          the lower limit is above -margin: a loss as large as the margin is excluded
  regression    the upper limit is below -margin: a loss larger than the margin is proven
  inconclusive  neither: so few samples cannot tell; it says how many would
  not comparable  what was asked or graded differs, or too little is graded

A proven loss within the margin passes, and a loss that may or may not exceed it is inconclusive, never a pass.

Of several tasks the pooled mean difference (every task counts once) decides, and besides any task may show a
regression. A pass is the pooled test at alpha, without a task that shows a regression. A regression is either the
pooled test or Holm's over the tasks, at alpha / 2 each, so that a false alarm of any kind has probability alpha at
most. Where every answer is the same nothing has changed, which is a pass however few they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sailbench import stats
from sailbench.contrast import Measure, headline_of, measure_of
from sailbench.errors import StoreError, UsageError, did_you_mean
from sailbench.gate import sides
from sailbench.gate.pairing import Flip, Pairs, obstacles, pair
from sailbench.gate.sides import Side
from sailbench.stats.paired import run_noise

Word = Literal["pass", "regression", "inconclusive", "not comparable", "stopped early"]
EXIT_CODES: Mapping[Word, int] = {"pass": 0, "regression": 1, "inconclusive": 2, "not comparable": 3}
POOLED = "all tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is tolerated: `margin` as a share of the full score, `alpha` the chance of a false alarm or false pass."""

    margin: float = 0.01
    alpha: float = 0.05
    most_ungraded: float = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How many samples would decide in four of five cases; None where no number would."""

    as_seen: int | None
    if_unchanged: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One task's comparison, or the pooled one; differences as shares of the full score, better is positive.

    p-values are Holm's. What a comparison that cannot be made lacks is None; `note` says why.
    """

    task: str
    verdict: Word
    note: str = ""
    measure: str = ""
    n: int = 0
    clusters: int = 0
    baseline: float | None = None
    candidate: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    method: str = ""
    p_pass: float | None = None
    p_regression: float | None = None
    p_changed: float | None = None
    gained: int = 0
    lost: int = 0
    detectable: float | None = None
    needed: Needed | None = None
    noise: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How far a sequential gate went: the samples that were asked of all there are, and the evidence by then."""

    samples: int
    total: int
    outcome: stats.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict with all that led to it; `findings` are the tasks', `pooled` the one over all of them."""

    verdict: Word
    terms: Terms
    baseline: str
    candidate: str
    findings: tuple[Finding, ...]
    pooled: Finding | None
    flips: tuple[Flip, ...]
    asked: Asked | None = None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A task's two sides and their pairs, or why there are none."""

    baseline: Side | None = None
    pairs: Pairs | None = None
    why_not: str = ""


def compare(
    baseline: Path, candidate: Path, terms: Terms, tasks: Sequence[str] = (), noise: Sequence[Path] = ()
) -> Verdict:
    """The verdict on one results folder against another; `noise` are folders of repeated runs of the baseline.

    Tasks are named, or the files of tasks that are not bundled are; by default all of the baseline's are compared.
    """
    old, new = sides.model_folder(baseline), sides.model_folder(candidate)
    repeats = [sides.model_folder(folder) for folder in noise]
    found = {name_of(task): _compared(old, new, task, terms, repeats) for task in chosen(old, tasks)}
    return judge(found, terms, (str(old), str(new)))


def chosen(baseline: Path, tasks: Sequence[str]) -> list[str]:
    """The tasks to compare: those named (or whose files are), else all of the baseline's."""
    there = sides.tasks_in(baseline)
    for task in map(name_of, tasks):
        if task not in there:
            raise UsageError(f"no results of {task!r} in {baseline}{did_you_mean(task, there)}")
    return list(dict.fromkeys(tasks)) or there


def name_of(task: str) -> str:
    """The name under which a task that was named, or whose file was, has its results."""
    return Path(task).stem if task.endswith(".py") else task


def _compared(baseline: Path, candidate: Path, named: str, terms: Terms, repeats: Sequence[Path]) -> Compared:
    task = name_of(named)
    try:
        old, new = sides.read(baseline, task), sides.read(candidate, task)
    except StoreError as error:
        return Compared(why_not=str(error))
    against = obstacles(old, new, terms.most_ungraded)
    if against:
        return Compared(why_not="; ".join(against))
    measure = measure_of(headline_of(named), old, new)
    pairs = pair(old, new, measure)
    if pairs is None:
        return Compared(why_not="no sample is graded on both sides")
    again = [_repeat(old, folder, terms, measure) for folder in repeats]
    why_not = next((why for why in again if isinstance(why, str)), "")
    noise = run_noise([d for d in again if isinstance(d, stats.Difference)])
    return Compared(
        baseline=old, pairs=replace(pairs, difference=replace(pairs.difference, noise=noise)), why_not=why_not
    )


def _repeat(baseline: Side, folder: Path, terms: Terms, measure: Measure) -> stats.Difference | str:
    """A repeated run's difference from the baseline, or why it is no repetition."""
    try:
        again = sides.read(folder, baseline.task)
    except StoreError as error:
        return str(error)
    against = obstacles(baseline, again, terms.most_ungraded)
    pairs = None if against else pair(baseline, again, measure)
    return pairs.difference if pairs else f"{folder} repeats another run: {'; '.join(against) or 'nothing is graded'}"


def judge(found: Mapping[str, Compared], terms: Terms, names: tuple[str, str]) -> Verdict:
    """The verdict on compared tasks."""
    refused = {task: own.why_not for task, own in found.items() if own.why_not}
    kept = {task: own.pairs for task, own in found.items() if own.pairs is not None and not own.why_not}
    findings = _findings(kept, terms)
    pooled = _pooled(kept, terms) if len(kept) > 1 else None
    word: Word = "not comparable" if refused or not kept else _word(findings, pooled)
    return Verdict(
        verdict=word,
        terms=terms,
        baseline=names[0],
        candidate=names[1],
        findings=(*findings, *(Finding(task=t, verdict="not comparable", note=why) for t, why in refused.items())),
        pooled=pooled,
        flips=tuple(flip for own in kept.values() for flip in own.flips),
    )


def _word(findings: Sequence[Finding], pooled: Finding | None) -> Word:
    main = pooled or findings[0]
    if any(own.verdict == "regression" for own in (*findings, main)):
        return "regression"
    return main.verdict


def _findings(kept: Mapping[str, Pairs], terms: Terms) -> tuple[Finding, ...]:
    margin = terms.margin
    p_pass = stats.holm([own.difference.p_above(-margin) for own in kept.values()])
    p_regression = stats.holm([own.difference.p_below(-margin) for own in kept.values()])
    # With several tasks half of alpha is the pooled test's.
    level = terms.alpha if len(kept) == 1 else terms.alpha / 2
    made = []
    for (task, own), passing, losing in zip(kept.items(), p_pass, p_regression, strict=True):
        word: Word = "regression" if losing <= level else "pass" if passing <= terms.alpha else "inconclusive"
        made.append(_finding(task, own, terms, word, {"p_pass": passing, "p_regression": losing}))
    return tuple(made)


def _finding(task: str, own: Pairs, terms: Terms, word: Word, p_values: Mapping[str, Any]) -> Finding:
    d = own.difference
    return Finding(
        task=task,
        verdict=word,
        measure=own.measure,
        n=d.n,
        clusters=d.clusters,
        baseline=own.baseline,
        candidate=own.candidate,
        difference=d.mean,
        lower=d.lower(terms.alpha),
        upper=d.upper(terms.alpha),
        method=d.method,
        p_changed=d.p_changed,
        gained=own.gained,
        lost=own.lost,
        detectable=stats.detectable(d.planning_stderr, terms.alpha),
        needed=None if word in ("pass", "regression") else _needed(d.n, d.planning_stderr, d.mean, terms),
        noise=d.noise,
        **p_values,
    )


def _needed(n: int, stderr: float, mean: float, terms: Terms) -> Needed:
    gap = mean + terms.margin
    return Needed(
        as_seen=stats.samples_needed(n, stderr, gap, terms.alpha),
        if_unchanged=stats.samples_needed(n, stderr, terms.margin, terms.alpha),
    )


def _pooled(kept: Mapping[str, Pairs], terms: Terms) -> Finding:
    """The stratified test over all tasks."""
    strata = [own.difference for own in kept.values()]
    limits, strict = stats.pooled(strata, terms.alpha), stats.pooled(strata, terms.alpha / 2)
    stderr = sum(d.planning_stderr**2 for d in strata) ** 0.5 / len(strata)
    n = sum(d.n for d in strata)
    word: Word = "inconclusive"
    if strict.upper < -terms.margin:
        word = "regression"
    elif limits.lower > -terms.margin:
        word = "pass"
    return Finding(
        task=POOLED,
        verdict=word,
        measure="tasks, each once",
        n=n,
        clusters=sum(d.clusters for d in strata),
        baseline=sum(own.baseline for own in kept.values()) / len(strata),
        candidate=sum(own.candidate for own in kept.values()) / len(strata),
        difference=limits.value,
        lower=limits.lower,
        upper=limits.upper,
        method="stratified",
        gained=sum(own.gained for own in kept.values()),
        lost=sum(own.lost for own in kept.values()),
        detectable=stats.detectable(stderr, terms.alpha),
        needed=_needed(n, stderr, limits.value, terms) if word == "inconclusive" else None,
    )
