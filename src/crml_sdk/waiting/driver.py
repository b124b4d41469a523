"""Runs the waits of a client on its event loop: makes the requests that are due, at its rate.

The driver pulls: requests are made while somebody awaits a wait, an item of `as_completed` or a
change of `watch`, and nothing runs in between.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from typing_extensions import TypeVar

from .._runtime import Event, Expired, TaskGroup, current_runtime
from ..errors import CallTimeout, ClientClosed, WaitTimeout
from ..telemetry import METRICS_API, Metrics
from ..times import timeout_of
from ..untrusted import plain_logger
from .brain import Brain
from .faults import is_throttling
from .groups import Request, cancel_params
from .handles import Handle, export_handle_of, handle_of
from .iterators import Completions, Watch
from .limiter import Limiter, Turn
from .outcomes import Outcomes, StatusChange
from .pace import Poll, check_options

if TYPE_CHECKING:
    from datetime import timedelta

    from ..operation import Operation
    from .tracing import Trace

logger: logging.Logger = plain_logger("crml_sdk.waiting")

M = TypeVar("M", default=Any)

Report = Callable[[StatusChange[Any]], Awaitable[None] | None]
"""What `on_update=` takes."""

GRACE: Final = 10.0
"""Seconds after its start for which a resource may be missing: not documented; assumed."""
NAMED_GRACE: Final = 30.0
"""The same for export jobs, whose start gives no identifier, from the beginning of the wait."""
CANCEL_LIMIT: Final = 10.0
"""Seconds that cancelling a remote job may take when a wait is left."""
LONGEST_LINGER: Final = 2.0
"""Seconds for which an item is held back at the most, for requests under way to end."""
LONGEST_SLEEP: Final = 60.0
"""Seconds after which the clock is looked at again, whatever is due."""
TICK: Final = 0.001
"""Seconds that are slept at the least: never less than the clock can tell apart."""


class Caller(Protocol):
    """What waiting needs of the client's core."""

    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def started(self) -> Mapping[str, float]:
        """When this client made a resource, by ARN, on its clock; the last ones."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; raises `ClientClosed` as soon as the client is closed."""
        ...

    async def call(
        self,
        operation: Operation,
        params: dict[str, Any],
        timeout: float | timedelta | None = None,
        *,
        once: bool = False,
    ) -> Any: ...


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
        """Seconds until now."""
        now = self._clock()
        self._elapsed += max(now - self._last, 0.0)
        self._last = now
        return self._elapsed


