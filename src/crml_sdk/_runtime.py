"""What the library needs of the event loop: the time, a sleep, a bounded call, a group of tasks.

Under asyncio these are plain asyncio, so that the default backend needs nothing more. Under trio
(with ``http_backend="httpx"``) they are those of anyio, which comes with that backend. No other
module of the library names an event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from typing_extensions import Self

T = TypeVar("T")


class Expired(Exception):
    """A bounded call was cancelled because its time was up."""


class Event(Protocol):
    """A flag that tasks can wait for."""

    def set(self) -> Any: ...
    def is_set(self) -> bool: ...
    async def wait(self) -> Any: ...


class Runtime(NamedTuple):
    """One event loop library, as the rest of the package uses it. Times are in seconds.

    Attributes:
        clock: Gives the monotonic time of the running loop.
        sleep: Waits for so many seconds.
        event: Makes an event.
        task_group: Makes a group of tasks.
        limited: Awaits a function for so many seconds, perhaps shielded from cancellation.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    event: Callable[[], Event]
    task_group: Callable[[], TaskGroup]
    limited: Callable[[float, Callable[[], Awaitable[Any]], bool], Awaitable[Any]]

    async def bounded(self, seconds: float | None, function: Callable[[], Awaitable[T]]) -> T:
        """Await ``function()``, and cancel it after ``seconds`` (None: never).

        Raises:
            Expired: The time was up. The call was cancelled and has ended.
        """
        if seconds is None:
            return await function()
        return await self.limited(seconds, function, False)

    async def shielded(self, seconds: float, function: Callable[[], Awaitable[T]]) -> T:
        """Await ``function()`` for at most ``seconds``, even while this task is being cancelled.

        Raises:
            Expired: The time was up. The call was cancelled and has ended.
        """
        return await self.limited(seconds, function, True)


def current_runtime() -> Runtime:
    """The runtime of the event loop that is running now: asyncio, or anyio for trio."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import anyio

        return Runtime(
            anyio.current_time, anyio.sleep, anyio.Event, _AnyioTaskGroup, _limited_by_anyio
        )
    return Runtime(loop.time, asyncio.sleep, asyncio.Event, _AsyncioTaskGroup, _limited_by_asyncio)


async def _limited_by_asyncio(
    seconds: float, function: Callable[[], Awaitable[T]], shield: bool
) -> T:
    """Run a call as a task of its own.

    Unlike a cancellation of the caller's own task, this cannot mistake the caller's cancellation
    for the end of the time, on any version of Python.
    """
    task = asyncio.create_task(_run(function))
    clock = asyncio.get_running_loop().time
    end, left = clock() + seconds, max(seconds, 0.0)
    interruption: asyncio.CancelledError | None = None
    waiting = True
    while waiting:
        try:
            await asyncio.wait((task,), timeout=left)
        except asyncio.CancelledError as error:
            interruption = error
        left = end - clock()
        waiting = not task.done() and left > 0 and (shield or interruption is None)
    task.cancel()
    while not task.done():  # even if the caller is cancelled meanwhile
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        if not task.cancelled():
            task.exception()  # asyncio warns of an error that nobody has asked for
        raise interruption
    if task.cancelled():
        raise Expired
    return task.result()


async def _run(function: Callable[[], Awaitable[T]]) -> T:
    return await function()


async def _limited_by_anyio(
    seconds: float, function: Callable[[], Awaitable[T]], shield: bool
) -> T:
    import anyio

    with anyio.move_on_after(seconds, shield=shield):
        return await function()
    raise Expired


class _AsyncioTaskGroup:
    """Tasks that end before the block that started them does.

    The first error of a task cancels the others and the block, and the block raises it. As
    ``asyncio.TaskGroup`` (3.11), without exception groups.
    """

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

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
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
            if self._interrupted and hasattr(self._parent, "uncancel"):
                cast("Any", self._parent).uncancel()
            raise self._error
        if interruption is not None and error is None:
            raise interruption
        return False


class _AnyioTaskGroup:
    def __init__(self) -> None:
        import anyio

        self._group: Any = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    def start(self, function: Callable[..., Awaitable[Any]], *args: Any) -> None:
        self._group.start_soon(function, *args)

    def cancel(self) -> None:
        # A scope of anyio cannot be told to cancel the tasks and not the block; the block of our
        # callers is at its end when it calls this.
        self._group.cancel_scope.cancel()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        try:
            return bool(await self._group.__aexit__(kind, error, trace))
        except BaseException as raised:
            only = getattr(raised, "exceptions", None)
            if only is not None and len(only) == 1:
                raise only[0] from None
            raise


TaskGroup = _AsyncioTaskGroup | _AnyioTaskGroup
