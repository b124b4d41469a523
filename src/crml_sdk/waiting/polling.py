"""One wait: look, judge, pause, until the goal is reached or the time is up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .. import errors
from .._runtime import Expired, Runtime
from .faults import is_missing, is_transient
from .handles import Handle
from .limiter import Limiter
from .pace import Pace, Poll
from .reading import Caller, Missing, Reader
from .statuses import Goal, Verdict
from .tracker import StatusChange, Stopwatch, Tracker, logger

#: Seconds after which one look is given up and taken again.
CALL_LIMIT = 20.0
#: Seconds that a wait without time left still gives its only look.
LEAST_LOOK = 0.5
#: A doubtful status, or a resource that does not show yet, is read again this soon.
SOON = 2.0
#: A last look before the deadline is worth a request after so many seconds without one.
LAST_LOOK_GAP = 5.0

Report = Callable[[StatusChange[Any]], Awaitable[None] | None]


class Poller:
    """Polls one resource. Each call of ``next_change`` goes on until there is news.

    Args:
        core: makes the calls.
        limiter: the client's polling rate.
        runtime: the event loop.
        handle: what is waited for.
        timeout: seconds for all of it, the calls included; None for no end.
        poll: when to look again; None for the default.
        grace: seconds, from now, for which a resource never seen may be missing.
    """

    def __init__(
        self,
        core: Caller,
        limiter: Limiter,
        runtime: Runtime,
        handle: Handle,
        *,
        timeout: float | None,
        poll: Poll | None,
        grace: float = 0.0,
    ) -> None:
        self._core = core
        self._limiter = limiter
        self._reader = Reader(core, limiter, runtime)
        self._runtime = runtime
        self._timeout = timeout
        self._grace = grace
        self._stopwatch = Stopwatch(core.clock)
        self._pace = Pace(poll, self._stopwatch.elapsed)
        self._tracker = Tracker(handle)
        self._due = 0.0
        self._slowest = 0.0
        self._last_look_taken = False
        self._settled: Verdict | None = None
        self._misses = 0
        self.model: Any = None

    @property
    def handle(self) -> Handle:
        """What is waited for, as far as it is known now: pinned to a version after a look."""
        return self._tracker.handle

    @property
    def looks(self) -> int:
        """How many looks were taken."""
        return self._pace.attempts - 1

    async def next_change(self) -> StatusChange[Any] | None:
        """The next status that differs from the last; None when the goal is settled.

        Raises:
            WaitTimeout: the time is up.
            ServiceError, TransportError: a fault that another look would not cure.
        """
        while self._settled is None:
            await self._pause()
            change = await self._look()
            if change is not None:
                return change
        return None

    def result(self) -> Any:
        """The last reply, once the goal is settled; None for a resource that is gone.

        Raises:
            ResourceFailed: it ended otherwise than was waited for.
        """
        if self._settled is Verdict.FAILED:
            raise failure(self._tracker, self.model, self._stopwatch.elapsed())
        return self.model

    async def _pause(self) -> None:
        """Sleep until the next look is due."""
        now = self._stopwatch.elapsed()
        due = self._due
        if self._timeout is not None and due >= self._timeout and self.looks:
            last = self._last_look(now)
            if last is None:
                await self._core.sleep(max(self._timeout - now, 0.0))
                raise self._expired()
            due = last
        if due > now:
            await self._core.sleep(due - now)
            # A machine that slept, or a clock that jumped, may have gone past the deadline.
            if self._timeout is not None and self._stopwatch.elapsed() >= self._timeout:
                raise self._expired()

    def _last_look(self, now: float) -> float | None:
        """When to look once more before a deadline that comes before the next look is due."""
        assert self._timeout is not None
        at = self._timeout - min(max(1.0, 2 * self._slowest), 5.0)
        if self._last_look_taken or at - now < LAST_LOOK_GAP:
            return None
        self._last_look_taken = True
        return at

    def _left(self) -> float | None:
        if self._timeout is None:
            return None
        return max(self._timeout - self._stopwatch.elapsed(), 0.0 if self.looks else LEAST_LOOK)

    async def _look(self) -> StatusChange[Any] | None:
        """One look at the resource, and when the next is due."""
        began = self._stopwatch.elapsed()
        try:
            # The turn may take long when many wait; only the deadline cuts that.
            await self._runtime.bounded(self._left(), self._limiter.acquire)
            began = self._stopwatch.elapsed()
            left = self._left()
            limit = CALL_LIMIT if left is None else min(left, CALL_LIMIT)
            kind = self.handle.resource
            what = (kind.get or kind.list).name
            model = await self._reader.within(limit, what, self._read)
        except Expired:
            self._due = self._timeout or 0.0  # the deadline passed before it was its turn
            return None
        except Exception as error:
            self._due = self._stopwatch.elapsed() + self._after_fault(error)
            return None
        now = self._stopwatch.elapsed()
        self._slowest = max(self._slowest, now - began)
        self._misses = 0
        self.model = model
        if self.handle.resource.get_version and self.handle.version is None:
            # A later version must not take this one's place.
            self._tracker.handle = self.handle.pinned(model.version_identifier)
        change = self._tracker.observe(model.status, model, now)
        verdict = self._tracker.verdict()
        if verdict in (Verdict.REACHED, Verdict.FAILED):
            self._settled = verdict
        interval = self._pace.after(model.status)
        self._due = now + (min(interval, SOON) if verdict is Verdict.DOUBTFUL else interval)
        return change

    async def _read(self) -> Any:
        located = await self._reader.locate(self.handle, paid=True)
        paid = located is self.handle
        self._tracker.handle = located
        return await self._reader.read(located, paid=paid)

    def _after_fault(self, error: Exception) -> float:
        """Seconds until the next look after one that failed; raises what ends the wait."""
        tracker = self._tracker
        if isinstance(error, Missing) or is_missing(error):
            return self._after_miss(error)
        tracker.fault(error)
        if not is_transient(error, tracker.unreadable):
            raise error
        logger.debug("a look at the %s failed: %r", self.handle.describe(), error)
        return self._pace.after(None, error)

    def _after_miss(self, error: Exception) -> float:
        """A resource that is not there: deleted, not there yet, or gone."""
        if self.handle.goal is Goal.DELETED:
            self._settled, self.model = Verdict.REACHED, None
            self._pace.after(None)
            return 0.0
        self._misses += 1
        interval = min(self._pace.after(None, error), SOON)
        if not self._tracker.seen and self._stopwatch.elapsed() < self._grace:
            return interval
        if isinstance(error, Missing):
            # Rows move between pages while a list is read, so one list proves nothing.
            if self._tracker.seen and self._misses < 3:
                return interval
            raise missing(self.handle, self._stopwatch.elapsed()) from None
        raise error

    def _expired(self) -> errors.WaitTimeout:
        assert self._timeout is not None
        return expiry(
            self._tracker,
            self.model,
            elapsed=self._stopwatch.elapsed(),
            timeout=self._timeout,
            looks=self.looks,
        )


def failure(tracker: Tracker, model: Any, elapsed: float) -> errors.ResourceFailed:
    """The error for a resource that ended otherwise than was waited for."""
    details = getattr(model, "status_details", None)
    return errors.ResourceFailed(
        tracker.handle,
        status=tracker.status,
        status_code=getattr(details, "status_code", None),
        status_message=getattr(details, "message", None),
        elapsed=elapsed,
        model=model,
    )


def missing(handle: Handle, elapsed: float) -> errors.ResourceFailed:
    """The error for a job that no list shows."""
    return errors.ResourceFailed(
        handle, status=None, status_code=None, status_message=None, elapsed=elapsed, model=None
    )


def expiry(
    tracker: Tracker, model: Any, *, elapsed: float, timeout: float, looks: int
) -> errors.WaitTimeout:
    """The error for a wait whose time is up."""
    error = errors.WaitTimeout(
        tracker.handle,
        status=tracker.status,
        elapsed=elapsed,
        timeout=timeout,
        looks=looks,
        model=model,
        last_fault=tracker.last_fault,
    )
    error.__cause__ = tracker.last_fault
    return error
