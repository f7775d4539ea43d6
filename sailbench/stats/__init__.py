"""Error bars and tests: how far a score or a difference of scores can be trusted."""

from sailbench.stats.errors import (
    bootstrap_interval,
    clustered_stderr,
    components,
    interval,
    jackknife_stderr,
    pseudo_values,
)

__all__ = ["bootstrap_interval", "clustered_stderr", "components", "interval", "jackknife_stderr", "pseudo_values"]
