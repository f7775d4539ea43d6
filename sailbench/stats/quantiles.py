"""Tails and quantiles of Student's t and of the normal distribution; scipy is imported when the first is asked for."""


def t_quantile(p: float, degrees: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))


def t_above(t: float, degrees: float) -> float:
    """The probability of a value above `t`."""
    from scipy.special import stdtr

    return float(stdtr(degrees, -t))


def normal_quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))
