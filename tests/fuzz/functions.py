"""Public functions of the extractors and metrics, found in the modules themselves and called on what a dealer deals."""

import importlib
import inspect
import math
import pkgutil
import time
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from dealing import Dealer, Endless

from sailbench import extract, metrics
from sailbench.metrics import algebra, literals, short_answers, symbolic, teds, written_constraints

SECONDS = 20.0  # of the processor's time, for one call

# Why a public function is not called by itself.
LEFT_OUT = {
    **dict.fromkeys(
        ("parsed", "printed", "same_structure", "same_expression", "same_equation", "same_formula", "serve"),
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
BELOW_ZERO = {"outline_score", "table_similarity_score", "html_table_score", "blankless_table_score"}
# And one above 1, as VLMEvalKit has it.
ABOVE_ONE = {"loose_overlap_f1"}
# And what reads numbers as Python does, to which "nan" is one; it equals no answer.
NOT_A_NUMBER = {"number_of"}
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
    if isinstance(value, float) and name not in NOT_A_NUMBER:
        assert not math.isnan(value), f"{name} gives NaN"


def call(function, dealer, seconds=SECONDS):
    places, named = arguments(function, dealer)
    begun = time.process_time()
    try:
        value = function(*places, **named)
        value = list(value) if inspect.isgenerator(value) else value
    except RAISES.get(function.__name__, ()):
        return
    check(function, value)
    taken = time.process_time() - begun
    assert taken < seconds, f"{function.__name__} takes {taken:.1f} s"


def of_module(module):
    """A harness that calls one of a module's functions."""
    own = [f for name, f in sorted(functions(module).items()) if name not in LEFT_OUT]
    return (lambda content: _call_one(own, content)) if own else None


def _call_one(own, content):
    dealer = Dealer(content)
    call(dealer.one_of(own), dealer)


def call_endless(content):
    """Functions of one or two texts, those of all modules."""
    dealer = Endless(content)
    own = [f for m in modules() for n, f in sorted(functions(m).items()) if n not in LEFT_OUT and _of_texts(f)]
    call(dealer.one_of(own), dealer)


def _of_texts(function):
    """Whether it takes texts alone, and asks no worker for its answer."""
    kinds = [hint for name, hint in typing.get_type_hints(function).items() if name != "return"]
    return 0 < len(kinds) <= 2 and set(kinds) == {str} and function.__name__ not in RAISES


def symbolic_answer(content):
    """The worker answers every comparison with one of its words, and prints what it can."""
    dealer = Dealer(content)
    name = dealer.one_of(sorted(algebra.QUESTIONS))
    more = (1e-8,) if name == "same_expression" else ()
    words = {algebra.EQUAL, algebra.UNEQUAL, algebra.ERROR, algebra.LATE}
    assert symbolic.answer(name, dealer.text(), dealer.text(), *more) in words
    assert isinstance(symbolic.printed(dealer.text()), str | None)


SPECIAL: Mapping[tuple[str, str], Callable[[Dealer], typing.Any]] = {
    ("page_scores", "page"): page,
    ("capital_or_fragment", "options"): lambda d: {label: d.text() for label in "ABC"[: d.below(4)]},
    ("marked", "marks"): lambda d: {"$$": "$$", "$": "$", r"\(": r"\)"},
    ("soft_accuracy_score", "truths"): lambda d: [d.text() for _ in range(1 + d.below(10))],
    ("chosen_option", "options"): lambda d: [d.text() for _ in range(1 + d.below(5))],
    ("chart_page", "chart"): lambda d: {d.text(): d.anything() for _ in range(d.below(4))},
    ("constraint_holds", "name"): lambda d: d.one_of(sorted(written_constraints.CHECKS)),
}
