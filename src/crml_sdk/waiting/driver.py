"""Runs the waits of a client on its event loop: makes the requests that are due, at its rate.

The driver pulls: requests are made while somebody awaits a wait, an item of `as_completed` or a
change of `watch`, and nothing runs in between.
"""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import Unpack

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
from .outcomes import Outcomes
from .pace import Poll, Report, WaitOptions, check_options
from .schedule import Limiter

if TYPE_CHECKING:
    from datetime import timedelta

    from ..core import Core
    from .tracing import Trace

logger: logging.Logger = plain_logger("crml_sdk.waiting")

GRACE: Final = 10.0
"""Seconds after its start for which a resource may be missing: not documented; assumed."""
NAMED_GRACE: Final = 30.0
"""The same for export jobs, whose start gives no identifier, from the beginning of the wait."""
CANCEL_LIMIT: Final = 10.0
"""Seconds that cancelling a remote job may take when a wait is left."""
LONGEST_LINGER: Final = 2.0
"""Seconds for which an item is held back at the most, for requests under way to end."""
LONGEST_SLEEP: Final = 60.0
"""The longest sleep in seconds, after which the clock is read again."""
TICK: Final = 0.001
"""Seconds that are slept at the least: never less than the clock can tell apart."""


def steady(clock: Callable[[], float]) -> Callable[[], float]:
    """Seconds since now, by a clock that may jump: a step back counts as no time at all.

    A monotonic clock does not run backwards; one that was injected, or that a virtual machine was
    moved under, may.
    """
    last, elapsed = clock(), 0.0

    def passed() -> float:
        nonlocal last, elapsed
        now = clock()
        elapsed += max(now - last, 0.0)
        last = now
        return elapsed

    return passed


class Driver:
    """Runs one brain.

    Args:
        waiting: The client's waiting: its core and its polling rate.
        brain: What to ask and what the answers mean.
        report: Called with each change of a status, or None.
        trace: What informs OpenTelemetry, or None.
    """

    def __init__(
        self, waiting: Waiting, brain: Brain, report: Report | None, trace: Trace | None
    ) -> None:
        self.brain = brain
        self.trace = trace
        self._waiting = waiting
        self._core = waiting.core
        self._limiter = waiting.limiter
        self._report = report
        self._lone = brain.pending == 1
        self._elapsed = steady(waiting.core.clock)
        self._runtime = current_runtime()
        self._answered: Event = self._runtime.event()

    async def run(self, enough: Callable[[], Any] = lambda: False) -> None:
        """Go on until there is enough, or every wait has ended. Nothing is left running after it."""
        with nullcontext() if self.trace is None else self.trace.current():
            try:
                async with self._runtime.task_group() as tasks:
                    await self._go_on(tasks, enough)
                    tasks.cancel()
            finally:
                self._limiter.leave(self)
        if self.trace is not None:
            self.trace.settled(self.brain.ready)

    async def _go_on(self, tasks: TaskGroup, enough: Callable[[], Any]) -> None:
        brain = self.brain
        while brain.pending and not enough():
            request, seconds = self._take()
            if request is not None and self._lone:
                await self._make(request)  # the same, without a task for it
            elif request is not None:
                tasks.start(self._make, request)
            elif brain.pending:
                await self._rest(seconds)
            await self._tell()
        # Let the requests under way end, unless they take longer than is usual.
        now = self._elapsed()
        end = now + min(0.1 + 4 * brain.usual, LONGEST_LINGER)
        while brain.pending and brain.flying and now < end:
            await self._rest(max(end - now, TICK))
            now = self._elapsed()
        await self._tell()

    def _take(self) -> tuple[Request | None, float]:
        """A request to make now, or the seconds until there may be one."""
        now = self._elapsed()
        if self.brain.expire(now):
            return None, 0.0
        due = self.brain.next_due(now)
        if self.brain.wants(now):
            delay = self._limiter.delay(self)
            if not delay:
                return self.brain.take(now), 0.0
            due = now + delay if due is None else min(due, now + delay)
        else:
            self._limiter.leave(self)
        return None, LONGEST_SLEEP if due is None else max(due - now, TICK)

    async def _make(self, request: Request) -> None:
        """Make a request, and let the brain know what came of it."""
        operation, params = request.operation, request.params
        try:
            # Whether to ask again is decided by the wait, not by the transport.
            reply = await self._runtime.bounded(
                request.limit, lambda: self._core.call(operation, params, once=True)
            )
            self._limiter.accepted()
            self._waiting.authenticated = True
        except ClientClosed:
            self.brain.closed(self._elapsed())
            self._answered.set()
            return
        except Expired:
            reply = CallTimeout(operation.name, f"no reply within {request.limit:.3g} s")
        except Exception as error:
            if is_throttling(error):
                self._limiter.throttled()
            reply = error
        except BaseException:
            self.brain.dropped(request, self._elapsed())
            raise
        self.brain.answered(request, reply, self._elapsed())
        if self.trace is not None:
            self.trace.call(operation.name, reply)
        self._answered.set()

    async def _tell(self) -> None:
        """Pass on what the brain has learnt."""
        while self.brain.notes:
            note = self.brain.notes.popleft()
            facts = {"crml_handle": str(note.handle), **note.facts}
            logger.log(note.level, "%s: %s", note.handle.describe(), note.text, extra=facts)
        while self.brain.changes:
            change = self.brain.changes.popleft()
            if self.trace is not None:
                self.trace.status(change)
            told = None if self._report is None else self._report(change)
            if inspect.isawaitable(told):
                await told

    async def _rest(self, seconds: float) -> None:
        """Sleep until a request was answered or the next one is due."""
        if self.brain.flying:
            # In real time: a clock that sleeping moves must not move while requests are under way.
            with suppress(Expired):
                await self._runtime.bounded(seconds, self._answered.wait)
            self._answered = self._runtime.event()
            return
        try:
            await self._core.sleep(seconds)
        except ClientClosed:
            self.brain.closed(self._elapsed())


