"""Faults injected for real into real runs, and what each one cost: samples lost, doubled, wrong.

    python -m torture [--minutes 20] [--only WORDS]     with tests/ on PYTHONPATH; `make torture` does that

A case takes an amount of injections and gives a tally; `tests/test_torture.py` runs the short form of each.
"""
