"""Readers of foreign text: tasks' rules and row readers, rubrics, the journal, predictions, summaries, inert text."""

import json
import tempfile
import time
from pathlib import Path

from dealing import Dealer, Endless
from functions import SECONDS

from sailbench import judge, predictions, registry
from sailbench.errors import DataError, StoreError, TaskError, UsageError
from sailbench.report import exports, inert, opencompass, text
from sailbench.report.junit import junit
from sailbench.report.runs import read_runs
from sailbench.report.sheet import sheet
from sailbench.rows import Row
from sailbench.store import Journal
from sailbench.types import Reply

CASES = Path(__file__).resolve().parents[1] / "cases" / "tasks"


def golden(name):
    rows = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if not row.get("skipped")]


class Benchmarks:
    """Every benchmark with its golden rows, loaded when it is first asked for."""

    def __init__(self):
        self.names = sorted(registry.benchmarks())
        self._tasks = {}

    def get(self, name):
        if name not in self._tasks:
            task = registry.load(name)
            self._tasks[name] = task, [(own, sample_of(task, own)) for own in golden(name)]
        return self._tasks[name]


def sample_of(task, own, columns=None):
    row = Row(own["row"] if columns is None else columns, number=own.get("number", 1))
    row.part = own.get("part", "")
    return task.read(row)


BENCHMARKS = Benchmarks()


def grade(content, dealer_of=Dealer):
    """Any reply and verdict to a golden row of any benchmark get a grade, or none: never an exception."""
    dealer = dealer_of(content)
    task, rows = BENCHMARKS.get(dealer.one_of(BENCHMARKS.names))
    _, sample = dealer.one_of(rows)
    text = dealer.text()
    verdict = dealer.text() if dealer.flag() else None
    verdicts = dict.fromkeys(("a", task.rubric), verdict) if verdict is not None and dealer.flag() else {}
    turns = tuple(dealer.many(dealer.text)[:3]) if dealer.flag() else ()
    reply = Reply(text, verdict, (*turns, text), verdicts)
    begun = time.process_time()
    for protocol in task.rules:
        score = task.score(sample, reply, protocol)
        assert score.value is None or 0 <= score.value <= 1, f"{task.name} {protocol} gives {score.value}"
        assert score.answer is None or isinstance(score.answer, str)
        assert score.why
    assert time.process_time() - begun < SECONDS, task.name


def read_row(content):
    """A golden row with strange columns becomes a sample and a request, or a TaskError that says why."""
    dealer = Dealer(content)
    task, rows = BENCHMARKS.get(dealer.one_of(BENCHMARKS.names))
    own, _ = dealer.one_of(rows)
    columns = dict(own["row"])
    for _ in range(1 + dealer.below(3)):
        name = dealer.one_of(sorted(columns))
        columns[name] = dealer.anything()
    try:
        sample = sample_of(task, own, columns)
        if sample is not None:
            task.ask(sample)
    except TaskError:
        return


def read_cells(content):
    """Row's own readers take any cell."""
    dealer = Dealer(content)
    row = Row({"a": dealer.anything(), "A": dealer.anything(), "B": dealer.text()})
    try:
        assert isinstance(row.text("a"), str)
        assert isinstance(row.list("a"), list)
        assert all(isinstance(text, str) for text in row.choices("a").values())
        row.images("a")
        row.videos("a", "B")
    except TaskError:
        return


def read_verdict(content, dealer_of=Dealer):
    """A rubric reads a number on its scale, a label's value or a text out of any verdict, or nothing."""
    dealer = dealer_of(content)
    rubric = judge.load(dealer.one_of(judge.names()))
    own = dealer.one_of(rubric.examples).reply
    cut = dealer.below(len(own) + 1)
    verdict = dealer.text() if dealer.flag() else own[:cut] + dealer.text() + own[cut:]
    begun = time.process_time()
    value = rubric.read(verdict)
    assert time.process_time() - begun < SECONDS, rubric.name
    if rubric.extracts:
        assert value is None or isinstance(value, str)
    elif rubric.labels:
        assert value is None or value in rubric.labels.values()
    else:
        assert value is None or 0 <= value <= rubric.top or isinstance(value, str)


