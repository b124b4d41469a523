"""Lengths of time: seconds, or a `timedelta`."""

from __future__ import annotations

import math
from datetime import timedelta


def seconds_of(name: str, given: object) -> float:
    """A length of time in seconds.

    Args:
        name: The argument's, for the error.
        given: Seconds, or a `timedelta`.

    Raises:
        TypeError, ValueError: It is not a length of time, or it is negative.
    """
    if isinstance(given, timedelta):
        seconds = given.total_seconds()
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        try:
            seconds = float(given)
        except OverflowError:
            seconds = math.inf  # larger than any float: no limit
    else:
        raise TypeError(f"{name}={given!r}: give seconds (a number) or a timedelta")
    if math.isnan(seconds) or seconds < 0:
        raise ValueError(f"{name}={given!r}: a length of time is not negative")
    return seconds


def timeout_of(timeout: object) -> float | None:
    """The seconds of ``timeout=``; None for no limit. A negative timeout counts as 0.

    Raises:
        TypeError, ValueError: It is not a length of time.
    """
    if timeout is None or timeout == math.inf:
        return None
    if isinstance(timeout, timedelta):
        return max(timeout.total_seconds(), 0.0)
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout < 0:
        return 0.0
    return seconds_of("timeout", timeout)
