"""Virtual time: whenever nothing else can run, the clock jumps to the next thing that is due."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio
import trio.testing

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is None or timeout > 0 else timeout)
        if not ready and timeout:
            self.loop.now += timeout
        elif not ready and timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop of asyncio whose time passes only when it would have slept."""

    def __init__(self) -> None:
        self.now = 1000.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def run_asyncio(main: Callable[[], Awaitable[T]]) -> T:
    loop = VirtualLoop()
    loop.set_debug(True)
    loop.slow_callback_duration = 5.0
    try:
        return loop.run_until_complete(_checked(main))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _checked(main: Callable[[], Awaitable[T]]) -> T:
    """The test, which must leave no task behind."""
    result = await main()
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, f"tasks left behind: {left}"
    return result


def run_trio(main: Callable[[], Awaitable[T]]) -> T:
    async def checked() -> T:
        before = trio.lowlevel.current_statistics().tasks_living
        result = await main()
        assert trio.lowlevel.current_statistics().tasks_living == before
        return result

    return trio.run(checked, clock=trio.testing.MockClock(autojump_threshold=0))
