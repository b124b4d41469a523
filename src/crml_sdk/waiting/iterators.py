"""Iterators: over the status changes of one resource, and over the outcomes of many waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import Self, TypeVar, Unpack

from ..errors import ResourceFailed
from ..times import timeout_of
from .handles import Handle
from .outcomes import Outcome, StatusChange
from .pace import WaitOptions, check_options

if TYPE_CHECKING:
    from .driver import Driver, Waiting

M = TypeVar("M", default=Any)


class _Iterator:
    """A wait that begins when its first item is requested.

    `aclose()`, the end of `async with` or garbage collection end it early.
    """

    _driver: Driver | None = None
    _closed = False

    def __init__(
        self, waiting: Waiting, what: str, handles: list[Handle], **options: Unpack[WaitOptions]
    ) -> None:
        check_options(poll=options.get("poll"), on_update=options.get("on_update"))
        timeout_of(options.get("timeout"))
        self._make = partial(waiting.driver, what, handles, **options)

    def _begun(self) -> Driver:
        self._driver = self._driver or self._make()
        return self._driver

    def __aiter__(self) -> Self:
        return self

    async def aclose(self) -> None:
        """End the iteration. Nothing runs between two items, so this only closes the trace."""
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


class Watch(_Iterator, Generic[M]):
    """An async iterator over the status changes of one resource.

    It ends after the status in which the wait ends, whether that is good or bad. Nothing runs
    between two items, so you may leave it at any time. `aclose()` and `async with` are optional.

    Raises, while iterating:
        WaitTimeout: The time was up.
        ServiceError, TransportError: A fault that another poll would not cure.
    """

    def __init__(self, waiting: Waiting, handle: Handle, **options: Unpack[WaitOptions]) -> None:
        self._changes: deque[StatusChange[M]] = deque()
        options["on_update"] = self._changes.append
        super().__init__(waiting, "crml.watch", [handle], **options)

    async def __anext__(self) -> StatusChange[M]:
        if self._closed:
            raise StopAsyncIteration
        driver = self._begun()
        try:
            await driver.run(lambda: self._changes)
        except Exception:
            self._end()
            raise
        if self._changes:
            return self._changes.popleft()
        error = driver.brain.ready[0][1].error
        self._end()
        if error is None or isinstance(error, ResourceFailed):
            raise StopAsyncIteration
        raise error


class Completions(_Iterator, Generic[M]):
    """An async iterator over the outcomes of many waits, in the order in which the waits end.

    Nothing runs between two items, so you may leave it at any time. Polling continues when the next
    item is asked for. What has not ended at the deadline comes as an outcome with a `WaitTimeout`.
    """

    def __init__(
        self, waiting: Waiting, handles: Iterable[Handle], **options: Unpack[WaitOptions]
    ) -> None:
        self._handles = list(dict.fromkeys(handles))
        super().__init__(waiting, "crml.wait_all", self._handles, **options)

    async def __anext__(self) -> Outcome[M]:
        if self._closed:
            raise StopAsyncIteration
        driver = self._begun()
        ready = driver.brain.ready
        if not ready:
            await driver.run(lambda: ready)
        if not ready:
            self._end()
            raise StopAsyncIteration
        return ready.popleft()[1]

    async def collect(self) -> dict[Handle, Outcome[M]]:
        """Wait for all of them.

        Returns:
            The outcomes, by the handle that was given.
        """
        driver = self._begun()
        await driver.run()
        self._end()
        return {self._handles[number]: outcome for number, outcome in driver.brain.ready}
