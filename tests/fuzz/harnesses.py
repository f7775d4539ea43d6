"""What is fuzzed: every public function of the extractors and metrics, and every reader of foreign text.

Functions are found in the modules themselves; readers are tasks' rules and row readers, rubrics, the journal,
predictions, and what makes text harmless.

A harness takes bytes and raises if what it feeds misbehaves: an exception that is not documented, a score outside
[0, 1], NaN, or an answer that takes too long.
"""

import importlib
import inspect
import json
import math
import pkgutil
import tempfile
import time
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path

from dealing import Dealer, Endless

from sailbench import extract, judge, metrics, predictions, registry
from sailbench.errors import DataError, TaskError
from sailbench.metrics import algebra, literals, short_answers, symbolic, teds, written_constraints
from sailbench.report import inert
from sailbench.rows import Row
from sailbench.store import Journal
from sailbench.types import Reply

SECONDS = 20.0  # of the processor's time, for one call
CASES = Path(__file__).resolve().parents[1] / "cases" / "tasks"

# Why a public function is not called by itself.
LEFT_OUT = {
    **dict.fromkeys(
        ("parsed", "same_structure", "same_expression", "same_equation", "same_formula", "serve"),
        "runs in the worker that symbolic.answer asks",
    ),
    "exceptions": "reads a list that is shipped",
    "vocabulary": "reads a list that is shipped",
    "mask_share": "takes a NumPy mask; tasks that have one are fuzzed",
}
# What a function may raise.
RAISES: Mapping[str, tuple[type[Exception], ...]] = {
    "python_literal": (literals.NotLiteralError,),
    "tree_distance": (teds.TangledError,),
    "competition_score": (symbolic.LateError,),
}
# Scores that may be below 0, as their documentation says.
BELOW_ZERO = {"table_similarity_score", "html_table_score", "blankless_table_score"}
# And one above 1, as VLMEvalKit has it.
ABOVE_ONE = {"loose_overlap_f1"}
SHARES = ("_score", "_similarity", "_f1", "similarity", "_accuracy")
# Arguments that are one of few, or have a shape of their own.
ARGUMENTS: Mapping[str, Callable[[Dealer], typing.Any]] = {
    "letters": lambda d: d.one_of(("ABCD", "ABCDE", "A")),
    "letter": lambda d: d.one_of("ABCD"),
    "label": lambda d: d.one_of("ABCD"),
    "kind": lambda d: d.one_of(KINDS),
    "n": lambda d: 1 + d.below(4),
    "count": lambda d: d.below(9),
    "width": lambda d: 1.0 + abs(d.number()),
    "height": lambda d: 1.0 + abs(d.number()),
    "decimals": lambda d: d.one_of((None, 0, 1, 2, 15)),
    "marks": lambda d: d.one_of((("{", "}"), ("<t", ">", "</t>"), ("$", "$"))),
    "options": lambda d: [d.text() for _ in range(d.below(5))],
    "choices": lambda d: {label: d.text() for label in "ABCDE"[: d.below(6)]},
    "lines": lambda d: {label: d.text() for label in "ABCDE"[: d.below(6)]},
    "change": lambda d: lambda one, other: float(one.label != other.label),
    "change_to_nothing": lambda d: lambda node: 1.0,
    "indicators": lambda d: extract._INDICATORS,
    "names": lambda d: {"a": 2.0},
    "page": lambda d: d.text(),
    "tolerances": lambda d: (1e-8,),
}
KINDS = (
    "integer",
    "float",
    "text",
    "list",
    "Int",
    "Float",
    "Str",
    "List",
    "None",
    short_answers.FLOAT,
    short_answers.CHOICE,
)


def modules():
    """The extractors' and every metric's module."""
    own = [importlib.import_module(f"sailbench.metrics.{m.name}") for m in pkgutil.iter_modules(metrics.__path__)]
    return [extract, *own]


def functions(module):
    """The public functions that a module defines, by name."""
    own = {name: value for name, value in vars(module).items() if callable(value) and not inspect.isclass(value)}
    return {n: f for n, f in own.items() if getattr(f, "__module__", "") == module.__name__ and not n.startswith("_")}


def page(dealer):
    """A page's annotation as OmniDocBench has it."""
    kinds = ("text_block", "title", "equation_isolated", "table", "header", "code_txt")
    elements = [
        {"category_type": dealer.one_of(kinds), "anno_id": i, "order": i, "text": dealer.text()}
        | {"latex": dealer.text(), "html": dealer.text()}
        for i in range(dealer.below(4))
    ]
    return {"layout_dets": elements, "extra": {"relation": []}}