class Driver:
    """Runs one brain.

    Args:
        waiting: The client's waiting: its core and its polling rate.
        brain: What to ask and what the answers mean.
        report: Told of each change of a status; None keeps them in `changes`.
        trace: What tells OpenTelemetry, or None.
    """

    def __init__(
        self, waiting: Waiting, brain: Brain, report: Report | None, trace: Trace | None
    ) -> None:
        self._core = waiting.core
        self._limiter = waiting.limiter
        self._waiting = waiting
        self._runtime = current_runtime()
        self._stopwatch = Stopwatch(waiting.core.clock)
        self._report = report
        self.trace = trace
        self._turn: Turn | None = None
        self._wake: Event = self._runtime.event()
        self._alarms: set[float] = set()
        self._lone = brain.pending == 1
        self.brain = brain
        self.changes: deque[StatusChange[Any]] = deque()

    async def run(self, enough: Callable[[], Any]) -> None:
        """Go on until there is enough, or all is settled, as a part of its trace."""
        trace = self.trace
        if trace is None:
            await self.advance(enough)
            return
        with trace.current():
            await self.advance(enough)
        trace.settled(self.brain.ready)

    async def advance(self, enough: Callable[[], Any]) -> None:
        """Go on until there is enough, or all is settled. Nothing is left running after it."""
        try:
            if self._lone:
                await self._go_alone(enough)
            else:
                await self._go_together(enough)
        finally:
            self._alarms.clear()
            if self._turn is not None:
                self._turn.give_up()
                self._turn = None

    async def _go_alone(self, enough: Callable[[], Any]) -> None:
        """One request after the other."""
        while self.brain.pending and not enough():
            request, due = self._take()
            if request is not None:
                await self._make(request)
            elif self.brain.pending:
                await self._sleep(due)
            await self._tell()

    async def _go_together(self, enough: Callable[[], Any]) -> None:
        """Several requests at once."""
        async with self._runtime.task_group() as tasks:
            while self.brain.pending and not enough():
                request, due = self._take()
                if request is not None:
                    tasks.start(self._make, request)
                elif self.brain.pending:
                    await self._rest(tasks, due)
                await self._tell()
            if self.brain.pending:
                await self._linger(tasks)
            tasks.cancel()

    def _take(self) -> tuple[Request | None, float]:
        """A request to make now, or the seconds until there may be one."""
        now = self._stopwatch.elapsed()
        if self.brain.expire(now):
            return None, 0.0
        due = self.brain.next_due(now)
        if self.brain.wants(now):
            self._turn = self._turn or self._limiter.turn()
            delay = self._turn.delay()
            if not delay:
                self._turn = None
                (request,) = self.brain.due(now, 1)
                return request, 0.0
            due = now + delay if due is None else min(due, now + delay)
        elif self._turn is not None:
            self._turn.give_up()
            self._turn = None
        return None, LONGEST_SLEEP if due is None else max(due - now, TICK)

    async def _make(self, request: Request) -> None:
        """Make a request, and let the brain know what came of it."""
        operation, params = request.operation, request.params
        try:
            # Asking again is the wait's own business, not the transport's.
            reply = await self._runtime.bounded(
                request.limit, lambda: self._core.call(operation, params, once=True)
            )
            self._limiter.accepted()
            self._waiting.authenticated = True
        except ClientClosed:
            self.brain.closed(self._stopwatch.elapsed())
            self._wake.set()
            return
        except Expired:
            reply = CallTimeout(operation.name, f"no reply within {request.limit:.3g} s")
        except Exception as error:
            if is_throttling(error):
                self._limiter.throttled()
            reply = error
        except BaseException:
            self.brain.dropped(request, self._stopwatch.elapsed())
            raise
        now = self._stopwatch.elapsed()
        self.changes.extend(self.brain.answered(request, reply, now))
        if self.trace is not None:
            self.trace.call(operation.name, reply)
        self._wake.set()

    async def _tell(self) -> None:
        """Pass on what the brain has learnt."""
        notes = self.brain.notes
        while notes:
            note = notes.popleft()
            facts = {**note.facts, "crml_handle": str(note.facts["crml_handle"])}
            what = note.facts["crml_handle"].describe()
            logger.log(note.level, "%s: %s", what, note.text, extra=facts)
        if self._report is None:
            return
        while self.changes:
            told = self._report(self.changes.popleft())
            if inspect.isawaitable(told):
                await told

    async def _linger(self, tasks: TaskGroup) -> None:
        """Let the requests under way end, unless they take longer than is usual."""
        now = self._stopwatch.elapsed()
        end = now + min(0.1 + 4 * self.brain.usual, LONGEST_LINGER)
        while self.brain.in_flight and now < end:
            await self._rest(tasks, max(end - now, TICK))
            now = self._stopwatch.elapsed()
        await self._tell()

    async def _rest(self, tasks: TaskGroup, seconds: float) -> None:
        """Sleep until a request was answered or the next one is due."""
        if not self.brain.in_flight:
            await self._sleep(seconds)
            return
        due = self._stopwatch.elapsed() + seconds
        if all(due < alarm for alarm in self._alarms):
            self._alarms.add(due)
            tasks.start(self._ring, seconds, due)
        await self._wake.wait()
        self._wake = self._runtime.event()

    async def _sleep(self, seconds: float) -> None:
        try:
            await self._core.sleep(seconds)
        except ClientClosed:
            self.brain.closed(self._stopwatch.elapsed())

    async def _ring(self, seconds: float, due: float) -> None:
        # In real time: a clock that is moved by sleeping must not move while requests are under way.
        await self._runtime.sleep(seconds)
        self._alarms.discard(due)
        self._wake.set()


