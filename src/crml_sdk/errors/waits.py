"""Errors of waits, and failures of the resources that they wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from .base import CleanRoomsMLError, rebuilt

if TYPE_CHECKING:
    from ..waiting.handles import Handle
    from ..waiting.outcomes import Outcome


@dataclass(eq=False, repr=False)
class WaitTimeout(CleanRoomsMLError, TimeoutError):
    """A wait ran out of time. Only the wait has ended: what it waited for goes on.

    Attributes:
        handle: What was waited for. Its text, `str(handle)`, resumes the wait: `sdk.wait(text)`.
        status: The last status that was seen, or None when no poll succeeded.
        elapsed: Seconds since the wait began.
        timeout: The timeout of the wait, in seconds.
        polls: How many polls were made.
        model: The last reply, or None.
        last_fault: The error of the last poll, or None if it succeeded.
        cancelled: With `cancel_on_timeout`, whether the cancellation was accepted; else None.
    """

    handle: Handle  # pyright: ignore[reportIncompatibleVariableOverride]
    _: KW_ONLY
    status: str | None
    elapsed: float
    timeout: float
    polls: int
    model: Any = None
    last_fault: BaseException | None = None
    cancelled: bool | None = None

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        seen = f"is still {self.status}" if self.status else "could not be read"
        goes_on = {
            None: "Only the wait has ended: it is still running, and may still be billed.",
            True: "It has been asked to stop.",
            False: "It was asked to stop, and that was refused: it may still be running.",
        }[self.cancelled]
        fault = f" The last poll failed: {self.last_fault}." if self.last_fault else ""
        return (
            f"{self.handle.describe()} {seen} after {self.elapsed:.1f} s"
            f" ({self.polls} poll{'s' if self.polls != 1 else ''}, timeout {self.timeout:g} s)."
            f"{fault} {goes_on}"
            f" Resume with sdk.wait({str(self.handle)!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        state = {**vars(self), "last_fault": None}  # anything at all, so perhaps no pickle
        return rebuilt, (type(self), self.args, state)


@dataclass(eq=False, repr=False)
class ResourceFailed(CleanRoomsMLError):
    """What was waited for ended in another status than the one expected, or no longer exists.

    Attributes:
        handle: What was waited for.
        status: The status it ended in, or None if no list shows it any more.
        elapsed: Seconds since the wait began.
        model: The last reply, or None.
    """

    handle: Handle  # pyright: ignore[reportIncompatibleVariableOverride]
    _: KW_ONLY
    status: str | None
    elapsed: float
    model: Any = None

    def __post_init__(self) -> None:
        super().__init__(str(self))

    @property
    def status_code(self) -> str | None:
        """The service's code for the reason, meant for programs, or None."""
        return getattr(getattr(self.model, "status_details", None), "status_code", None)

    @property
    def status_message(self) -> str | None:
        """The service's words for the reason, or None."""
        return getattr(getattr(self.model, "status_details", None), "message", None)

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
    """Some of many waits failed. The cause is the first of their errors.

    Attributes:
        failures: The outcomes with an error.
        total: The number of waits.
    """

    def __init__(self, failures: Sequence[Outcome], total: int) -> None:
        self.failures: tuple[Outcome, ...] = tuple(failures)
        self.total = total
        lines = "".join(f"\n  {failure.error}" for failure in self.failures[:5])
        more = len(self.failures) - 5
        super().__init__(
            f"{len(self.failures)} of {total} waits failed:{lines}"
            + (f"\n  and {more} more" if more > 0 else "")
        )


_FAILURE_HINTS: Mapping[str, str] = {
    "INACTIVE": "it was cancelled, or its output was deleted or has expired",
    "CANCEL_FAILED": "the cancellation failed: it may be running still",
}
