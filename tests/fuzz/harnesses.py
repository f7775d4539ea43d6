"""What is fuzzed: every public function of the extractors and metrics, and every reader of foreign text.

A harness takes bytes and raises if what it feeds misbehaves: an exception that is not documented, a score outside
[0, 1], NaN, or an answer that takes too long.
"""

from collections.abc import Callable, Mapping

import functions
import readers

READERS: Mapping[str, Callable[[bytes], None]] = {
    "grade": readers.grade,
    "row": readers.read_row,
    "cells": readers.read_cells,
    "verdict": readers.read_verdict,
    "journal": readers.journal,
    "predictions": readers.read_predictions,
    "inert": readers.make_inert,
    "report": readers.report,
    "endless_grade": readers.grade_endless,
    "endless_verdict": readers.read_endless_verdict,
    "endless_call": functions.call_endless,
}
# Each asks a worker process: seconds, not microseconds.
SLOW = ("metrics.symbolic", "metrics.competition")


def harnesses():
    """Every harness by name: a module's functions, and every reader."""
    modules = functions.modules()
    found = {module.__name__.removeprefix("sailbench."): functions.of_module(module) for module in modules}
    found["metrics.symbolic"] = functions.symbolic_answer
    return {name: own for name, own in found.items() if own is not None} | dict(READERS)