class Waiting:
    """All waits of one client.

    Args:
        core: Makes the calls, tells the time, sleeps.
        rate: Requests a second for all of them together; None for no limit.
    """

    handle: ClassVar[Callable[..., Handle]] = staticmethod(handle_of)
    export_handle: ClassVar[Callable[..., Handle]] = staticmethod(export_handle_of)

    def __init__(self, core: Caller, rate: float | None) -> None:
        self.core = core
        self.limiter: Limiter = Limiter(rate, clock=core.clock)
        self.metrics: Metrics = Metrics()
        #: Whether the client's credentials have been good before.
        self.authenticated = False

    def _grace(self, handle: Handle) -> float:
        """Seconds from now for which the handle's resource may be missing."""
        if handle.name:
            return NAMED_GRACE
        started = self.core.started.get(handle.arn)
        return 0.0 if started is None else GRACE - (self.core.clock() - started)

    def driver(
        self,
        what: str,
        handles: Iterable[Handle],
        timeout: float | timedelta | None,
        poll: Poll | None,
        on_update: Report | None = None,
        *,
        details: bool = True,
        keep: bool = False,
    ) -> Driver:
        """A wait, ready to run.

        Args:
            what: Its name for traces.
            handles: What is waited for, each once.
            timeout, poll, on_update, details: As for `wait_all`.
            keep: Whether changes are kept in the driver's `changes`.
        """
        if poll is not None or on_update is not None:
            check_options(poll=poll, on_update=on_update)
        wanted = [(handle, self._grace(handle)) for handle in handles]
        brain = Brain(
            wanted,
            timeout=timeout if type(timeout) is float and timeout < 1e12 else timeout_of(timeout),
            poll=poll,
            details=details,
            rate=self.limiter.rate,
            authenticated=self.authenticated or bool(self.core.started),
        )
        trace = None
        if "opentelemetry.trace" in sys.modules or METRICS_API in sys.modules:
            from .tracing import Trace

            trace = Trace(what, [handle for handle, _ in wanted], self.metrics)
        return Driver(self, brain, None if keep else _reporter(trace, on_update), trace)

    async def wait(
        self,
        target: Any,
        *,
        timeout: float | timedelta | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> Any:
        """Wait until what the target, or its handle, is waited for to be; see the groups' `wait`."""
        handle = Handle.of(target)
        driver = self.driver("crml.wait", (handle,), timeout, poll, on_update)
        try:
            await driver.run(lambda: False)
        except BaseException as error:
            if cancel_on_cancel and not isinstance(error, Exception):
                await self._cancel(driver.brain.handle_of(0, handle))
            raise
        outcome = driver.brain.ready[0][1]
        if cancel_on_timeout and isinstance(outcome.error, WaitTimeout):
            outcome.error.cancelled = await self._cancel(outcome.handle)
        if outcome.error is not None:
            raise outcome.error
        return outcome.row if outcome.model is None else outcome.model

    async def wait_for_started(
        self, handle: Handle, *, began: float, timeout: float | timedelta | None, **options: Any
    ) -> Any:
        """Wait for what was just started, so that no end of the waiting loses its handle.

        Args:
            handle: What was started. It is logged before the wait begins, and every error has it
                as `error.handle`.
            began: When the start was called, on the client's clock; its time counts.
            timeout: For the start and the wait together.
            options: As for `wait`.
        """
        logger.info(
            "%s: started; sdk.wait(%r) takes up the wait for it",
            handle.describe(),
            str(handle),
            extra={"crml_handle": str(handle)},
        )
        left = timeout_of(timeout)
        if left is not None:
            left = max(left - (self.core.clock() - began), 0.0)
        try:
            return await self.wait(handle, timeout=left, **options)
        except Exception as error:
            _carry(error, handle)
            raise

    def watch(
        self,
        handle: Handle,
        *,
        timeout: float | timedelta | None = None,
        poll: Poll | None = None,
    ) -> Watch[Any]:
        """The status changes of one resource; see the groups' ``watch``."""
        return Watch(self, handle, timeout, poll)

    async def wait_all(
        self,
        targets: Any,
        *,
        timeout: float | timedelta | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
        details: bool = True,
    ) -> Outcomes[Any]:
        """Wait for all of them; their outcomes in the same order."""
        wanted = Handle.all_of(targets)
        completions = self.as_completed(
            wanted, timeout=timeout, poll=poll, on_update=on_update, details=details
        )
        outcomes = await completions.collect()
        return Outcomes(outcomes[handle] for handle in wanted)

    def as_completed(
        self,
        targets: Any,
        *,
        timeout: float | timedelta | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
        details: bool = True,
    ) -> Completions[Any]:
        """Outcomes as they come about."""
        return Completions(self, Handle.all_of(targets), timeout, poll, on_update, details)

    async def _cancel(self, handle: Handle) -> bool:
        """Ask the service to cancel a job, even while this task is being cancelled itself."""
        params = cancel_params(handle)
        if params is None:
            return False
        operation = handle.resource.cancel
        assert operation is not None
        try:
            await current_runtime().shielded(
                CANCEL_LIMIT, lambda: self.core.call(operation, dict(params))
            )
        except Exception as error:
            facts = {"crml_handle": str(handle), "crml_fault": repr(error)}
            logger.warning("could not cancel the %s: %r", handle.describe(), error, extra=facts)
            return False
        return True


def _reporter(trace: Trace | None, on_update: Report | None) -> Report | None:
    """Who is told of changes."""
    if trace is None:
        return on_update or _ignore

    def report(change: StatusChange[Any]) -> Awaitable[None] | None:
        trace.status(change)
        return None if on_update is None else on_update(change)

    return report


def _carry(error: Any, handle: Handle) -> None:
    """Let an error say what was started before it."""
    if getattr(error, "handle", None) is not None:
        return
    with suppress(AttributeError):  # of an exception with slots
        error.handle = handle
    if hasattr(error, "add_note"):  # Python 3.11
        error.add_note(f"It was started; sdk.wait({str(handle)!r}) takes up the wait for it")


def _ignore(change: StatusChange[Any]) -> None:
    """Nobody wants to know."""
