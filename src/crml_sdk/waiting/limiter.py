"""The limiter: how often all waits of one client together may ask the service."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import count
from typing import Final

BURST: Final = 20.0
"""Requests that may go at once after a quiet time, at the most."""

BURST_SECONDS: Final = 4.0
"""A burst holds what the rate gives in so many seconds, so that a low rate has a small one."""

_SLOWEST_SHARE: Final = 0.1
_RECOVERY_SHARE: Final = 0.05

RECHECK: Final = 1.0
"""Seconds after which somebody in the queue looks again where they stand."""


class Limiter:
    """A bucket of tokens, one for each request; who comes first is served first.

    A throttled request halves the rate (to a tenth of what was set at the least) and empties the
    bucket. It holds a single token until the rate is back, of which each good request wins a
    twentieth: no burst follows a throttling.

    Args:
        rate: Requests per second; None for no limit.
        clock: Monotonic seconds.
    """

    def __init__(self, rate: float | None, *, clock: Callable[[], float]) -> None:
        if rate is not None and not rate > 0:
            raise ValueError("a polling rate is a positive number of requests a second, or None")
        self._set_rate = rate
        self._rate = rate or 0.0
        self._clock = clock
        self._tokens = self._capacity = self._full()
        self._filled = clock()
        self._queue: OrderedDict[int, None] = OrderedDict()
        self._numbers = count()

    @property
    def rate(self) -> float | None:
        """Requests a second as of now."""
        return self._rate if self._set_rate is not None else None

    def turn(self) -> Turn:
        """A place in the queue."""
        number = next(self._numbers)
        self._queue[number] = None
        return Turn(self, number)

    def throttled(self) -> None:
        """Tell that the service refused a request for the rate of them."""
        if self._set_rate is not None:
            self._refill()
            self._rate = max(self._rate / 2, self._set_rate * _SLOWEST_SHARE)
            self._tokens, self._capacity = 0.0, 1.0

    def accepted(self) -> None:
        """Tell that the service answered a request."""
        if self._set_rate is not None and self._rate < self._set_rate:
            self._refill()
            self._rate = min(self._rate + self._set_rate * _RECOVERY_SHARE, self._set_rate)
            if self._rate == self._set_rate:
                self._capacity = self._full()

    def _full(self) -> float:
        return max(min(BURST, BURST_SECONDS * self._rate), 1.0)

    def _refill(self) -> None:
        now = self._clock()
        # A clock that was put back must not stop the filling for as long as it was put back.
        passed = max(now - self._filled, 0.0)
        self._filled = now
        self._tokens = min(self._tokens + passed * self._rate, self._capacity)

    def _delay(self, number: int) -> float:
        if self._set_rate is None:
            self._queue.pop(number, None)
            return 0.0
        self._refill()
        ahead = number - next(iter(self._queue))
        if ahead:
            return min(max((ahead + 1 - self._tokens) / self._rate, 0.01), RECHECK)
        # Time passes in steps that do not add up to whole tokens exactly.
        if self._tokens >= 1 - 1e-9:
            self._tokens = max(self._tokens - 1, 0.0)
            del self._queue[number]
            return 0.0
        return (1 - self._tokens) / self._rate

    def _give_up(self, number: int) -> None:
        self._queue.pop(number, None)


class Turn:
    """One place in the queue of a `Limiter`: it is asked until it says that it has come."""

    __slots__ = ("_limiter", "_number")

    def __init__(self, limiter: Limiter, number: int) -> None:
        self._limiter = limiter
        self._number = number

    def delay(self) -> float:
        """Seconds until it is worth asking again; 0.0 when the turn has come (and is taken)."""
        return self._limiter._delay(self._number)  # pyright: ignore[reportPrivateUsage]

    def give_up(self) -> None:
        """Leave the queue."""
        self._limiter._give_up(self._number)  # pyright: ignore[reportPrivateUsage]
