"""A candidate is asked only as long as it takes: rounds of randomly ordered clusters until the evidence decides.

A fifth of alpha goes to the sequential test, which may stop after any round. If it never does, every sample has been
asked, and the fixed-size test decides with the other four fifths: together they are wrong with probability alpha.
(Half and half would stop hardly sooner, and cost passes more: most of them take every sample.)

As soon as a loss shows in some task, most of each round is asked of the task where it shows most; the rest goes to
all tasks as before. The sequential test allows that; the fixed-size test only ever sees every sample.
"""

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sailbench import registry, run, stats
from sailbench.contrast import Measure, joined_clusters, measure_of
from sailbench.errors import ModelError, UsageError
from sailbench.gate import sides
from sailbench.gate.pairing import differing_facts, pair
from sailbench.gate.sides import Side
from sailbench.gate.verdict import Asked, Compared, Finding, Terms, Verdict, compare, judge
from sailbench.judging import Desk, Panel
from sailbench.plan import Plan
from sailbench.run import Watch, Work

SEQUENTIAL_SHARE = 0.2
# Samples of a round: so many, or this part of what was asked before if that is more.
LEAST, GROWTH = 64, 0.1
# The part of a round that is asked of the task where a loss shows most.
CHASE = 0.75
# After so many answers a model of which too few can be graded is given up.
PATIENCE = 20

