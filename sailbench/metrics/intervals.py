"""Stretches of time in replies: start and end in seconds, read out of text, compared by their overlap."""

import re
from collections.abc import Iterable, Sequence

Interval = tuple[float, float]

_WORDS = ("start", "end", "happen")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_CLOCK_RANGE = re.compile(rf"\b({_CLOCK})\s*[–-]\s*({_CLOCK})\b")
_RANGE = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*[–-]\s*(\d+(?:\.\d+)?)")
_CLOCK_TIME = re.compile(rf"\b({_CLOCK})\b")
_SECONDS = re.compile(r"\b(\d+(?:\.\d+)?)\b")
_RANGE_OF_SECONDS = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*(?:s\s*)?[–-]\s*(\d+(?:\.\d+)?)")


def read_interval(text: str) -> Interval | None:
    """Start and end in seconds, the earlier first, by the first of these that is found.

    A range of clock times; a range of numbers (a dash or the letters "to", so that "tomato" holds a dash);
    two clock times; the first number of each of two lines; a range of numbers with an s. Only lines with the
    words start, end or happen count where there are any; "between 5 and 10" is none of these.
    EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/charades_sta/utils.py extract_time

    >>> read_interval("It happens in 24.3 - 30.4 s."), read_interval("1:05 to 1:20"), read_interval("[5, 10]")
    ((24.3, 30.4), (65.0, 80.0), None)
    """
    text = text.lower().replace("a specific example is : 20.8 - 30.0 seconds", "").replace("to", "-")
    lines = re.split(r"[!?\n]", text)
    lines = [line for line in lines if any(word in line for word in _WORDS)] or lines
    pair = (
        _first_range(_CLOCK_RANGE, lines)
        or _first_range(_RANGE, lines)
        or _two(time for line in lines for time in _CLOCK_TIME.findall(line))
        or _two(found[1] for line in lines if (found := _SECONDS.search(line)))
        or _first_range(_RANGE_OF_SECONDS, lines)
    )
    if pair is None:
        return None
    start, end = sorted(map(_seconds, pair))
    return start, end


def _first_range(pattern: re.Pattern[str], lines: Iterable[str]) -> tuple[str, str] | None:
    found = next((found for line in lines if (found := pattern.search(line))), None)
    return None if found is None else (found[1], found[2])


def _two(times: Iterable[str]) -> tuple[str, str] | None:
    first = list(times)[:2]
    return (first[0], first[1]) if len(first) == 2 else None


def _seconds(time: str) -> float:
    """Seconds of "24.3", "1:20" or "0:01:20"."""
    total = 0.0
    for part in time.split(":"):
        total = total * 60 + float(part)
    return total


def interval_iou_score(interval: Sequence[float], truth: Sequence[float]) -> float:
    """The time that two intervals share over the time from the first start to the last end.

    >>> interval_iou_score((0, 10), (5, 15)), interval_iou_score((0, 5), (5, 9)), interval_iou_score((3, 3), (3, 3))
    (0.3333333333333333, 0.0, 0.0)
    """
    whole = max(interval[1], truth[1]) - min(interval[0], truth[0])
    shared = min(interval[1], truth[1]) - max(interval[0], truth[0])
    return max(shared, 0.0) / whole if whole > 0 else 0.0
