"""How long judging takes: many calls in flight against one at a time, and judging beside generation against after it.

    python benchmarks/judging.py [--calls 1000] [--latency 0.2] [--in-flight 64] [--answers 300] [--pace 0.02]

The judge is a real server on loopback in a process of its own that takes `latency` for every reply. Calls go the way
of a run: through a desk with its thread, the endpoint's pool, and the journal on disk.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from sailbench.families import asking
from sailbench.judging import Desk, Panel, Question
from sailbench.models.fake import Fake
from sailbench.models.remote import Endpoint, Remote
from sailbench.prompts import as_it_is
from sailbench.rules.open_ended import Weight, weighed
from sailbench.run import Overrides, Work, collect, grade, prepare, unanswered
from sailbench.store import Results
from sailbench.task import Task
from sailbench.types import Request, Response, Sample, Sampling

VERDICT = {"choices": [{"message": {"content": "0.5"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
SERIAL_CALLS = 20
TARGET = 5.0


def serve(latency: float, port: Connection) -> None:
    """An OpenAI-compatible judge that gives every question half a point, after a while."""
    body = json.dumps(VERDICT).encode()
    reply = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
                await asyncio.sleep(latency)
                writer.write(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Paced(Fake):
    """A model that takes its time over each answer, and gives everyone another."""

    def __init__(self, pace: float) -> None:
        super().__init__(name="paced")
        self.pace = pace

    def answer(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        for request in requests:
            time.sleep(self.pace)
            self.asked += 1
            yield request, Response(texts=(f"answer {self.asked}",))


def judge(url: str, in_flight: int) -> Remote:
    return Remote(Endpoint(url=url, model="stub", concurrency=in_flight))


def calls(url: str, n: int, in_flight: int) -> float:
    """Seconds for so many judge calls."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(judge(url, in_flight), Results(Path(folder), "m"))
        started = time.perf_counter()
        desk.start()
        for i in range(n):
            request = Request(turns=(f"Is answer {i} right?",), sampling=Sampling(max_tokens=8))
            desk.put(Question("task", str(i), "mmvet", request.key(desk.model.identity), request))
        desk.finish()
        seconds = time.perf_counter() - started
        lines = desk.journal("task").path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == n and all(json.loads(line)["error"] is None for line in lines)
        return seconds


def work(answers: int) -> Work:
    """A benchmark that only a judge can grade."""
    task = Task(
        read=lambda row: None,
        ask=asking(as_it_is, Sampling(max_tokens=8)),
        rules={"official": weighed("mmvet", lambda sample, value: Weight(float(value)))},
        rubric="mmvet",
        name="open",
    )
    samples = [Sample(id=str(i), question=f"question {i}", target=f"truth {i}") for i in range(answers)]
    return prepare(task, samples, "paced", Overrides())


def end_to_end(model: Fake, desk_model: Remote, own: Work, overlapped: bool) -> float:
    """Seconds until every answer is there and judged."""
    with tempfile.TemporaryDirectory() as folder:
        results = Results(Path(folder), "m")
        panel = Panel([Desk(desk_model, results)])
        started = time.perf_counter()
        if overlapped:
            panel.start()
        collect(model, unanswered([own], results), results, panel.consider if overlapped else lambda *_: None)
        if not overlapped:
            panel.start()
        panel.sweep([own], results)
        panel.finish()
        seconds = time.perf_counter() - started
        assert [g.score.value for g in grade(own, results, "official", panel)] == [0.5] * len(own.samples)
        return seconds


def line(name: str, seconds: float, note: str) -> None:
    print(f"{name:<52} {seconds:>8.2f} s   {note}")


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--calls", type=int, default=1000)
    p.add_argument("--latency", type=float, default=0.2)
    p.add_argument("--in-flight", type=int, default=64)
    p.add_argument("--answers", type=int, default=300)
    p.add_argument("--pace", type=float, default=0.02)
    return p.parse_args()


def measure(url: str, o: argparse.Namespace) -> None:
    print(f"judge: {o.latency * 1000:g} ms a reply; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    serial = calls(url, SERIAL_CALLS, 1) / SERIAL_CALLS * o.calls
    line(f"{o.calls} calls, one at a time", serial, f"extrapolated from {SERIAL_CALLS}")
    many = calls(url, o.calls, o.in_flight)
    least = -(-o.calls // o.in_flight) * o.latency
    note = f"{serial / many:.0f} times faster; at least {least:.1f} s; target {TARGET:g} s"
    line(f"{o.calls} calls, {o.in_flight} in flight", many, f"{note}: {'met' if many < TARGET else 'missed'}")
    made = f"{o.answers} answers every {o.pace * 1000:g} ms"
    # With 16 in flight, as by default, judging alone takes two thirds as long as generation.
    after = end_to_end(Paced(o.pace), judge(url, 16), work(o.answers), overlapped=False)
    line(f"{made}, judged after generation", after, "")
    beside = end_to_end(Paced(o.pace), judge(url, 16), work(o.answers), overlapped=True)
    note = f"{100 * (1 - beside / after):.0f} % less; generation alone {o.answers * o.pace:.1f} s"
    line(f"{made}, judged meanwhile", beside, note)


def main() -> None:
    o = options()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(o.latency, theirs), daemon=True)
    server.start()
    try:
        measure(f"http://127.0.0.1:{ours.recv()}/v1", o)
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
