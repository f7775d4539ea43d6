"""The errors a user can meet. Each message says what is wrong and how to mend it; the CLI prints it in one line."""

import difflib
from collections.abc import Iterable


class SailbenchError(Exception):
    """Base of every error that is the user's to mend (exit code 2)."""


class UsageError(SailbenchError):
    """The command line asks for something that does not exist or does not fit together."""


class TaskError(SailbenchError):
    """A task file, or a row it was given, cannot be read."""


class DataError(SailbenchError):
    """A data file is missing, changed or not in the benchmark's format."""


class MediaError(SailbenchError):
    """An image or video cannot be opened; becomes one request's error, never the run's."""


class ModelError(SailbenchError):
    """A model is unknown, or its checkpoint is incomplete."""


class StoreError(SailbenchError):
    """A results folder cannot be read or written."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A closing hint for an unknown `name`: the nearest known ones, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
