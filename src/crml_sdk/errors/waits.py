"""Errors of waits, and of what was waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .base import CleanRoomsMLError, rebuilt

if TYPE_CHECKING:
    from ..waiting.handles import Handle
    from ..waiting.outcomes import Outcome


class WaitTimeout(CleanRoomsMLError, TimeoutError):
    """The time of a wait was up. Only the waiting ended: what was waited for goes on.

    Attributes:
        handle: What was waited for; its text, `str(handle)`, resumes the wait: `sdk.wait(text)`.
        status: The last status that was seen, or None when no look succeeded.
        model: The last reply, or None.
        elapsed: Seconds since the wait began.
        timeout: Seconds that it was given.
        looks: How many looks were taken.
        last_fault: What the last look failed with, or None if it did not.
        cancelled: With `cancel_on_timeout`, whether the cancellation was accepted; else None.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        status: str | None,
        elapsed: float,
        timeout: float,
        looks: int,
        model: Any = None,
        last_fault: BaseException | None = None,
        cancelled: bool | None = None,
    ) -> None:
        self.handle: Handle = handle  # pyright: ignore[reportIncompatibleVariableOverride]
        self.status = status
        self.model = model
        self.elapsed = elapsed
        self.timeout = timeout
        self.looks = looks
        self.last_fault = last_fault
        self.cancelled = cancelled
        super().__init__(str(self))

    def __str__(self) -> str:
        seen = f"is still {self.status}" if self.status else "could not be read"
        goes_on = {
            None: "Only the wait has ended: it is still running, and may still be billed.",
            True: "It has been asked to stop.",
            False: "It was asked to stop, and that was refused: it may still be running.",
        }[self.cancelled]
        fault = f" The last look failed: {self.last_fault}." if self.last_fault else ""
        return (
            f"{self.handle.describe()} {seen} after {self.elapsed:.1f} s"
            f" ({self.looks} look{'s' if self.looks != 1 else ''}, timeout {self.timeout:g} s)."
            f"{fault} {goes_on}"
            f" Resume with sdk.wait({str(self.handle)!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**vars(self), "last_fault": None}  # anything at all, so perhaps no pickle
        return rebuilt, (type(self), self.args, state)


class ResourceFailed(CleanRoomsMLError):
    """What was waited for ended otherwise, or is not there any more.

    Attributes:
        handle: What was waited for.
        status: The status it ended in, or None if it does not show any more.
        status_code: The service's code for the reason, meant for programs, or None.
        status_message: The service's words for the reason, or None.
        elapsed: Seconds since the wait began.
        model: The last reply, or None.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        status: str | None,
        status_code: str | None = None,
        status_message: str | None = None,
        elapsed: float,
        model: Any = None,
    ) -> None:
        self.handle: Handle = handle  # pyright: ignore[reportIncompatibleVariableOverride]
        self.status = status
        self.status_code = status_code
        self.status_message = status_message
        self.elapsed = elapsed
        self.model = model
        super().__init__(str(self))

    def __str__(self) -> str:
        what = self.handle.describe()
        if self.status is None:
            return f"{what} is not in any list after {self.elapsed:.1f} s"
        goal = self.handle.goal.value
        what += "" if goal == "finished" else f" was not {goal}: it"
        reason = ": ".join(part for part in (self.status_code, self.status_message) if part)
        hint = _FAILURE_HINTS.get(self.status)
        return (
            f"{what} ended as {self.status} after {self.elapsed:.1f} s"
            + (f": {reason}" if reason else "")
            + (f" ({hint})" if hint else "")
        )


class WaitsFailed(CleanRoomsMLError):
    """Some of many waits did not end well. The cause is the first of their errors.

    Attributes:
        failures: The outcomes with an error.
        total: How many were waited for.
    """

    def __init__(self, failures: Sequence[Outcome], total: int) -> None:
        self.failures: tuple[Outcome, ...] = tuple(failures)
        self.total = total
        lines = "".join(f"\n  {failure.error}" for failure in self.failures[:5])
        more = len(self.failures) - 5
        super().__init__(
            f"{len(self.failures)} of {total} did not end well:{lines}"
            + (f"\n  and {more} more" if more > 0 else "")
        )


_FAILURE_HINTS: Mapping[str, str] = {
    "INACTIVE": "it was cancelled, or its output was deleted or has expired",
    "CANCEL_FAILED": "the cancellation failed: it may be running still",
}
