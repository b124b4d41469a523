"""The memory of one wait: what was seen last and what it means."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..errors import ResponseShapeError
from ..untrusted import plain_logger
from .handles import Handle
from .statuses import Phase, Verdict, judge, phase

logger: logging.Logger = plain_logger("crml_sdk.waiting")

#: A doubtful status counts when it was read so many times in a row.
DOUBTS = 3


M_co = TypeVar("M_co", covariant=True)


@dataclass(frozen=True)
class StatusChange(Generic[M_co]):
    """A status that was seen for the first time, or instead of another.

    Attributes:
        handle: whose status it is.
        status: the status, as the model's open enum.
        previous: the one before, or None for the first that was seen.
        model: the reply that showed it: a Get response, or the row of a list.
        elapsed: seconds since the wait began.
    """

    handle: Handle
    status: Any
    previous: Any
    model: M_co
    elapsed: float


class Stopwatch:
    """Seconds since it was made, by a clock that may jump.

    A monotonic clock does not run backwards; one that was injected, or that a virtual machine was
    moved under, may. Such a step counts as no time at all.
    """

    __slots__ = ("_clock", "_elapsed", "_last")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._elapsed = 0.0

    def elapsed(self) -> float:
        now = self._clock()
        self._elapsed += max(now - self._last, 0.0)
        self._last = now
        return self._elapsed


class Tracker:
    """What is known of one resource while it is waited for."""

    __slots__ = ("doubts", "faults", "handle", "last_fault", "status", "unreadable")

    def __init__(self, handle: Handle) -> None:
        self.handle: Handle = handle
        self.status: Any = None
        self.doubts: int = 0
        self.faults: int = 0
        self.unreadable: int = 0
        self.last_fault: BaseException | None = None

    @property
    def seen(self) -> bool:
        """The resource was there at least once."""
        return self.status is not None

    def observe(self, status: Any, model: Any, elapsed: float) -> StatusChange[Any] | None:
        """Take note of a status; says whether it is news."""
        self.faults = self.unreadable = 0
        self.last_fault = None
        text = status_text(status)
        doubtful = self._judge(text) is Verdict.DOUBTFUL
        self.doubts = self.doubts + 1 if doubtful else 0
        if self.status == text:
            return None
        previous, self.status = self.status, text
        self._report_unknown(text)
        return StatusChange(self.handle, status, previous, model, elapsed)

    def verdict(self) -> Verdict:
        """What the last status means. A doubtful one counts only when it stays."""
        if self.status is None:
            return Verdict.PENDING
        verdict = self._judge(self.status)
        if verdict is Verdict.DOUBTFUL and self.doubts >= DOUBTS:
            return Verdict.FAILED
        return verdict

    def fault(self, error: BaseException) -> None:
        """Take note of a call that failed."""
        self.faults += 1
        self.unreadable = self.unreadable + 1 if isinstance(error, ResponseShapeError) else 0
        self.last_fault = error

    def _judge(self, status: str) -> Verdict:
        return judge(self.handle.resource.statuses, self.handle.goal, status)

    def _report_unknown(self, status: str) -> None:
        if phase(self.handle.resource.statuses, status) is Phase.UNKNOWN:
            logger.warning(
                "%s has the status %s, which this release does not know; waiting on",
                self.handle.describe(),
                status,
            )


def status_text(status: Any) -> str:
    """A status as the service writes it."""
    return str(getattr(status, "value", status))
