"""The waiting room of a client: its polling rate, what it started itself, and the ways to wait."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from .._runtime import current_runtime
from ..errors import WaitTimeout
from ..naming import to_wire
from ..untrusted import plain_logger
from .handles import Handle
from .limiter import Limiter
from .many import Gathering, Outcome, Outcomes
from .pace import Poll
from .polling import Poller, Report
from .reading import Caller, scope_params
from .tracing import WaitSpan, wait_attributes
from .tracker import StatusChange

logger: logging.Logger = plain_logger("crml_sdk.waiting")

M = TypeVar("M")

DAY = 86_400.0
#: The longest a job may run is 28 days (``maxRuntimeInSeconds``); a day more to be queued.
LONGEST = 29 * DAY

#: Seconds after its start for which a resource may be missing: not documented; assumed.
GRACE = 10.0
#: The same for export jobs, whose start gives no identifier, from the beginning of the wait.
NAMED_GRACE = 30.0
#: Seconds that cancelling a remote job may take when a wait is left.
CANCEL_LIMIT = 10.0


class WaitingRoom:
    """All waits of one client.

    Args:
        core: makes the calls, tells the time, sleeps.
        rate: requests a second for all of them together; None for no limit.
    """

    def __init__(self, core: Caller, rate: float | None) -> None:
        self._core = core
        self._limiter = Limiter(rate, clock=core.clock, sleep=core.sleep)

    def _grace(self, handle: Handle) -> float:
        """Seconds from now for which the handle's resource may be missing."""
        if handle.name:
            return NAMED_GRACE
        started = self._core.started.get(handle.arn)
        return 0.0 if started is None else GRACE - (self._core.clock() - started)

    def _poller(self, handle: Handle, timeout: float | None, poll: Poll | None) -> Poller:
        return Poller(
            self._core,
            self._limiter,
            current_runtime(),
            handle,
            timeout=timeout,
            poll=poll,
            grace=self._grace(handle),
        )

    async def wait(
        self,
        handle: Handle,
        *,
        timeout: float | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
        cancel_on_timeout: bool = False,
        cancel_on_cancel: bool = False,
    ) -> Any:
        """Wait until the handle's goal is reached; see the groups' ``wait``."""
        poller = self._poller(handle, timeout, poll)
        span = WaitSpan("crml.wait", _attributes(handle))
        try:
            with span.current():
                while (change := await poller.next_change()) is not None:
                    span.status(change)
                    await report(on_update, change)
                result = poller.result()
        except WaitTimeout as error:
            if cancel_on_timeout:
                error.cancelled = await self._cancel(poller.handle)
            raise
        except BaseException as error:
            if cancel_on_cancel and not isinstance(error, Exception):
                await self._cancel(poller.handle)
            raise
        span.end()
        return result

    def watch(
        self, handle: Handle, *, timeout: float | None = None, poll: Poll | None = None
    ) -> Watch[Any]:
        """The status changes of one resource; see the groups' ``watch``."""
        return Watch(self, handle, timeout, poll)

    async def wait_all(
        self,
        handles: Iterable[Handle],
        *,
        timeout: float | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> Outcomes:
        """Wait for all of them; their outcomes in the same order."""
        wanted = list(handles)
        completions = self.as_completed(wanted, timeout=timeout, poll=poll, on_update=on_update)
        outcomes = await completions.collect()
        return Outcomes(outcomes[handle] for handle in wanted)

    def as_completed(
        self,
        handles: Iterable[Handle],
        *,
        timeout: float | None,
        poll: Poll | None = None,
        on_update: Report | None = None,
    ) -> Completions:
        """Outcomes as they come about."""
        return Completions(self, handles, timeout, poll, on_update)

    def _gathering(
        self,
        handles: Iterable[Handle],
        timeout: float | None,
        poll: Poll | None,
        on_update: Report | None,
    ) -> Gathering:
        return Gathering(
            self._core,
            self._limiter,
            current_runtime(),
            handles,
            timeout=timeout,
            poll=poll,
            on_update=on_update,
            grace=self._grace,
        )

    async def _cancel(self, handle: Handle) -> bool:
        """Ask the service to cancel a job, even while this task is being cancelled itself."""
        operation = handle.resource.cancel
        versioned = handle.resource.get_version is not None
        if operation is None or (versioned and handle.version is None):
            return False
        params = {to_wire(handle.resource.arn): handle.arn, **scope_params(handle)}
        if versioned and handle.version is not None and not handle.is_base:
            params["versionIdentifier"] = handle.version
        try:
            await current_runtime().shielded(
                CANCEL_LIMIT, lambda: self._core.call(operation, params)
            )
        except Exception as error:
            logger.warning("could not cancel the %s: %r", handle.describe(), error)
            return False
        return True


class Watch(Generic[M]):
    """An async iterator over the status changes of one resource.

    It ends after the status in which the wait for it ends, be it well or badly. Nothing runs
    between two items, so it may be left at any time.

    Raises, while iterating:
        WaitTimeout: the time was up.
        ServiceError, TransportError: a fault that another look would not cure.
    """

    def __init__(
        self, room: WaitingRoom, handle: Handle, timeout: float | None, poll: Poll | None
    ) -> None:
        self._make = lambda: room._poller(handle, timeout, poll)  # pyright: ignore[reportPrivateUsage]
        self._poller: Poller | None = None
        self._span: WaitSpan | None = None
        self._handle = handle
        self._ended = False

    def __aiter__(self) -> Watch[M]:
        return self

    async def __anext__(self) -> StatusChange[M]:
        if self._ended:
            raise StopAsyncIteration
        if self._poller is None or self._span is None:
            self._poller = self._make()
            self._span = WaitSpan("crml.watch", _attributes(self._handle))
        try:
            with self._span.current():
                change = await self._poller.next_change()
        except Exception:
            self._ended = True
            raise
        if change is None:
            self._ended = True
            self._span.end()
            raise StopAsyncIteration
        self._span.status(change)
        return change


class Completions:
    """An async iterator over the outcomes of many waits, in the order in which they come about.

    Nothing runs between two items, so it may be left at any time; polling goes on with the next
    item that is asked for. What has not ended at the deadline comes as an outcome with a
    ``WaitTimeout``.
    """

    def __init__(
        self,
        room: WaitingRoom,
        handles: Iterable[Handle],
        timeout: float | None,
        poll: Poll | None,
        on_update: Report | None,
    ) -> None:
        self._handles = list(dict.fromkeys(handles))
        self._span: WaitSpan | None = None
        self._on_update = on_update
        self._make = lambda: room._gathering(  # pyright: ignore[reportPrivateUsage]
            self._handles, timeout, poll, self._report
        )
        self._gathering: Gathering | None = None

    async def _report(self, change: StatusChange[Any]) -> None:
        if self._span is not None:
            self._span.status(change)
        await report(self._on_update, change)

    def _begun(self) -> tuple[Gathering, WaitSpan]:
        if self._gathering is None or self._span is None:
            self._gathering = self._make()
            self._span = WaitSpan("crml.wait_all", {"crml.resources": len(self._handles)})
        return self._gathering, self._span

    def __aiter__(self) -> Completions:
        return self

    async def __anext__(self) -> Outcome:
        gathering, span = self._begun()
        if not gathering.ready and gathering.pending:
            with span.current():
                await gathering.advance()
        if not gathering.ready:
            span.end()
            raise StopAsyncIteration
        return gathering.ready.popleft()[1]

    async def collect(self) -> dict[Handle, Outcome]:
        """All outcomes, by the handle that was asked for."""
        gathering, span = self._begun()
        with span.current():
            await gathering.advance(to_the_end=True)
        span.end()
        return {self._handles[number]: outcome for number, outcome in gathering.ready}


async def report(on_update: Report | None, change: StatusChange[Any]) -> None:
    """Tell the caller's function, which may be sync or async."""
    if on_update is not None:
        result = on_update(change)
        if inspect.isawaitable(result):
            await result


def _attributes(handle: Handle) -> dict[str, Any]:
    return wait_attributes(
        handle.kind,
        handle.goal,
        **{
            "crml.resource": handle.arn,
            "crml.version": handle.version,
            "crml.name": handle.name,
        },
    )
