"""The pace: when to look next. Any wait of tenacity's will do; the default is measured here.

The default looks again after a fifth of the time already waited: at least 5 s, at most 31 s in
the first week and 45 s in the end, each by up to a tenth more or less. Poll times grow
exponentially that way, and a job of ten seconds and one of 28 days are each reported soon for
what they took. ``benchmarks/waiting_simulation.py`` compares it with a loop of fixed 30 s.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import tenacity
from tenacity.wait import wait_base

if TYPE_CHECKING:
    from tenacity import RetryCallState

#: What ``poll=`` takes: a wait of tenacity's, any function like one, or a fixed interval.
Poll = wait_base | Callable[["RetryCallState"], float] | float | timedelta

_MAX_RETRY_AFTER = 60.0


class wait_elapsed(wait_base):
    """Wait for a share of the time already waited.

    Args:
        share: of the time since the wait began.
        shortest, longest: bounds of one interval, in seconds.
        ceiling: to which ``longest`` grows for waits of many days.
        ceiling_share: how it grows: this share of the time since the wait began.
        jitter: each interval varies by up to this share of it, up or down.
    """

    def __init__(
        self,
        *,
        share: float = 0.2,
        shortest: float = 5.0,
        longest: float = 31.0,
        ceiling: float = 45.0,
        ceiling_share: float = 1 / 20_000,
        jitter: float = 0.1,
    ) -> None:
        self.share = share
        self.shortest = shortest
        self.longest = longest
        self.ceiling = ceiling
        self.ceiling_share = ceiling_share
        self.jitter = jitter

    def __call__(self, retry_state: RetryCallState) -> float:
        return self.interval(retry_state.seconds_since_start or 0.0)

    def interval(self, elapsed: float) -> float:
        """Seconds until the next look, ``elapsed`` seconds after the first."""
        longest = min(max(self.longest, elapsed * self.ceiling_share), self.ceiling)
        interval = min(max(self.shortest, elapsed * self.share), longest)
        return interval * random.uniform(1 - self.jitter, 1 + self.jitter)


def as_wait(poll: Poll | None) -> Callable[[RetryCallState], float]:
    """``poll`` as a wait of tenacity's; None gives the default."""
    if poll is None:
        return wait_elapsed()
    if isinstance(poll, (int, float, timedelta)):
        seconds = poll.total_seconds() if isinstance(poll, timedelta) else float(poll)
        if seconds < 0:
            raise ValueError("a poll interval is not negative")
        return tenacity.wait_fixed(seconds)
    if not callable(poll):
        raise TypeError("poll= takes a tenacity wait, a number of seconds or a timedelta")
    return poll


class Pace:
    """One wait's succession of intervals, on the caller's clock.

    tenacity's waits read the number of attempts, the time since the start and the last outcome
    from a ``RetryCallState``; this keeps one up to date.
    """

    def __init__(self, poll: Poll | None, clock: Callable[[], float]) -> None:
        self._wait = as_wait(poll)
        self._clock = clock
        self._state = tenacity.RetryCallState(
            retry_object=cast("Any", tenacity.AsyncRetrying()), fn=None, args=(), kwargs={}
        )
        self._state.start_time = clock()
        #: The last interval, in seconds.
        self.last: float = 2.0

    @property
    def attempts(self) -> int:
        """The number of the attempt under way, from 1."""
        return self._state.attempt_number

    def after(self, outcome: Any, error: BaseException | None = None) -> float:
        """Seconds to wait after an attempt that gave ``outcome`` or failed with ``error``."""
        state = self._state
        if error is None:
            state.set_result(outcome)
        else:
            state.set_exception((type(error), error, error.__traceback__))
        state.outcome_timestamp = self._clock()
        interval = max(float(self._wait(state)), 0.0)
        state.idle_for += interval
        state.upcoming_sleep = self.last = interval
        state.attempt_number += 1
        # What the last reply was is of no use to the next interval, and may be large.
        state.outcome = None
        return max(interval, _retry_after(error))


def _retry_after(error: BaseException | None) -> float:
    """Seconds that the service asked to be left alone, from a Retry-After header in seconds."""
    response = cast("dict[str, dict[str, Any]]", getattr(error, "response", None) or {})
    headers: dict[str, Any] = response.get("ResponseMetadata", {}).get("HTTPHeaders") or {}
    try:
        return min(max(float(headers.get("retry-after", 0)), 0.0), _MAX_RETRY_AFTER)
    except (TypeError, ValueError):
        return 0.0
