"""A run in two halves: collect answers to what is unanswered, and grade what is stored. Neither knows the other."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Protocol

from sailbench import extract, stats
from sailbench.aggregate import facts as facts_of
from sailbench.clerk import Clerk
from sailbench.errors import DataError, UsageError
from sailbench.models.base import Model
from sailbench.models.catalogue import THINKING_TOKENS
from sailbench.rows import Row
from sailbench.rules import inquiries
from sailbench.store import Results
from sailbench.task import Task
from sailbench.types import Graded, Media, Reply, Request, Response, Sample, Sampling, Score, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which samples are asked: all, a seeded random `limit` of them (whole units), or those with these ids."""

    limit: int | None = None
    seed: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line or the model changes in every request's sampling; None leaves the task's own."""

    thinking: bool | None = None
    max_tokens: int | None = None

    def apply(self, sampling: Sampling) -> Sampling:
        thinking = sampling.thinking if self.thinking is None else self.thinking
        # Reasoning needs room before the answer, whatever the answer itself needs.
        own = max(sampling.max_tokens, THINKING_TOKENS) if thinking else sampling.max_tokens
        return replace(sampling, thinking=thinking, max_tokens=self.max_tokens or own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task's chosen samples with the request and the key of each. `data` says where the rows came from.

    `asides` holds, by sample and inquiry, what the model is asked besides, for a judge to compare with.
    """

    task: Task
    samples: tuple[Sample, ...]
    requests: tuple[Request, ...]
    keys: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    asides: Mapping[str, Mapping[str, tuple[str, Request]]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Sample, Request, str]]:
        return zip(self.samples, self.requests, self.keys, strict=True)


# Ends a journalled id where the answer is one to something that the model was asked besides.
ASIDE = " (aside)"
Watch = Callable[[Work, Sample, Request, Response], None]
# What has to be asked, by key, with everyone who wants the answer.
Waiting = Mapping[str, Sequence[tuple[Work, Sample, Request]]]


def read_samples(task: Task, rows: Iterable[Row]) -> tuple[Sample, ...]:
    """The benchmark's samples in source order; rows that are not part of it are passed over."""
    groups: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
    nothing: Mapping[str, Any] = {}

    def slim(own: Sample) -> Sample:
        group = groups.setdefault(tuple(own.group.items()), own.group)
        return replace(own, group=group, choices=own.choices or nothing, extra=own.extra or nothing)

    # Equal groups, and nothing, are one object each: a fifth of what a short sample takes.
    return tuple(slim(sample) for sample in map(task.read, rows) if sample is not None)


