"""The event-loop layer, on asyncio and on trio."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import trio

from crml_sdk._runtime import Expired, Runtime, current_runtime

Check = Callable[[Runtime], Awaitable[None]]


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Check], None]:
    async def main(check: Check) -> None:
        await check(current_runtime())

    def runner(check: Check) -> None:
        if request.param == "trio":
            trio.run(main, check)
        else:
            asyncio.run(main(check), debug=True)

    return runner


def test_the_clock_and_a_sleep(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        begin = runtime.clock()
        await runtime.sleep(0)
        assert runtime.clock() >= begin

    run(check)


def test_a_bounded_call_returns_raises_or_is_cut(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        ended: list[str] = []

        async def quick() -> int:
            return 7

        async def wrong() -> int:
            raise ValueError("no")

        async def slow() -> None:
            try:
                await runtime.sleep(30)
            finally:
                ended.append("slow")

        assert await runtime.bounded(5, quick) == 7
        assert await runtime.bounded(None, quick) == 7
        with pytest.raises(ValueError):
            await runtime.bounded(5, wrong)
        with pytest.raises(Expired):
            await runtime.bounded(0.01, slow)
        assert ended == ["slow"]
        with pytest.raises(Expired):
            await runtime.bounded(0, slow)

    run(check)


def test_the_callers_cancellation_goes_through_a_bounded_call(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        ended: list[str] = []

        async def slow() -> None:
            try:
                await runtime.sleep(30)
            finally:
                ended.append("slow")

        began = runtime.clock()
        with anyio.move_on_after(0.01) as scope:
            await runtime.bounded(20, slow)
        assert scope.cancelled_caught
        assert ended == ["slow"]
        assert runtime.clock() - began < 20, "at once, not at the end of the time"

    run(check)


def test_cancelled_while_the_cut_call_winds_up() -> None:
    """Cancellation that arrives while a cut call is ending is not lost."""

    async def main() -> None:
        runtime = current_runtime()
        winding_up = asyncio.Event()

        async def stubborn() -> None:
            try:
                await asyncio.sleep(30)
            finally:
                winding_up.set()
                await asyncio.sleep(0.02)

        task = asyncio.create_task(runtime.bounded(0.001, stubborn))
        await winding_up.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_shielded_call_ends_though_its_caller_is_cancelled(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        done: list[str] = []

        async def last_words() -> None:
            await runtime.sleep(0.02)
            done.append("said")

        with anyio.move_on_after(0.001) as scope:
            try:
                await runtime.sleep(30)
            finally:
                await runtime.shielded(5, last_words)
        assert scope.cancelled_caught
        assert done == ["said"]

        with pytest.raises(Expired):
            await runtime.shielded(0.01, lambda: runtime.sleep(30))

    run(check)


def test_a_group_waits_for_its_tasks_and_raises_their_error(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        done: list[int] = []

        async def work(number: int) -> None:
            await runtime.sleep(0.001 * number)
            done.append(number)

        async def wrong() -> None:
            await runtime.sleep(0)
            raise ValueError("no")

        async with runtime.task_group() as group:
            for number in range(3):
                group.start(work, number)
        assert sorted(done) == [0, 1, 2]

        with pytest.raises(ValueError):  # noqa: PT012
            async with runtime.task_group() as group:
                group.start(runtime.sleep, 30)
                group.start(wrong)
                await runtime.sleep(30)

        with pytest.raises(ValueError):
            async with runtime.task_group() as group:
                group.start(wrong)

        with pytest.raises(KeyError):  # noqa: PT012
            async with runtime.task_group() as group:
                group.start(runtime.sleep, 30)
                raise KeyError("block")

        async with runtime.task_group() as group:
            group.start(runtime.sleep, 30)
            group.cancel()

        with anyio.move_on_after(0.01) as scope:
            async with runtime.task_group() as group:
                group.start(runtime.sleep, 30)
        assert scope.cancelled_caught

    run(check)


def test_events(run: Any) -> None:
    async def check(runtime: Runtime) -> None:
        event = runtime.event()

        async def setter() -> None:
            event.set()

        async with runtime.task_group() as group:
            group.start(setter)
            await event.wait()
        assert event.is_set()

    run(check)


def test_an_error_of_a_task_leaves_the_caller_uncancelled() -> None:
    """The interruption that a failing task causes is withdrawn (``asyncio.Task.uncancel``)."""

    async def main() -> None:
        runtime = current_runtime()

        async def wrong() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError):  # noqa: PT012
            async with runtime.task_group() as group:
                group.start(wrong)
                await asyncio.sleep(30)
        task = asyncio.current_task()
        assert task is not None
        assert getattr(task, "cancelling", lambda: 0)() == 0
        await asyncio.sleep(0)

    asyncio.run(main())


@pytest.mark.parametrize("how", ["it had ended", "it ends while it is cut"])
def test_an_error_that_a_cancelled_caller_leaves_behind_is_taken_note_of(how: str) -> None:
    """asyncio complained of it ("Task exception was never retrieved")."""

    async def main() -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        gate = asyncio.Event()

        async def wrong() -> None:
            try:
                await gate.wait()
            finally:
                raise ValueError("no")

        caller = asyncio.ensure_future(current_runtime().bounded(30, wrong))
        await asyncio.sleep(0.01)
        if how == "it had ended":
            gate.set()
            await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        del caller
        await asyncio.sleep(0)  # the event loop lets go of it
        gc.collect()
        assert complaints == []

    asyncio.run(main())
