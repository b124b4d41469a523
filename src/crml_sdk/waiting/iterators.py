"""What is iterated over: the changes of one resource, the outcomes of many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import Self, TypeVar

from ..errors import ResourceFailed
from ..times import timeout_of
from .handles import Handle
from .outcomes import Outcome, StatusChange
from .pace import Poll, check_options

if TYPE_CHECKING:
    from datetime import timedelta

    from .driver import Driver, Report, Waiting

M = TypeVar("M", default=Any)


class _Closing:
    """What may be closed before its end: by `aclose()`, by `async with`, or by being forgotten."""

    _driver: Driver | None = None
    _closed = False

    async def aclose(self) -> None:
        """End it. Nothing runs between two items, so this only closes what is traced."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        self._closed = True
        driver, self._driver = self._driver, None
        if driver is not None and driver.trace is not None:
            driver.trace.close()


class Watch(_Closing, Generic[M]):
    """An async iterator over the status changes of one resource.

    It ends after the status in which the wait for it ends, be it well or badly. Nothing runs
    between two items, so it may be left at any time; `aclose()` and `async with` are there for
    those who like to close things.

    Raises, while iterating:
        WaitTimeout: the time was up.
        ServiceError, TransportError: a fault that another look would not cure.
    """

    def __init__(
        self,
        waiting: Waiting,
        handle: Handle,
        timeout: float | timedelta | None,
        poll: Poll | None,
    ) -> None:
        check_options(poll=poll, timeout=timeout_of(timeout))
        self._make = lambda: waiting.driver("crml.watch", (handle,), timeout, poll, keep=True)

    def __aiter__(self) -> Watch[M]:
        return self

    async def __anext__(self) -> StatusChange[M]:
        if self._closed:
            raise StopAsyncIteration
        driver = self._driver = self._driver or self._make()
        try:
            await driver.run(lambda: driver.changes)
        except Exception:
            self._end()
            raise
        if driver.changes:
            change = driver.changes.popleft()
            if driver.trace is not None:
                driver.trace.status(change)
            return change
        error = driver.brain.ready[0][1].error
        self._end()
        if error is None or isinstance(error, ResourceFailed):
            raise StopAsyncIteration
        raise error


class Completions(_Closing, Generic[M]):
    """An async iterator over the outcomes of many waits, in the order in which they come about.

    Nothing runs between two items, so it may be left at any time; polling goes on with the next
    item that is asked for. What has not ended at the deadline comes as an outcome with a
    ``WaitTimeout``.
    """

    def __init__(
        self,
        waiting: Waiting,
        handles: Iterable[Handle],
        timeout: float | timedelta | None,
        poll: Poll | None,
        on_update: Report | None,
        details: bool,
    ) -> None:
        check_options(poll=poll, on_update=on_update, timeout=timeout_of(timeout))
        self._handles = list(dict.fromkeys(handles))
        self._make = lambda: waiting.driver(
            "crml.wait_all", self._handles, timeout, poll, on_update, details=details
        )

    def __aiter__(self) -> Completions[M]:
        return self

    async def __anext__(self) -> Outcome[M]:
        if self._closed:
            raise StopAsyncIteration
        driver = self._driver = self._driver or self._make()
        ready = driver.brain.ready
        if not ready:
            await driver.run(lambda: ready)
        if not ready:
            self._end()
            raise StopAsyncIteration
        return ready.popleft()[1]

    async def collect(self) -> dict[Handle, Outcome[M]]:
        """All outcomes, by the handle that was asked for.

        Returns:
            The outcomes.
        """
        driver = self._driver = self._driver or self._make()
        await driver.run(lambda: False)
        self._end()
        return {self._handles[number]: outcome for number, outcome in driver.brain.ready}
