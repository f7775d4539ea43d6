"""How much a comparison could see, and how many samples it would take to see it.

Source: Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640), section 5, with a one-sided level as a margin's
test has it. A standard error falls with the root of the number of samples; clusters are taken to stay as they are.
"""

import math

from sailbench.stats.quantiles import normal_quantile

POWER = 0.8


def detectable(stderr: float, alpha: float, power: float = POWER) -> float:
    """The smallest difference that a one-sided test at `alpha` would find in a share `power` of all cases."""
    return (normal_quantile(1 - alpha) + normal_quantile(power)) * stderr


def samples_needed(n: int, stderr: float, gap: float, alpha: float, power: float = POWER) -> int | None:
    """How many samples would decide between two values `gap` apart, when `n` give this standard error.

    None where no number would: the truth lies on the border.
    """
    if abs(gap) < 1e-9:
        return None
    return max(2, math.ceil(n * (detectable(stderr, alpha, power) / gap) ** 2))
