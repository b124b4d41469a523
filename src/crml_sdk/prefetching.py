"""Open lists: read inside a block, which ends what is fetched ahead."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar

from ._runtime import Event, TaskGroup, current_runtime
from .pagination import Items, Page, Pages

T = TypeVar("T")
R = TypeVar("R", default=Any)


class OpenList(Generic[T, R]):
    """A list inside its `async with` block. `async for` gives its items."""

    def __init__(self, source: AsyncIterator[Page[T, R]]) -> None:
        self._source = source
        self._items = Items(source)
        self._open = True

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        self._must_be_open()
        return await self._items.__anext__()

    def pages(self) -> AsyncIterator[Page[T, R]]:
        """Read the pages instead of the items.

        Returns:
            An iterator for `async for`, which ends with the block.

        Raises:
            RuntimeError: The block has ended.
            CleanRoomsMLError: As from `Paginator.pages`. An error is raised in place of its page.
        """
        self._must_be_open()
        return self._source

    def _must_be_open(self) -> None:
        if not self._open:
            raise RuntimeError("this list is closed: read it inside of its `async with` block")

    def _close(self) -> None:
        self._open = False


@asynccontextmanager
async def opened(pages: Pages[T, R], *, prefetch: bool) -> AsyncGenerator[OpenList[T, R], None]:
    """Open a list for the time of a block."""
    async with AsyncExitStack() as stack:
        source: AsyncIterator[Page[T, R]] = pages
        if prefetch:
            tasks = await stack.enter_async_context(current_runtime().task_group())
            stack.callback(tasks.cancel)
            source = _Ahead(pages, tasks)
        rows = OpenList(source)
        stack.callback(rows._close)  # pyright: ignore[reportPrivateUsage]
        yield rows


@dataclass
class _Early(Generic[T, R]):
    """A page that is being fetched, then the page or its error."""

    came: Event
    page: Page[T, R] | None = None
    error: Exception | None = None


class _Ahead(Generic[T, R]):
    """Pages, each fetched while the caller works on the one before."""

    def __init__(self, pages: Pages[T, R], tasks: TaskGroup) -> None:
        self._pages = pages
        self._tasks = tasks
        self._runtime = current_runtime()
        self._early: _Early[T, R] | None = None
        self._page: Page[T, R] | None = None

    def __aiter__(self) -> AsyncIterator[Page[T, R]]:
        return self

    async def __anext__(self) -> Page[T, R]:
        # Nothing is taken before it is handed over: the caller may be cancelled at each `await`.
        if self._page is None:
            early = self._early or self._begin()
            await early.came.wait()
            self._early = None
            if early.error is not None:
                raise early.error
            self._page = early.page
            if not self._pages.done:
                self._begin()
                # A caller that works without awaiting would keep the request from going out. Twice,
                # because trio runs ready tasks in any order.
                await self._runtime.sleep(0)
                await self._runtime.sleep(0)
        page, self._page = self._page, None
        if page is None:
            raise RuntimeError("this list was closed while a page was waited for")
        return page

    def _begin(self) -> _Early[T, R]:
        self._early = early = _Early[T, R](self._runtime.event())
        self._tasks.start(self._fetch, early)
        return early

    async def _fetch(self, early: _Early[T, R]) -> None:
        try:
            early.page = await self._pages.__anext__()
        except Exception as error:  # raised when the caller asks for this page
            early.error = error
        finally:
            early.came.set()
