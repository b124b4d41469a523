"""Open lists: read inside of a block, which ends what is fetched ahead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic

from typing_extensions import TypeVar

from ._runtime import Event, TaskGroup, current_runtime
from .pagination import Items, Page, Pages

T = TypeVar("T")
R = TypeVar("R", default=Any)


class Rows(Generic[T, R]):
    """An open list, while its `async with` block lasts: `async for` gives its items."""

    def __init__(self, pages: Pages[T, R], *, prefetch: bool) -> None:
        self._ahead = _Ahead(pages) if prefetch else None
        self._source: AsyncIterator[Page[T, R]] = self._ahead or pages
        self._items = Items(self._source)
        self._open = False

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        self._must_be_open()
        return await self._items.__anext__()

    def pages(self) -> AsyncIterator[Page[T, R]]:
        """Stream the pages instead of the items.

        Returns:
            An iterator for `async for`; ends with the block.

        Raises:
            RuntimeError: The block has ended.
            CleanRoomsMLError: As from `Paginator.pages`, each error when its page would come.
        """
        self._must_be_open()
        return self._source

    def _must_be_open(self) -> None:
        if not self._open:
            raise RuntimeError("this list is closed: read it inside of its `async with` block")

    async def __aenter__(self) -> Rows[T, R]:
        if self._ahead is not None:
            await self._ahead.open()
        self._open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._open = False
        return self._ahead is not None and await self._ahead.close(kind, error, trace)


@dataclass
class _Early(Generic[T, R]):
    """A page under way, or what came of it."""

    came: Event
    page: Page[T, R] | None = None
    error: Exception | None = None


class _Ahead(Generic[T, R]):
    """Pages, each fetched while the caller works on the one before."""

    def __init__(self, pages: Pages[T, R]) -> None:
        self._pages = pages
        self._runtime = current_runtime()
        self._tasks: TaskGroup = self._runtime.task_group()
        self._early: _Early[T, R] | None = None
        self._page: Page[T, R] | None = None

    async def open(self) -> None:
        await self._tasks.__aenter__()

    async def close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._tasks.cancel()
        return await self._tasks.__aexit__(kind, error, trace)

    def __aiter__(self) -> AsyncIterator[Page[T, R]]:
        return self

    async def __anext__(self) -> Page[T, R]:
        # Nothing is taken before it is handed over: a caller may be cancelled at each `await`.
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
                # because trio runs what is ready in any order.
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
        except Exception as error:  # told when the page would have its turn
            early.error = error
        finally:
            early.came.set()
