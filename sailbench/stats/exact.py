"""Exact tests for two runs of which few samples differ, where the normal approximation has nothing to stand on.

Sources: McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages"
(Psychometrika 12:153-157); Fagerland, Lydersen & Laake 2013, "The McNemar test for binary matched-pairs data: mid-p
and asymptotic are better than exact conditional" (BMC Medical Research Methodology 13:91); Tango 1998, "Equivalence
test and confidence interval for the difference in proportions for the paired-sample design" (Statistics in Medicine
17:891-908), for the order of outcomes; Berger & Boos 1994,
"P values maximized over a confidence set for the nuisance parameter" (Journal of the American Statistical
Association 89:1012-1016); Clopper & Pearson 1934 (Biometrika 26:404-413) for that confidence set.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

# What Berger and Boos add to the p-value for the nuisance parameter: small beside any level that Holm leaves a task.
NUISANCE = 1e-6
GRID = 65


def mcnemar(gained: int, lost: int, mid_p: bool = False) -> float:
    """Two-sided p-value of "a pair that changed was as likely gained as lost": binomial, or its mid-p."""
    from scipy.special import bdtr

    changed, fewer = gained + lost, min(gained, lost)
    if changed == 0:
        return 1.0
    tail = float(bdtr(fewer, changed, 0.5))
    if mid_p:
        tail -= math.comb(changed, fewer) * 0.5 ** (changed + 1)
    return min(1.0, 2 * tail)


def p_net_above(gained: int, lost: int, pairs: int, threshold: float) -> float:
    """The p-value of "the share of pairs gained minus the share lost is at most `threshold`", -1 < threshold < 1.

    Outcomes are ordered by Tango's score. The other parameter, how many pairs change at all, is unknown: the p-value
    is the largest over its confidence interval, plus what that interval may miss. Exact: never above its level.
    """
    import numpy as np

    low, high = changed_interval(gained + lost, pairs)
    low = max(low, abs(threshold))
    if low > high:  # so many changes as the threshold needs would not have stayed unseen
        return NUISANCE
    shares = np.geomspace(low, high, GRID) if low else np.linspace(low, high, GRID)
    seen = float(score(np.array(float(gained)), np.array(float(lost)), pairs, threshold))
    return min(1.0, float(_as_extreme(seen, pairs, shares, threshold).max()) + NUISANCE)


def score(gained: "Array", lost: "Array", pairs: int, threshold: float) -> "Array":
    """Tango's statistic: the net gain less what `threshold` expects, in its standard errors under that hypothesis."""
    import numpy as np

    middle = gained + lost + threshold * (gained - lost) - 2 * pairs * threshold
    root = np.sqrt(np.maximum(middle**2 + 8 * pairs * lost * threshold * (1 - threshold), 0.0))
    losing = np.clip((middle + root) / (4 * pairs), max(0.0, -threshold), (1 - threshold) / 2)
    variance = np.maximum(pairs * (2 * losing + threshold - threshold**2), 1e-12)
    statistic: Array = (gained - lost - pairs * threshold) / np.sqrt(variance)
    return statistic


def changed_interval(changed: int, pairs: int) -> tuple[float, float]:
    """The Clopper-Pearson interval of the share of pairs that change, at the level 1 - NUISANCE."""
    from scipy.special import betaincinv

    low = float(betaincinv(changed, pairs - changed + 1, NUISANCE / 2)) if changed else 0.0
    high = float(betaincinv(changed + 1, pairs - changed, 1 - NUISANCE / 2)) if changed < pairs else 1.0
    return low, high


def _as_extreme(seen: float, pairs: int, shares: "Array", threshold: float) -> "Array":
    """The probability of a score of `seen` or more when so large a share changes and its net is `threshold`.

    Given how many pairs change, the gained ones among them are binomial; summed over that number.
    """
    import numpy as np
    from scipy.special import bdtrc, gammaln

    spread = 6 * math.sqrt(pairs * float(shares[-1])) + 20
    first = max(0, int(pairs * float(shares[0]) - spread))
    last = min(pairs, int(pairs * float(shares[-1]) + spread))
    changed = np.arange(first, last + 1)
    needed = _gains_needed(seen, changed, pairs, threshold)
    share = np.clip(shares[:, None], 1e-12, 1 - 1e-12)
    log_ways = gammaln(pairs + 1) - gammaln(changed + 1) - gammaln(pairs - changed + 1)
    weight = np.exp(log_ways + changed * np.log(share) + (pairs - changed) * np.log1p(-share))
    gain = np.clip((1 + threshold / share) / 2, 0.0, 1.0)
    tail = np.where(needed > changed, 0.0, bdtrc(np.minimum(needed, changed) - 1, np.maximum(changed, 1), gain))
    total: Array = (weight * np.where(needed <= 0, 1.0, tail)).sum(axis=1)
    return total


def _gains_needed(seen: float, changed: "NDArray[np.int64]", pairs: int, threshold: float) -> "Array":
    """The fewest gained among so many changed pairs whose score is `seen` or more; more than there are if none is."""
    import numpy as np

    gained = np.arange(changed[-1] + 1)[None, :]
    lost = np.maximum(changed[:, None] - gained, 0)
    reached = (score(gained, lost, pairs, threshold) >= seen - 1e-9) & (gained <= changed[:, None])
    needed: Array = np.where(reached.any(axis=1), reached.argmax(axis=1), changed + 1)
    return needed
