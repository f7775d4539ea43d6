"""Asking judges what rules could not settle, while answers still arrive; through journals, like every answer.

A judge is a model that answers requests. Its verdicts are kept in `<task>.<judge>.jsonl`, keyed by the question's
content and the rubric's digest; what it was asked once is never asked again, what failed is asked at the next run.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sailbench import judge
from sailbench.errors import UsageError
from sailbench.models.base import Model
from sailbench.rules import inquiries
from sailbench.rules.inquiries import Inquiry
from sailbench.run import Watch, Work, aside_answers
from sailbench.run import reply as reply_of
from sailbench.store import Journal, Results, folder_name
from sailbench.task import Task
from sailbench.types import Reply, Request, Response, Sample, Sampling

VERDICT_TOKENS = 1024
# A rough rule for English prompts, good enough to tell cents from dollars before a run.
CHARACTERS_A_TOKEN = 4
# Seconds after which a judge that waits for its rate looks whether it is to stop.
LONGEST_SLEEP = 0.1


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, in and out."""

    tokens_in: float
    tokens_out: float

    def of(self, response: Response) -> float:
        return (response.tokens_in * self.tokens_in + response.tokens_out * self.tokens_out) / 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """The most dollars a judge may cost in a run, and how many calls a minute it allows; None is no limit."""

    budget: float | None = None
    per_minute: int | None = None


@dataclass(slots=True)
class Spent:
    """What a judge has cost in this run; `kept` counts the verdicts that were there already."""

    calls: int = 0
    failures: int = 0
    kept: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float | None = None
    held_back: int = 0

    def add(self, response: Response, price: Price | None) -> None:
        self.calls += 1
        self.failures += response.error is not None
        self.tokens_in += response.tokens_in
        self.tokens_out += response.tokens_out
        if price is not None:
            self.money = (self.money or 0.0) + price.of(response)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A request to a judge, and the sample that its verdict is for."""

    task: str
    sample: str
    inquiry: str
    key: str
    request: Request


class Desk:
    """One judge: a thread that asks it as questions come in, and the journals of its verdicts."""

    def __init__(
        self, model: Model, results: Results, price: Price | None = None, limits: Limits | None = None
    ) -> None:
        self.limits = limits or Limits()
        if self.limits.budget is not None and price is None:
            raise UsageError(f"a judge budget needs the price of {model.name}; give --judge-prices FILE")
        self.model, self.results, self.price = model, results, price
        self.spent: dict[str, Spent] = {}
        self._seen: set[str] = set()
        self._waiting: queue.Queue[Question | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name=f"judge {model.name}", daemon=True)
        self._failure: BaseException | None = None
        self._stopped = False

    def journal(self, task: str) -> Journal:
        return self.results.journal(f"{task}.{folder_name(self.model.name)}")

    def spent_on(self, task: str) -> Spent:
        return self.spent.setdefault(task, Spent())

    def verdict(self, task: str, key: str) -> str | None:
        """What the judge said to the question with this key; None if it was not asked, or failed."""
        response = self.journal(task).get(key)
        return response.text if response is not None and response.error is None else None

    def put(self, question: Question) -> None:
        """Have it asked, unless it was; nothing is asked twice, even by two samples with the same reply."""
        if question.key in self._seen:
            return
        self._seen.add(question.key)
        if self.journal(question.task).answered(question.key):
            self.spent_on(question.task).kept += 1
        else:
            self._waiting.put(question)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Wait until everything that was put is answered; what went wrong in the thread is raised here."""
        self._waiting.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def drain(self) -> None:
        """Ask nothing more, and wait for the verdicts that are being given: they are paid for."""
        self._stopped = True
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            asked: dict[int, Question] = {}
            for request, response in self.model.answer(self._drawn(asked)):  # type: ignore[arg-type]
                question = asked.pop(id(request))
                more = {"judge": self.model.name, "inquiry": question.inquiry}
                self.journal(question.task).append(question.key, question.sample, response, more)
                self.spent_on(question.task).add(response, self.price)
        except BaseException as error:  # handed over to the thread that waits
            self._failure = error

    def _drawn(self, asked: dict[int, Question]) -> Iterator[Request | None]:
        """Questions as they come; None while there are none and others are being answered, so that those can land."""
        pause, at = 60 / self.limits.per_minute if self.limits.per_minute else 0.0, 0.0
        while True:
            try:
                question = self._waiting.get(block=not asked)
            except queue.Empty:
                yield None
                continue
            if question is None or self._stopped:
                return
            if self._broke():
                self.spent_on(question.task).held_back += 1
                continue
            yield from self._until(at, asked)
            if self._stopped:
                return
            at = time.monotonic() + pause
            asked[id(question.request)] = question
            yield question.request

    def _until(self, at: float, asked: Mapping[int, Question]) -> Iterator[None]:
        """Pass the time; None while questions are being answered."""
        while (left := at - time.monotonic()) > 0 and not self._stopped:
            if asked:
                yield None
            else:
                time.sleep(min(left, LONGEST_SLEEP))

    def _broke(self) -> bool:
        budget = self.limits.budget
        return budget is not None and sum(s.money or 0.0 for s in self.spent.values()) >= budget


def questions(desk: Desk, work: Work, sample: Sample, reply: Reply) -> list[Question]:
    """What this judge is to be asked of a reply, answered already or not."""
    made, task = [], work.task
    answers = aside_answers(work, desk.results, sample) if work.asides else {}
    for name, prompt in inquiries.prompts(task, sample, reply, answers).items():
        rubric = judge.load(_inquiry(task, sample, name).rubric)
        media = sample.media if rubric.sees_media else ()
        request = Request(turns=(prompt,), media=media, sampling=Sampling(max_tokens=VERDICT_TOKENS))
        key = request.key(f"{desk.model.identity} rubric:{rubric.digest}")
        made.append(Question(task.name, sample.id, name, key, request))
    return made