def distinct(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The same samples, whose ids must be unique: answers and grades are told apart by them."""
    twice = next((id for id, times in Counter(s.id for s in samples).items() if times > 1), None)
    if twice is not None:
        raise DataError(f"id {twice!r} occurs twice: the file holds rows twice, or is another benchmark's")
    return samples


def choose(samples: Sequence[Sample], selection: Selection) -> tuple[Sample, ...]:
    """The selected samples in source order. Samples that are scored together stay together."""
    if selection.ids:
        return _by_ids(samples, selection.ids)
    if selection.limit is None or selection.limit >= len(samples):
        return tuple(samples)
    units: dict[str, list[str]] = {}
    for sample in samples:
        units.setdefault(sample.unit or f"alone {sample.id}", []).append(sample.id)
    order = list(units)
    random.Random(selection.seed).shuffle(order)
    chosen: set[str] = set()
    for unit in order:
        if len(chosen) >= selection.limit:
            break
        chosen.update(units[unit])
    return tuple(sample for sample in samples if sample.id in chosen)


def _by_ids(samples: Sequence[Sample], ids: Sequence[str]) -> tuple[Sample, ...]:
    wanted = set(ids)
    found = tuple(sample for sample in samples if sample.id in wanted)
    missing = sorted(wanted - {sample.id for sample in found})
    if missing:
        raise UsageError(
            f"no sample {', '.join(missing[:5])} here (ids look like {', '.join(s.id for s in samples[:3])})"
        )
    return found


def prepare(task: Task, samples: Sequence[Sample], identity: str, overrides: Overrides, judged: bool = False) -> Work:
    """What will be asked: a request a sample, keyed by content and the model's identity; asides if it is `judged`."""

    samplings: dict[Sampling, Sampling] = {}  # equal ones are one object

    def made(request: Request) -> tuple[str, Request]:
        sampling = overrides.apply(request.sampling)
        own = replace(request, sampling=samplings.setdefault(sampling, sampling))
        return own.key(identity), own

    asked = [made(task.ask(sample)) for sample in samples]
    asides = {s.id: {name: made(r) for name, r in inquiries.asides(task, s).items()} for s in samples if judged}
    return Work(
        task=task,
        samples=tuple(samples),
        requests=tuple(request for _, request in asked),
        keys=tuple(key for key, _ in asked),
        asides={id: own for id, own in asides.items() if own},
    )


def unanswered(work: Sequence[Work], results: Results) -> dict[str, list[tuple[Work, Sample, Request]]]:
    """What has to be asked, by key: each once, whoever wants it. Requests that share media stand together.

    An answer that another task's journal holds is copied, not asked again; what lacks its media cannot be asked.
    """
    have = _answers(work, results)
    waiting: dict[str, list[tuple[Work, Sample, Request]]] = {}
    for own in work:
        journal = results.journal(own.task.name)
        for sample, request, key in chain(own, _aside_requests(own)):
            if journal.answered(key) or missing_media(request.media):
                continue
            if key in have:
                journal.append(key, sample.id, have[key])
            else:
                waiting.setdefault(key, []).append((own, sample, request))
    return _media_together(waiting)


def _aside_requests(work: Work) -> Iterator[tuple[Sample, Request, str]]:
    for sample in work.samples:
        for key, request in work.asides.get(sample.id, {}).values():
            yield sample, request, key


def aside_answers(work: Work, results: Results, sample: Sample) -> dict[str, str]:
    """What the model answered aside, by inquiry, so far."""
    journal = results.journal(work.task.name)
    found = ((name, journal.get(key)) for name, (key, _) in work.asides.get(sample.id, {}).items())
    return {name: response.text for name, response in found if response is not None and response.error is None}


def _answers(work: Sequence[Work], results: Results) -> dict[str, Response]:
    journals = [(own, results.journal(own.task.name)) for own in work]
    found = ((key, journal.get(key)) for own, journal in journals for key in own.keys)
    return {key: response for key, response in found if response is not None and response.error is None}


def _media_together(
    waiting: dict[str, list[tuple[Work, Sample, Request]]],
) -> dict[str, list[tuple[Work, Sample, Request]]]:
    first: dict[tuple[Media, ...], int] = {}
    place: dict[str, int] = {}
    for number, (key, owners) in enumerate(waiting.items()):
        media = owners[0][2].media
        place[key] = first.setdefault(media, number) if media else number
    return {key: waiting[key] for key in sorted(waiting, key=place.__getitem__)}


def collect(model: Model, waiting: Waiting, results: Results, watch: Watch) -> None:
    """Ask what is waiting and journal each answer as it arrives, for every task that wants it.

    The model waits neither for the disk nor for `watch`, which sees what is stored. On return, and when interrupted,
    all that was answered is stored and seen; what failed meanwhile is raised.
    """
    requests = {key: owners[0][2] for key, owners in waiting.items()}
    key_of = {id(request): key for key, request in requests.items()}  # a model gives back the very object

    def keep(key: str, response: Response) -> None:
        for own, sample, asked in waiting[key]:
            aside = is_aside(own, sample, key)  # told apart by id for those who read the journal by ids
            results.journal(own.task.name).append(key, sample.id + ASIDE if aside else sample.id, response)
            if not aside:
                watching.hand(own, sample, asked, response)

    with Clerk(watch, "watching") as watching, Clerk(keep, "journal") as keeping:
        for request, response in model.answer(requests.values()):
            keeping.hand(key_of[id(request)], response)
            keeping.check()
            watching.check()


def counts(waiting: Waiting) -> dict[str, int]:
    """How many samples of each task wait for an answer."""
    owners = ((own, sample, key) for key, all_owners in waiting.items() for own, sample, _ in all_owners)
    return Counter(own.task.name for own, sample, key in owners if not is_aside(own, sample, key))


def is_aside(work: Work, sample: Sample, key: str) -> bool:
    """Whether a key is that of something the model is asked besides the sample's own question."""
    return any(key == own for own, _ in work.asides.get(sample.id, {}).values())


def outlook(work: Sequence[Work], waiting: Waiting) -> str:
    """How much is done and how much is left, in a line."""
    requests = [request for own in work for request in own.requests]
    without = sum(bool(missing_media(request.media)) for request in requests)
    stored = len(requests) - without - sum(map(len, waiting.values()))
    lack = f"; {without} lack their media and cannot be asked" if without else ""
    return f"{len(requests)} samples: {stored} answered before, {len(waiting)} to ask{lack}"


def outdated(waiting: Waiting, results: Results) -> str:
    """That samples are asked again although answers to them are stored, in a line; empty where there are none."""
    owners = ((own, sample, key) for key, wanting in waiting.items() for own, sample, _ in wanting)
    number = sum(
        sample.id in results.journal(own.task.name).ids and not is_aside(own, sample, key)
        for own, sample, key in owners
    )
    made = "by other weights, settings or wording, or another version of sailbench"
    return f"{number} of these have stored answers made {made}: they stay and are not used" if number else ""


def live_scores(protocol: Callable[[Task], str], show: Callable[[str, Response, Score, float], None]) -> Watch:
    """A watch that grades each answer as it arrives and shows it; the final grades are made anew from the journal."""

    def watch(work: Work, sample: Sample, request: Request, response: Response) -> None:
        task = work.task
        own = score(task, sample, reply(response, request.sampling), response, protocol(task))
        show(task.name, response, own, task.scale)

    return watch


def reply(response: Response, sampling: Sampling) -> Reply:
    """What rules see of a response: the reasoning cut, and the boxed answer where reasoning was asked for.

    The official wrapper of SAIL-VL2 takes the boxed answer first, whatever stands around it.
    """
    texts = [extract.boxed_answer(text) if sampling.thinking else text for text in response.texts]
    final = tuple(extract.after_thinking(text) for text in texts)
    return Reply(final[-1] if final else "", None, final)


def missing_media(media: Sequence[Media]) -> str:
    """Why these media cannot be asked about: one of them cannot be read; empty when all can."""
    gone = [m for m in media if not m.digest]
    return f"{gone[0].kind} cannot be read: {gone[0].source!s}" if gone else ""


def score(task: Task, sample: Sample, answer: Reply, response: Response | None, protocol: str) -> Score:
    """A grade, or why there is none: what was not asked or failed is ungraded, never wrong."""
    if response is None:
        return Score(None, None, missing_media(sample.media) or "not asked")
    if response.error is not None:
        return Score(None, None, response.error)
    return task.score(sample, answer, protocol)


class Jury(Protocol):
    """Judges as grading sees them: what they said of a reply, and what a task's summary says of them."""

    def informed(self, work: Work, sample: Sample, answer: Reply) -> Reply: ...

    def record(self, task: str) -> dict[str, Any]: ...


def grade(work: Work, results: Results, protocol: str, jury: Jury | None = None) -> list[Graded]:
    """Every chosen sample's grade under a protocol, from the journals alone."""
    journal = results.journal(work.task.name)
    cluster = clusters(work.samples)
    graded = []
    for (sample, request, key), own in zip(work, cluster, strict=True):
        response = journal.get(key)
        answer = reply(response, request.sampling) if response else Reply("")
        if jury is not None and response is not None and response.error is None:
            answer = jury.informed(work, sample, answer)
        finish = response.finish if response else "error"
        graded.append(Graded(sample, score(work.task, sample, answer, response, protocol), finish, own))
    return work.task.settled(graded)


def clusters(samples: Sequence[Sample]) -> list[str]:
    """A name for each sample's cluster: samples that share media, directly or through others, share a cluster."""
    members = [[m.digest for m in sample.media if m.digest] or [sample.unit or sample.id] for sample in samples]
    return [samples[i].id for i in stats.components(members)]


def score_line(g: Graded, key: str = "", request: Request | None = None) -> dict[str, Any]:
    """A line of `scores.jsonl`, as the contract has it; `key` joins it to the journal, digests tell what was asked."""
    return {
        "id": g.sample.id,
        "value": g.score.value,
        "answer": g.score.answer,
        "why": g.score.why,
        "unit": g.sample.unit or g.sample.id,
        "cluster": g.cluster,
        "parts": dict(g.score.parts),
        **facts_of(g.sample),
        **({"key": key, **request.digests()} if request else {}),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a summary says besides its numbers: the model and machine that made the answers, and when."""

    model: str
    model_fingerprint: str
    engine: str
    hardware: str
    sailbench: str
    commit: str | None
    date: str


def summary_record(
    work: Work, results: Results, protocol: str, facts: Facts, jury: Jury | None = None
) -> dict[str, Any]:
    """The summary of a task under its headline protocol, with every other protocol's value in `metrics`."""
    graded = grade(work, results, protocol, jury)
    summary = work.task.summarize(graded)
    results.write_scores(work.task.name, map(score_line, graded, work.keys, work.requests))
    others = {p: grade(work, results, p, jury) for p in work.task.rules if p != protocol}
    record = as_record(work.task, protocol, compared(work.task, summary, graded, others))
    journal = results.journal(work.task.name)
    responses = [r for r in map(journal.get, work.keys) if r is not None]
    record |= asdict(facts)
    record |= {
        "data": dict(work.data),
        "judge": _judged(work, results, protocol, graded, jury),
        "ungraded_because": ungraded_because(graded),
        "sampling": asdict(work.requests[0].sampling) if work.requests else {},
        "seconds": round(sum(r.seconds for r in responses), 3),
        "tokens_in": sum(r.tokens_in for r in responses),
        "tokens_out": sum(r.tokens_out for r in responses),
    }
    results.write_summary(work.task.name, record)
    return record


def _judged(
    work: Work, results: Results, protocol: str, graded: Sequence[Graded], jury: Jury | None
) -> dict[str, Any] | None:
    """What judges cost, and what they changed: how many grades, and the value that rules alone would give."""
    if jury is None or not work.task.rubric:
        return None
    alone = grade(work, results, protocol)
    changed = sum(a.score.value != b.score.value for a, b in zip(alone, graded, strict=True))
    return {**jury.record(work.task.name), "changed": changed, "rules_only": work.task.summarize(alone).value}


def ungraded_because(graded: Sequence[Graded]) -> dict[str, int]:
    """How many samples each kind of reason left ungraded, the commonest first; what follows a colon is particulars."""
    return dict(Counter(g.score.why.partition(":")[0] for g in graded if g.score.value is None).most_common())


def compared(task: Task, summary: Summary, graded: Sequence[Graded], others: Mapping[str, Sequence[Graded]]) -> Summary:
    """The summary with every other protocol's value in its metrics, and on how many samples they part."""
    metrics = dict(summary.metrics)
    for name, other in others.items():
        metrics[name] = task.summarize(other).value
        pairs = zip(graded, other, strict=True)
        metrics[f"{name}_differs"] = sum(a.score.value != b.score.value for a, b in pairs)
    return replace(summary, metrics=metrics)


def as_record(task: Task, protocol: str, summary: Summary) -> dict[str, Any]:
    """A summary's own part of the file: which task and rules, and the numbers."""
    return {
        "task": task.name,
        "title": task.card.title,
        "task_version": task.version,
        "protocol": protocol if protocol in task.rules else task.protocol,
        "scale": task.scale,
        "higher_is_better": task.higher_is_better,
        **asdict(summary),
    }