class Waiting:
    """All waits of one client.

    Args:
        core: Makes the calls, tells the time, sleeps.
        rate: Requests a second for all of them together; None for no limit.
    """

    handle: ClassVar[Callable[..., Handle]] = staticmethod(handle_of)
    export_handle: ClassVar[Callable[..., Handle]] = staticmethod(export_handle_of)

    def __init__(self, core: Core, rate: float | None) -> None:
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
        *,
        timeout: float | timedelta | None = None,
        poll: Poll | None = None,
        on_update: Report | None = None,
        details: bool = True,
    ) -> Driver:
        """A wait, ready to run.

        Args:
            what: Its name for traces.
            handles: What is waited for, each once.
            timeout, poll, on_update, details: As for `CleanRoomsML.wait_all`.
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
        return Driver(self, brain, on_update, trace)

    async def wait(
        self,
        target: Any,
        *,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
        **options: Unpack[WaitOptions],
    ) -> Any:
        """Wait for the goal of the target, or of its handle; see the groups' `wait`."""
        handle = Handle.of(target)
        driver = self.driver("crml.wait", (handle,), **options)
        try:
            await driver.run()
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
        """Wait for what was just started, so that its handle is never lost.

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

    def watch(self, handle: Handle, **options: Unpack[WaitOptions]) -> Watch[Any]:
        """The status changes of one resource; see the groups' ``watch``."""
        return Watch(self, handle, **options)

    async def wait_all(self, targets: Any, **options: Unpack[WaitOptions]) -> Outcomes[Any]:
        """Wait for all of them; their outcomes in the same order."""
        wanted = Handle.all_of(targets)
        outcomes = await self.as_completed(wanted, **options).collect()
        return Outcomes(outcomes[handle] for handle in wanted)

    def as_completed(self, targets: Any, **options: Unpack[WaitOptions]) -> Completions[Any]:
        """Outcomes in the order in which the waits end."""
        return Completions(self, Handle.all_of(targets), **options)

    async def _cancel(self, handle: Handle) -> bool:
        """Ask the service to cancel a job, even while this task is being cancelled itself."""
        params, operation = cancel_params(handle), handle.resource.cancel
        if params is None or operation is None:
            return False
        try:
            await current_runtime().shielded(
                CANCEL_LIMIT, lambda: self.core.call(operation, params)
            )
        except Exception as error:
            facts = {"crml_handle": str(handle), "crml_fault": repr(error)}
            logger.warning("could not cancel the %s: %r", handle.describe(), error, extra=facts)
            return False
        return True


def _carry(error: Any, handle: Handle) -> None:
    """Let an error say what was started before it."""
    if getattr(error, "handle", None) is not None:
        return
    with suppress(AttributeError):  # of an exception with slots
        error.handle = handle
    if hasattr(error, "add_note"):  # Python 3.11
        error.add_note(f"It was started; sdk.wait({str(handle)!r}) takes up the wait for it")
