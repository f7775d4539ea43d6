"""How close an estimated quantity is: right within 50 %, within 45 %, and so on down to 5 %, on average."""

# 1 minus the confidences .5, .55, ..., .95 in the floating point of the authors' code, so that edges fall alike.
_STEP = (0.95 - 0.5) / 9
TOLERANCES = (*(1 - (k * _STEP + 0.5) for k in range(9)), 1 - 0.95)


def mean_relative_accuracy_score(prediction: float, truth: float) -> float:
    """The share of ten tolerances that the relative error keeps to, edges included; of a truth of 0 the absolute.

    The paper says "less than"; the code, which is followed, says "at most".
    vision-x-nyu/thinking-in-space@51e089c lmms_eval/tasks/vsibench/utils.py

    >>> [mean_relative_accuracy_score(p, 4.0) for p in (4.0, 4.3, 6.0, 6.1)]
    [1.0, 0.9, 0.1, 0.0]
    """
    error = abs(prediction - truth) / abs(truth or 1.0)
    return sum(error <= tolerance for tolerance in TOLERANCES) / len(TOLERANCES)