def journal(content):
    """Any bytes are a journal: what can be read is kept, the rest is counted."""
    dealer = Dealer(content)
    line = json.dumps({"key": "k", "id": "1", "text": "A", "finish": "stop", "error": None}).encode()
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(content if dealer.flag() else line + b"\n" + json_lines(dealer))
        file.flush()
        own = Journal(Path(file.name))
        own.close()
    assert own.unreadable >= 0


RECORD = {"key": "k", "id": "1", "text": "A", "finish": "stop", "error": None, "seconds": 1.0}
COUNTS = {"tokens_in": 1, "tokens_out": 1}


def json_lines(dealer, record=RECORD | COUNTS):
    lines = []
    for _ in range(dealer.below(4)):
        own = dict(record)
        own[dealer.one_of(sorted(own))] = dealer.anything()
        lines.append(json.dumps(own))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def read_predictions(content):
    """Any bytes are predictions, or a DataError that names the line."""
    dealer = Dealer(content)
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        line = {"id": "1", "prediction": "A", "judge": "x"}
        file.write(content if dealer.flag() else json_lines(dealer, line))
        file.flush()
        try:
            own = predictions.read_predictions(Path(file.name))
        except DataError as error:
            assert file.name in str(error)
            return
    assert all(isinstance(turn, str) for one in own for turn in one.turns)


def grade_endless(content):
    """The same of replies without end: in time."""
    grade(content, Endless)


def read_endless_verdict(content):
    read_verdict(content, Endless)


SUMMARY = {
    **dict.fromkeys(("task", "model", "protocol", "title", "engine", "date"), "x"),
    **dict.fromkeys(("n", "ungraded", "unparsed", "truncated", "tokens_in", "tokens_out", "task_version"), 1),
    **dict.fromkeys(("value", "stderr", "seconds", "scale"), 1.0),
    "interval": [0.0, 1.0],
    "bounds": [0.0, 1.0],
    "metrics": {"m": 1.0, "m_differs": 1},
    "groups": {"g": {"p": {"value": 1.0, "n": 1, "stderr": None}}},
    "judge": {"model": "j"},
    "ungraded_because": {"no": 1},
    "higher_is_better": True,
}


def report(content):
    """Any file is a summary that every form can show, none at all, or a StoreError that names it."""
    dealer = Dealer(content)
    record = dict(SUMMARY, task=dealer.one_of(("x", "mmstar", "refcoco", "OpenCompass avg", "a:b/c")))
    for _ in range(dealer.below(3)):
        record[dealer.one_of(sorted(record))] = dealer.anything()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_bytes(content if dealer.flag() else json.dumps(record).encode("utf-8", "surrogatepass"))
        try:
            runs = read_runs([Path(folder)])
        except (StoreError, UsageError) as error:
            assert folder in str(error) or "graded by different rules" in str(error)
            return
    made = sheet(runs, (), groups=True)
    told = (text.markdown(made), exports.as_csv(made), exports.as_flat_json(runs), opencompass.summary_csv(made))
    told += (junit(runs), exports.as_json([own for run in runs for own in run.records.values()]))
    assert not set(OBEYED) & set("".join((*told, *(own for _, own in opencompass.score_files(made)))))
    assert all(".." not in Path(name).parts for name, _ in opencompass.score_files(made))


OBEYED = [chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0x2028, 0xD800)]


def make_inert(content):
    """No text keeps what a terminal, a spreadsheet or a page would obey."""
    text = Dealer(content).text()
    for made in (inert.plain(text), inert.line(text), inert.cell(text), inert.markdown_cell(text)):
        assert not set(OBEYED) & set(made)
        made.encode()
    assert "\n" not in inert.line(text)
    assert (
        not inert.cell(text).startswith(("=", "+", "@", "\t")) and inert.cell(text)[:1] != "-"
    ) or text.strip() == "-"
    assert json.loads(inert.as_json(text)) == json.loads(inert.json_in_html(text)) == text
    assert not {"<", ">", "&"} & set(inert.json_in_html(text))