Round = dict[str, tuple[stats.Change, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A candidate (the plan's model), the baseline's folder, the terms, judges if any, and the seed of the order."""

    plan: Plan
    baseline: Path
    terms: Terms
    now: datetime
    watch: Watch
    jury: Panel | None = None
    seed: int = 0


def decide(trial: Trial) -> Verdict:
    """Ask the candidate in rounds, grade as they come, and stop as soon as it is decided."""
    baseline, results = sides.model_folder(trial.baseline), trial.plan.results
    if results.folder.resolve() == baseline.resolve():
        raise UsageError(f"the candidate's answers would go into the baseline's folder {baseline}; give another --out")
    contests = [_Contest.of(trial, work, sides.read(baseline, work.task.name)) for work in trial.plan.work]
    refused = {own.name: Compared(why_not=own.why_not) for own in contests if own.why_not}
    if refused:
        return judge(refused, trial.terms, (str(baseline), str(results.folder)))
    largest = {own.name: own.largest for own in contests}
    plan = stats.Plan(margin=trial.terms.margin, alpha=trial.terms.alpha * SEQUENTIAL_SHARE, largest=largest)
    with results.locked():
        ledger = stats.Ledger(plan)
        outcome = stats.watch(rounds(trial, contests, ledger), ledger)
        for own in contests:
            protocol = trial.plan.protocol(own.work.task)
            run.summary_record(own.asked_work(), results, protocol, _facts(trial), trial.jury)
    samples, total = sum(len(own.asked) for own in contests), sum(len(own.side.lines) for own in contests)
    return _concluded(trial, baseline, Asked(samples=samples, total=total, outcome=outcome))


def _facts(trial: Trial) -> run.Facts:
    return trial.plan.facts(trial.now)


def _concluded(trial: Trial, baseline: Path, asked: Asked) -> Verdict:
    """The sequential verdict, or the fixed-size test's where every sample had to be asked."""
    rest = replace(trial.terms, alpha=trial.terms.alpha * (1 - SEQUENTIAL_SHARE))
    fixed = compare(baseline, trial.plan.results.folder, rest, registry.select(trial.plan.options.tasks))
    decided = asked.outcome.verdict
    if decided is None or fixed.verdict == "not comparable":
        return replace(fixed, terms=trial.terms, asked=asked)
    return replace(
        fixed,
        verdict=decided,
        terms=trial.terms,
        findings=tuple(map(_stopped, fixed.findings)),
        pooled=None,
        asked=asked,
    )


def _stopped(finding: Finding) -> Finding:
    """A finding without limits and p-values of a fixed size: at a chosen moment they do not hold."""
    return replace(
        finding,
        verdict="stopped early",
        method="betting",
        lower=None,
        upper=None,
        p_pass=None,
        p_regression=None,
        p_changed=None,
        needed=None,
    )


@dataclass(slots=True, kw_only=True)
class _Contest:
    """One task of a trial: the baseline's samples, what is left of them by cluster, and how far it has come."""

    work: Work
    side: Side
    measure: Measure
    order: deque[list[str]]
    largest: int
    why_not: str = ""
    asked: list[str] = field(default_factory=list)
    ungraded: int = 0

    @property
    def name(self) -> str:
        return self.work.task.name

    @classmethod
    def of(cls, trial: Trial, work: Work, side: Side) -> "_Contest":
        known = {sample.id for sample in work.samples}
        missing = [id for id in side.lines if id not in known]
        same = restricted(work, list(side.lines))
        against = list(differing_facts(side.record, _asked_facts(trial, same)))
        if side.record.get("judge") and trial.jury is None:
            against.append(f"the baseline was judged: give --judge as for it ({side.record['judge'].get('name')})")
        if missing:
            against.append(f"{len(missing)} of the baseline's samples are not in these rows, such as {missing[0]!r}")
        measure = measure_of(work.task.headline, side)
        alone = pair(side, side, measure)
        if alone is None:
            against.append("the baseline holds no graded sample")
        return cls(
            work=same,
            side=side,
            measure=measure,
            order=_order(side, f"{trial.seed} {work.task.name}"),
            largest=max((change.size for change in alone.difference.changes), default=1) if alone else 1,
            why_not="; ".join(against),
        )

    @property
    def left(self) -> int:
        """How many samples were not asked yet."""
        return sum(map(len, self.order))

    def take(self, wanted: float) -> list[str]:
        """The next clusters, until they hold so many samples."""
        taken: list[str] = []
        while self.order and len(taken) < wanted:
            taken += self.order.popleft()
        return taken

    def asked_work(self) -> Work:
        return restricted(self.work, self.asked)


def _asked_facts(trial: Trial, work: Work) -> dict[str, object]:
    """What a summary of this work would say of the task, before anything is asked."""
    task, jury = work.task, trial.jury
    return {
        "task_version": task.version,
        "protocol": trial.plan.protocol(task),
        "scale": task.scale,
        "higher_is_better": task.higher_is_better,
        "data": work.data,
        "judge": {"name": jury.name, "model": jury.name} if jury is not None and task.rubric else None,
        "sampling": asdict(work.requests[0].sampling) if work.requests else {},
    }


def restricted(work: Work, ids: Sequence[str]) -> Work:
    """The same work on these samples only."""
    wanted = set(ids)
    kept = [(sample, request, key) for sample, request, key in work if sample.id in wanted]
    samples, requests, keys = zip(*kept, strict=True) if kept else ((), (), ())
    return replace(work, samples=tuple(samples), requests=tuple(requests), keys=tuple(keys))


def _order(side: Side, seed: str) -> deque[list[str]]:
    """The baseline's samples by cluster: the first one, whose sampling the summaries tell, then the rest at random."""
    clusters: dict[int, list[str]] = {}
    for id, cluster in joined_clusters(side.lines, side.lines).items():
        clusters.setdefault(cluster, []).append(id)
    first, *rest = clusters.values() if clusters else [[]]
    random.Random(seed).shuffle(rest)
    return deque([first, *rest])


def rounds(trial: Trial, contests: Sequence[_Contest], ledger: stats.Ledger) -> Iterator[Round]:
    """Each round asks the next clusters, all in one pool, and yields what changed in them."""
    total = sum(len(own.side.lines) for own in contests)
    while left := {own.name: own.left for own in contests if own.left}:
        wanted = portions(left, total - sum(left.values()), ledger.leader(left))
        parts = [restricted(own.work, own.take(wanted.get(own.name, 0.0))) for own in contests]
        _ask(trial, parts)
        yield {own.name: _seen(trial, own, part) for own, part in zip(contests, parts, strict=True)}
        _check_graded(contests, trial.terms)


def portions(left: Mapping[str, int], asked: int, leader: str | None) -> dict[str, float]:
    """How many samples of each task the next round has, by what is left of each: most are of the leader, if any."""
    size, total = max(LEAST, GROWTH * asked), sum(left.values())
    chased = CHASE * size if leader else 0.0
    return {name: (size - chased) * own / total + chased * (name == leader) for name, own in left.items()}


def _ask(trial: Trial, parts: Sequence[Work]) -> None:
    """Ask the candidate what a round is made of, and judges beside it what rules could not settle."""
    results = trial.plan.results
    collect = partial(run.collect, trial.plan.model, run.unanswered(parts, results), results)
    if trial.jury is None:
        collect(trial.watch)
    else:
        _seated(trial.jury).beside(collect, trial.watch, parts, results)


def _seated(jury: Panel) -> Panel:
    """The same judges at desks of this round's, whose accounts go on: a desk that has finished asks nothing more."""
    desks = [Desk(own.model, own.results, own.price, own.limits) for own in jury.desks]
    for desk, own in zip(desks, jury.desks, strict=True):
        desk.spent = own.spent
    return Panel(desks)


def _seen(trial: Trial, contest: _Contest, part: Work) -> tuple[stats.Change, ...]:
    """Grade a round's answers of one task and set them beside the baseline's."""
    graded = run.grade(part, trial.plan.results, trial.plan.protocol(part.task), trial.jury)
    lines = {g.sample.id: run.score_line(g) for g in graded}
    contest.asked += lines
    contest.ungraded += sum(line["value"] is None for line in lines.values())
    old = replace(contest.side, lines={id: contest.side.lines[id] for id in lines})
    # Another number than a plain mean has no change a cluster to bet on: it waits for the fixed-size test.
    pairs = pair(old, replace(contest.side, lines=lines), contest.measure) if contest.measure.is_mean else None
    return pairs.difference.changes if pairs else ()


def _check_graded(contests: Sequence[_Contest], terms: Terms) -> None:
    for own in contests:
        if len(own.asked) >= PATIENCE and own.ungraded > terms.most_ungraded * len(own.asked):
            raise ModelError(
                f"{own.name}: {own.ungraded} of {len(own.asked)} answers are not graded; nothing to compare"
            )
