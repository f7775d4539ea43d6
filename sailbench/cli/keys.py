"""The keys of servers, as the environment holds them: read here, told in one header of the server they are for."""

import os

MODEL = ("SAILBENCH_API_KEY", "OPENAI_API_KEY")
JUDGE = ("SAILBENCH_JUDGE_KEY", "OPENAI_API_KEY")


def of_model() -> str:
    """The key for the server of the model under test; empty where there is none."""
    return _first(MODEL)


def of_judge() -> str:
    return _first(JUDGE)


def _first(names: tuple[str, ...]) -> str:
    return next((own for name in names if (own := os.environ.get(name))), "")
