"""Error bars and tests: how far a score or a difference of scores can be trusted. Samples that share an image depend
on each other, so everything here counts clusters.

`errors` bounds one score, `jackknife` one that is no plain mean, `paired` compares two on the same samples, `exact`
does so where few of them differ, `several` puts tasks together, `power` says how many samples it takes, `sequential`
decides while samples come in. numpy and scipy are imported when something is computed: listing tasks needs neither.
"""

from sailbench.stats.errors import (
    bootstrap_interval,
    clustered_stderr,
    components,
    interval,
)
from sailbench.stats.exact import mcnemar
from sailbench.stats.jackknife import jackknife_stderr, pseudo_values, pseudo_values_of_sums
from sailbench.stats.paired import Behind, Difference, difference, estimated
from sailbench.stats.power import detectable, samples_needed
from sailbench.stats.sequential import Change, Ledger, Outcome, Plan, watch
from sailbench.stats.several import Limits, holm, pooled

__all__ = [
    "Behind",
    "Change",
    "Difference",
    "Ledger",
    "Limits",
    "Outcome",
    "Plan",
    "bootstrap_interval",
    "clustered_stderr",
    "components",
    "detectable",
    "difference",
    "estimated",
    "holm",
    "interval",
    "jackknife_stderr",
    "mcnemar",
    "pooled",
    "pseudo_values",
    "pseudo_values_of_sums",
    "samples_needed",
    "watch",
]
