"""The pace: when to poll next. `poll=` takes any wait of tenacity's; the default is defined here.

The default polls again after a fifth of the time already waited: at least 5 s, at most 31 s in
the first week and 45 s in the end, each by up to a tenth more or less. A job of ten seconds and
one of 28 days are thus each reported soon in proportion to their length.
``benchmarks/waiting_simulation.py`` compares this with a loop of fixed 30 s.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import tenacity
from tenacity.wait import wait_base
from typing_extensions import TypedDict

from ..times import seconds_of

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from .outcomes import StatusChange

#: What ``poll=`` takes: a wait of tenacity's, a function like one, or a fixed interval.
Poll = wait_base | Callable[["RetryCallState"], float] | float | timedelta

#: What ``on_update=`` takes: a function of each change, which is awaited if it is async.
Report = Callable[["StatusChange[Any]"], Awaitable[None] | None]


class WaitOptions(TypedDict, total=False):
    """What all ways to wait take; see `CleanRoomsML.wait_all`."""

    timeout: float | timedelta | None
    poll: Poll | None
    on_update: Report | None
    details: bool


SHORTEST: Final = 0.01
"""The shortest interval between two polls in seconds, whatever `poll=` says: a wait must not spin."""

LONGEST: Final = 86_400.0
"""The longest interval between two polls in seconds, whatever `poll=` says."""


@dataclass(eq=False, kw_only=True)
class wait_elapsed(wait_base):
    """Wait for a share of the time already waited.

    Args:
        share: Of the time since the wait began.
        shortest, longest: Bounds of one interval, in seconds.
        ceiling: What `longest` grows to in waits of many days, in seconds.
        ceiling_share: How it grows: this share of the time since the wait began.
        jitter: Each interval varies by up to this share of it, up or down.
        chance: Gives a number from 0 to 1 for the jitter.
    """

    share: float = 0.2
    shortest: float = 5.0
    longest: float = 31.0
    ceiling: float = 45.0
    ceiling_share: float = 1 / 20_000
    jitter: float = 0.1
    chance: Callable[[], float] = random.random

    def __call__(self, retry_state: RetryCallState) -> float:
        return self.interval(retry_state.seconds_since_start or 0.0)

    def interval(self, elapsed: float) -> float:
        """Seconds until the next poll, ``elapsed`` seconds after the first."""
        longest = min(max(self.longest, elapsed * self.ceiling_share), self.ceiling)
        interval = min(max(self.shortest, elapsed * self.share), longest)
        return interval * (1 + self.jitter * (2 * self.chance() - 1))


class Pace:
    """The intervals of one wait; the time reaches it as a value.

    tenacity's waits read the number of attempts, the time since the start and the last outcome
    from a ``RetryCallState``; this keeps one up to date.
    """

    def __init__(self, poll: Poll | None) -> None:
        self._wait = as_wait(poll)
        self._state = tenacity.RetryCallState(
            retry_object=cast("Any", tenacity.AsyncRetrying()), fn=None, args=(), kwargs={}
        )
        self._state.start_time = 0.0
        #: The last interval, in seconds.
        self.last: float = 5.0

    def after(self, now: float, outcome: Any, error: BaseException | None = None) -> float:
        """Seconds to wait after an attempt.

        Args:
            now: Seconds since the wait began.
            outcome: What the attempt gave.
            error: What it failed with, if it did.
        """
        state = self._state
        if error is None:
            state.set_result(outcome)
        else:
            state.set_exception((type(error), error, error.__traceback__))
        state.outcome_timestamp = now
        # In this order, NaN becomes the shortest.
        interval = max(SHORTEST, min(float(self._wait(state)), LONGEST))
        state.idle_for += interval
        state.upcoming_sleep = self.last = interval
        state.attempt_number += 1
        # The next interval does not need the last reply, which may be large.
        state.outcome = None
        return interval


def as_wait(poll: Poll | None) -> Callable[[RetryCallState], float]:
    """``poll`` as a wait of tenacity's; None gives the default.

    Raises:
        TypeError, ValueError: It is not a valid value for `poll`.
    """
    if poll is None:
        return wait_elapsed()
    if isinstance(poll, (int, float, timedelta)):
        return tenacity.wait_fixed(seconds_of("poll", poll))
    if isinstance(poll, type) or not callable(poll):
        raise TypeError(
            f"poll={poll!r}: give seconds, a timedelta, a tenacity wait or a similar function"
        )
    return poll


def check_options(*, timeout: object = None, poll: object = None, on_update: object = None) -> None:
    """Refuse bad options of a wait before anything is sent or paid for.

    Args:
        timeout: Seconds or a `timedelta`, not negative; or None.
        poll: What `poll=` takes, or None.
        on_update: A function, or None.

    Raises:
        TypeError, ValueError: An option is not valid. The message names it and says what it takes.
    """
    if timeout is not None:
        seconds_of("timeout", timeout)
    as_wait(cast("Any", poll))
    if on_update is not None and not callable(on_update):
        raise TypeError(
            f"on_update={on_update!r}: give a function that takes one argument, the change"
        )
