"""The limiter: how often all waits of one client together may ask the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

_SLOWEST_SHARE = 0.1
_RECOVERY_SHARE = 0.05


class Limiter:
    """Spaces requests evenly, first come first served, at ``rate`` a second.

    It holds no more than one time: that at which the next request may go. A throttled request
    halves the rate (to a tenth of what was set at the least), each good one wins a twentieth back.

    Args:
        rate: requests per second; None for no limit.
        clock: monotonic seconds.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        if rate is not None and rate <= 0:
            raise ValueError("a polling rate is a positive number of requests a second, or None")
        self._set_rate = rate
        self._rate = rate or 0.0
        self._clock = clock
        self._sleep = sleep
        self._next: float | None = None
        self._queued = 0

    @property
    def rate(self) -> float | None:
        """Requests a second as of now."""
        return self._rate if self._set_rate is not None else None

    def try_acquire(self) -> bool:
        """Take a turn if it is one's own right now."""
        if self._set_rate is None:
            return True
        if self._next is not None and self._clock() < self._next:
            return False
        self._book()
        return True

    async def acquire(self) -> None:
        """Wait for the turn of one request."""
        delay = self._book()
        if delay <= 0:
            return
        self._queued += 1
        try:
            await self._sleep(delay)
        finally:
            self._queued -= 1

    def _book(self) -> float:
        if self._set_rate is None:
            return 0.0
        now = self._clock()
        step = 1 / self._rate
        # A clock that jumped back must not leave the next turn far in the future.
        latest = now + (self._queued + 1) / (self._set_rate * _SLOWEST_SHARE)
        turn = now if self._next is None else min(max(self._next, now), latest)
        self._next = turn + step
        return turn - now

    def throttled(self) -> None:
        """Tell that the service refused a request for the rate of them."""
        if self._set_rate is not None:
            self._rate = max(self._rate / 2, self._set_rate * _SLOWEST_SHARE)

    def accepted(self) -> None:
        """Tell that the service answered a request."""
        if self._set_rate is not None and self._rate < self._set_rate:
            self._rate = min(self._rate + self._set_rate * _RECOVERY_SHARE, self._set_rate)
