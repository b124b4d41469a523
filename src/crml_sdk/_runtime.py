"""What the library asks of the event loop: the time, a sleep, a bounded call, a group of tasks.

Under asyncio these are plain asyncio, so that the default backend needs nothing more. Under trio
(with ``http_backend="httpx"``) they are anyio's, which that backend brings along. No other module
of the library names an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

from typing_extensions import Self

T = TypeVar("T")


class Expired(Exception):
    """A bounded call was cut because its time was up."""


class Event(Protocol):
    """One flag that tasks can wait for."""

    def set(self) -> Any: ...
    def is_set(self) -> bool: ...
    async def wait(self) -> Any: ...


class TaskGroup(Protocol):
    """Tasks that end, one way or another, before the block that started them does.

    The first error of a task cancels the others and the block, and is raised by the block.
    """

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool: ...
    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None: ...
    def cancel(self) -> None: ...


class Runtime(Protocol):
    """One event loop library, as the rest of the package sees it. Times are in seconds."""

    name: str

    def clock(self) -> float:
        """Monotonic time of the running loop."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def bounded(self, seconds: float | None, function: Callable[[], Awaitable[T]]) -> T:
        """Await ``function()``, cut after ``seconds`` (None: never).

        Raises:
            Expired: the time was up; the call was cancelled and has ended.
        """
        ...

    async def shielded(self, seconds: float, function: Callable[[], Awaitable[T]]) -> T:
        """Await ``function()`` even while this task is being cancelled, for ``seconds`` at most.

        Raises:
            Expired: the time was up; the call was cancelled and has ended.
        """
        ...

    def event(self) -> Event: ...
    def lock(self) -> AbstractAsyncContextManager[Any]: ...
    def task_group(self) -> TaskGroup: ...


def current_runtime() -> Runtime:
    """The runtime of the event loop that is running now: asyncio's, or anyio's for trio."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return AnyioRuntime()
    return AsyncioRuntime()


class AsyncioRuntime:
    """Plain asyncio, for Python 3.10 and later.

    A bounded call runs in a task of its own and is waited for with ``asyncio.wait``: unlike
    cancelling the caller's own task, this cannot mistake the caller's cancellation for the end of
    the time, on any version of Python.
    """

    name = "asyncio"

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def bounded(self, seconds: float | None, function: Callable[[], Awaitable[T]]) -> T:
        if seconds is None:
            return await function()
        task = asyncio.create_task(_run(function))
        try:
            await asyncio.wait((task,), timeout=max(seconds, 0.0))
        except BaseException:
            await _end(task)
            _settle(task)
            raise
        await _end(task)
        return _result(task)

    async def shielded(self, seconds: float, function: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.create_task(_run(function))
        end = self.clock() + seconds
        interruption: asyncio.CancelledError | None = None
        while not task.done() and (left := end - self.clock()) > 0:
            try:
                await asyncio.wait((task,), timeout=left)
            except asyncio.CancelledError as error:
                interruption = error
        if not task.done():
            await _end(task)
        if interruption is not None:
            _settle(task)
            raise interruption
        return _result(task)

    def event(self) -> Event:
        return asyncio.Event()

    def lock(self) -> AbstractAsyncContextManager[Any]:
        return asyncio.Lock()

    def task_group(self) -> TaskGroup:
        return _AsyncioTaskGroup()


async def _run(function: Callable[[], Awaitable[T]]) -> T:
    return await function()


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel the task and see it end, even if the caller is cancelled meanwhile."""
    task.cancel()
    interruption: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        _settle(task)
        raise interruption


def _settle(task: asyncio.Task[Any]) -> None:
    """Take note of a finished task's error, so that asyncio does not warn of it."""
    if not task.cancelled():
        task.exception()


def _result(task: asyncio.Task[T]) -> T:
    if task.cancelled():
        raise Expired
    return task.result()


class _AsyncioTaskGroup:
    """What ``asyncio.TaskGroup`` (3.11) does, without exception groups."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._parent: asyncio.Task[Any] | None = None
        self._error: BaseException | None = None
        self._leaving = False
        self._interrupted = False

    async def __aenter__(self) -> Self:
        self._parent = asyncio.current_task()
        return self

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        task = asyncio.create_task(_run(lambda: function(*args)))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None or self._error is not None:
            return
        self._error = error
        self.cancel()
        if not self._leaving and self._parent is not None:
            self._interrupted = True
            self._parent.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._leaving = True
        if error is not None:
            self.cancel()
        interruption: BaseException | None = None
        while self._tasks:
            try:
                await asyncio.wait(tuple(self._tasks))
            except asyncio.CancelledError as cancelled:
                interruption = cancelled
                self.cancel()
        if self._error is not None and (
            error is None or (self._interrupted and isinstance(error, asyncio.CancelledError))
        ):
            self._withdraw_interruption()
            raise self._error
        if interruption is not None and error is None:
            raise interruption
        return False

    def _withdraw_interruption(self) -> None:
        if self._interrupted and self._parent is not None and hasattr(self._parent, "uncancel"):
            cast("Any", self._parent).uncancel()


class AnyioRuntime:
    """The same on anyio, which runs on trio; it is there with the httpx backend."""

    name = "anyio"

    def __init__(self) -> None:
        import anyio

        self._anyio = anyio

    def clock(self) -> float:
        return self._anyio.current_time()

    async def sleep(self, seconds: float) -> None:
        await self._anyio.sleep(seconds)

    async def bounded(self, seconds: float | None, function: Callable[[], Awaitable[T]]) -> T:
        if seconds is None:
            return await function()
        with self._anyio.move_on_after(seconds):
            return await function()
        raise Expired

    async def shielded(self, seconds: float, function: Callable[[], Awaitable[T]]) -> T:
        with self._anyio.move_on_after(seconds, shield=True):
            return await function()
        raise Expired

    def event(self) -> Event:
        return self._anyio.Event()

    def lock(self) -> AbstractAsyncContextManager[Any]:
        return self._anyio.Lock()

    def task_group(self) -> TaskGroup:
        return _AnyioTaskGroup(self._anyio.create_task_group())


class _AnyioTaskGroup:
    def __init__(self, group: Any) -> None:
        self._group = group

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        self._group.start_soon(function, *args)

    def cancel(self) -> None:
        # A scope of anyio cannot be told to cancel the tasks and not the block; the block of our
        # callers is at its end when it calls this.
        self._group.cancel_scope.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        try:
            return bool(await self._group.__aexit__(kind, error, trace))
        except BaseException as raised:
            only = getattr(raised, "exceptions", None)
            if only is not None and len(only) == 1:
                raise only[0] from None
            raise