def _inquiry(task: Task, sample: Sample, name: str) -> Inquiry:
    return next(own for own in inquiries.inquiries(task, sample) if own.name == name)


def unsettled(task: Task, sample: Sample, reply: Reply) -> bool:
    """Whether a judge is needed: a protocol cannot do without, or the headline's rules could not read the reply.

    Rules come first; that other protocols' rules read less is no reason to pay for a verdict.
    """
    scores = {protocol: task.score(sample, reply, protocol) for protocol in task.rules}
    return scores[task.protocol].unparsed or any(score.value is None for score in scores.values())


@dataclass(frozen=True, slots=True)
class Panel:
    """The judges of a run. With several, a verdict is the one in the middle, or the one that most agree on."""

    desks: Sequence[Desk]

    @property
    def name(self) -> str:
        return "+".join(desk.model.name for desk in self.desks)

    def start(self) -> None:
        for desk in self.desks:
            desk.start()

    def finish(self) -> None:
        for desk in self.desks:
            desk.finish()

    def drain(self) -> None:
        for desk in self.desks:
            desk.drain()

    def beside(self, ask: Callable[[Watch], None], watch: Watch, works: Sequence[Work], results: Results) -> None:
        """Have a model asked, judges beside it: `ask` is given the watch that sees its answers, with the judges behind.

        Returns when these works' answers, stored ones too, are judged. Ctrl-C asks nothing more, keeps the verdicts
        that are being given, and goes on up.
        """

        def both(work: Work, sample: Sample, request: Request, response: Response) -> None:
            watch(work, sample, request, response)
            self.consider(work, sample, request, response)

        self.start()
        try:
            ask(both)
            self.sweep(works, results)
            self.finish()
        except KeyboardInterrupt:
            self.drain()
            raise

    def consider(self, work: Work, sample: Sample, request: Request, response: Response) -> None:
        """Put what must be asked of this answer to every judge."""
        if response.error is not None or not inquiries.inquiries(work.task, sample):
            return
        reply = reply_of(response, request.sampling)
        if unsettled(work.task, sample, reply):
            for desk in self.desks:
                for question in questions(desk, work, sample, reply):
                    desk.put(question)

    def sweep(self, work: Sequence[Work], results: Results) -> None:
        """Consider every stored answer: those of earlier runs, and those that waited for an answer aside."""
        for own in work:
            journal = results.journal(own.task.name)
            for sample, request, key in own:
                response = journal.get(key)
                if response is not None:
                    self.consider(own, sample, request, response)

    def forecast(self, work: Work) -> str:
        """What judging a task can cost at most, in a line; replies are taken to be as long as the question."""
        texts = [
            prompt
            for sample in work.samples
            for prompt in inquiries.prompts(work.task, sample, Reply(sample.question), {}).values()
        ]
        tokens = sum(map(len, texts)) // CHARACTERS_A_TOKEN
        prices = [desk.price for desk in self.desks]
        known = [p.tokens_in * tokens / 1e6 + p.tokens_out * len(texts) * 16 / 1e6 for p in prices if p is not None]
        cost = f", about ${sum(known):.2f}" if len(known) == len(prices) else ", price not known (--judge-prices)"
        return f"at most {len(texts) * len(self.desks)} judge calls, about {tokens * len(self.desks):,} tokens{cost}"

    def informed(self, work: Work, sample: Sample, answer: Reply) -> Reply:
        """The reply with every verdict that is on record, where rules alone do not settle it."""
        task = work.task
        if not inquiries.inquiries(task, sample) or not unsettled(task, sample, answer):
            return answer
        said: dict[str, list[str]] = {}
        for desk in self.desks:
            for question in questions(desk, work, sample, answer):
                verdict = desk.verdict(task.name, question.key)
                if verdict is not None:
                    said.setdefault(question.inquiry, []).append(verdict)
        verdicts = {}
        for name, given in said.items():
            rubric = judge.load(_inquiry(task, sample, name).rubric)
            agreed = settled(rubric, given) if len(self.desks) > 1 else given[0]
            if agreed is not None:
                verdicts[name] = agreed
        return replace(answer, verdict=verdicts.get(task.rubric), verdicts=verdicts)

    def record(self, task: str) -> dict[str, Any]:
        """The summary's `judge` entry for a task."""
        spent = [desk.spent_on(task) for desk in self.desks]
        money = [s.money for s in spent if s.money is not None]
        return {
            "name": self.name,
            "model": self.name,
            "calls": sum(s.calls for s in spent),
            "failures": sum(s.failures for s in spent),
            "kept": sum(s.kept for s in spent),
            "held_back": sum(s.held_back for s in spent),
            "tokens": sum(s.tokens_in + s.tokens_out for s in spent),
            "cost": round(sum(money), 6) if money else None,
        }


def settled(rubric: judge.Judge, verdicts: Sequence[str]) -> str | None:
    """One of several judges' verdicts: the median of numbers, the most frequent of texts; None without a majority.

    Verdicts that cannot be read have no vote. Of an even number of scores the lower middle one is taken.
    """
    read = [(value, verdict) for verdict in verdicts if (value := rubric.read(verdict)) is not None]
    if not read:
        return None
    if not rubric.extracts and not rubric.labels:
        return sorted(read, key=lambda pair: float(pair[0]))[(len(read) - 1) // 2][1]
    (best, votes), *rest = Counter(value for value, _ in read).most_common()
    tied = bool(rest) and rest[0][1] == votes
    return None if tied else next(verdict for value, verdict in read if value == best)