def dealt(kind, dealer):
    """A value of an annotated type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    simple = {str: dealer.text, float: dealer.number, int: dealer.whole, bool: dealer.flag, typing.Any: dealer.anything}
    simple |= {Hashable: dealer.text, teds.TreeNode: lambda: tree(dealer), type(None): lambda: None}
    if kind in simple:
        return simple[kind]()
    if origin in (typing.Union, type(int | str)):
        return dealt(dealer.one_of(inner), dealer)
    if origin is tuple:
        own = inner[:1] * 4 if inner[1:] == (...,) else inner
        return tuple(dealt(one, dealer) for one in own)
    if origin in (Sequence, Iterable, list):
        return dealer.many(lambda: dealt(inner[0], dealer))
    if origin in (Mapping, dict):
        return {dealt(inner[0], dealer): dealt(inner[1], dealer) for _ in range(dealer.below(5))}
    if inspect.isclass(kind) and issubclass(kind, tuple):  # a NamedTuple
        return kind(*(dealt(one, dealer) for one in typing.get_type_hints(kind).values()))
    raise LookupError(f"no values of type {kind}; add them to dealt()")


def tree(dealer, depth=4):
    children = [tree(dealer, depth - 1) for _ in range(dealer.below(4))] if depth else []
    return teds.TreeNode(dealer.one_of("abc"), children)


def captioned(dealer):
    """Captions, and as many lists of references, none of them empty."""
    captions = [dealer.text() for _ in range(1 + dealer.below(4))]
    return captions, [[dealer.text() for _ in range(1 + dealer.below(3))] for _ in captions]


def blocks(dealer):
    """Blocks of a page: none is empty."""
    return [dealer.text() or "a" for _ in range(dealer.below(8))]


def four(dealer):
    return [dealer.number() for _ in range(4)]


# Arguments that go together.
CALLS: Mapping[str, Callable[[Dealer], Sequence[typing.Any]]] = {
    "bleu_scores": captioned,
    "cider_scores": captioned,
    "caption_rouge_score": lambda d: (d.text(), captioned(d)[1][0]),
    "paired_blocks": lambda d: (blocks(d), blocks(d)),
    "paired_one_by_one": lambda d: (blocks(d), blocks(d)),
    "iou_score": lambda d: (four(d), four(d)),
    "whole_iou_score": lambda d: (four(d), four(d)),
    "interval_iou_score": lambda d: (four(d)[:2], four(d)[:2]),
}


def arguments(function, dealer):
    """Positional and named arguments of a call."""
    if function.__name__ in CALLS:
        return CALLS[function.__name__](dealer), {}
    hints, places, named = typing.get_type_hints(function), [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        special = SPECIAL.get((function.__name__, name)) or ARGUMENTS.get(name)
        value = special(dealer) if special else dealt(hints[name], dealer)
        if parameter.kind is parameter.VAR_POSITIONAL:
            places += value if isinstance(value, list | tuple) else [value]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = value
        else:
            places.append(value)
    return places, named


def check(function, value):
    """Shares are in [0, 1]; nothing is NaN."""
    name = function.__name__
    if name.endswith(SHARES) and value is not None:
        least = -math.inf if name in BELOW_ZERO else 0.0
        most = math.inf if name in ABOVE_ONE else 1.0 + 1e-12
        assert least <= value <= most, f"{name} gives {value}"
    if isinstance(value, float):
        assert not math.isnan(value), f"{name} gives NaN"


def call(function, dealer):
    places, named = arguments(function, dealer)
    begun = time.process_time()
    try:
        value = function(*places, **named)
        value = list(value) if inspect.isgenerator(value) else value
    except RAISES.get(function.__name__, ()):
        return
    check(function, value)
    taken = time.process_time() - begun
    assert taken < SECONDS, f"{function.__name__} takes {taken:.1f} s"


def of_module(module):
    """A harness that calls one of a module's functions."""
    own = [f for name, f in sorted(functions(module).items()) if name not in LEFT_OUT]
    return (lambda content: _call_one(own, content)) if own else None


def _call_one(own, content):
    dealer = Dealer(content)
    call(dealer.one_of(own), dealer)


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


def call_endless(content):
    """Functions of one or two texts, those of all modules."""
    dealer = Endless(content)
    own = [f for m in modules() for n, f in sorted(functions(m).items()) if n not in LEFT_OUT and _of_texts(f)]
    call(dealer.one_of(own), dealer)


def _of_texts(function):
    """Whether it takes texts alone, and asks no worker for its answer."""
    kinds = [hint for name, hint in typing.get_type_hints(function).items() if name != "return"]
    return 0 < len(kinds) <= 2 and set(kinds) == {str} and function.__name__ not in RAISES


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


def symbolic_answer(content):
    """The worker answers everything with one of its words."""
    dealer = Dealer(content)
    name = dealer.one_of(sorted(algebra.QUESTIONS))
    more = (1e-8,) if name == "same_expression" else ()
    words = {algebra.EQUAL, algebra.UNEQUAL, algebra.ERROR, algebra.LATE}
    assert symbolic.answer(name, dealer.text(), dealer.text(), *more) in words


SPECIAL: Mapping[tuple[str, str], Callable[[Dealer], typing.Any]] = {
    ("page_scores", "page"): page,
    ("capital_or_fragment", "options"): lambda d: {label: d.text() for label in "ABC"[: d.below(4)]},
    ("marked", "marks"): lambda d: {"$$": "$$", "$": "$", r"\(": r"\)"},
    ("soft_accuracy_score", "truths"): lambda d: [d.text() for _ in range(1 + d.below(10))],
    ("chosen_option", "options"): lambda d: [d.text() for _ in range(1 + d.below(5))],
    ("chart_page", "chart"): lambda d: {d.text(): d.anything() for _ in range(d.below(4))},
    ("constraint_holds", "name"): lambda d: d.one_of(sorted(written_constraints.CHECKS)),
}
READERS: Mapping[str, Callable[[bytes], None]] = {
    "grade": grade,
    "row": read_row,
    "cells": read_cells,
    "verdict": read_verdict,
    "journal": journal,
    "predictions": read_predictions,
    "inert": make_inert,
    "endless_grade": grade_endless,
    "endless_verdict": read_endless_verdict,
    "endless_call": call_endless,
}
# Each asks a worker process: seconds, not microseconds.
SLOW = ("metrics.symbolic", "metrics.competition")


def harnesses():
    """Every harness by name: a module's functions, and every reader."""
    found = {module.__name__.removeprefix("sailbench."): of_module(module) for module in modules()}
    found["metrics.symbolic"] = symbolic_answer
    return {name: own for name, own in found.items() if own is not None} | dict(READERS)
