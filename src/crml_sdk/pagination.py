"""Lists: awaited whole, streamed item by item, or read page by page."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    NoReturn,
    SupportsIndex,
    cast,
    overload,
)

from typing_extensions import TypeVar

from ._runtime import Expired, current_runtime
from .errors import CallTimeout, CleanRoomsMLError, PaginationStalled
from .times import seconds_of

if TYPE_CHECKING:
    from .metadata import ResponseMetadata
    from .operation import Operation
    from .prefetching import Rows

T = TypeVar("T")
R = TypeVar("R", default=Any)
T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True, default=Any)

PAGE_SIZE: Final = 100
"""Rows asked for in a page: the most that every list of the service allows. When nothing is asked for,
the service's own default counts, which is 10 for versions: ten times the round trips."""

EMPTY_PAGES: Final = 1_000
"""Pages without rows, one after the other, after which a list is taken to have no end."""


@dataclass(frozen=True)
class Page(Generic[T_co, R_co]):
    """One page of a list.

    Attributes:
        items: The rows, perhaps none although more pages follow.
        next_token: Gives the next page when passed as `starting_token`; None on the last one.
        reply: The reply as its model.
        received: How many rows the service sent, when a filter of ours left out some.
    """

    items: Sequence[T_co]
    next_token: str | None = None
    reply: R_co = field(default=cast("R_co", None), repr=False, compare=False)
    received: int | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    def to_records(self) -> list[dict[str, Any]]:
        """The rows as plain flat dicts, which pandas and polars take; see `crml_sdk.to_records`.

        Returns:
            A dict for each row.
        """
        from .display import to_records

        return to_records(self.items)

    def _repr_html_(self) -> str:
        from .display.tables import table

        return table(self.items)

    @property
    def response_metadata(self) -> ResponseMetadata | None:
        """Request id, status, headers and attempts of this page's reply."""
        return getattr(self.reply, "response_metadata", None)


class ItemList(list[T]):
    """What an awaited list gives: a list, which a notebook shows as a table."""

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> ItemList[T]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> T | ItemList[T]:
        found = super().__getitem__(index)
        return ItemList(cast("list[T]", found)) if isinstance(index, slice) else cast("T", found)

    def to_records(self) -> list[dict[str, Any]]:
        """The items as plain flat dicts, which pandas and polars take; see `crml_sdk.to_records`.

        Returns:
            A dict for each item.
        """
        from .display import to_records

        return to_records(self)

    def _repr_html_(self) -> str:
        from .display.tables import table

        return table(self)


Fetch = Callable[["str | None", int], Awaitable[Page[T, R]]]
"""Gives the page behind a token (the first one for None), asking for so many rows."""

Source = Callable[[], Awaitable[Fetch[T, R]]]
"""Prepares one iteration (a version selector is resolved here) and gives its `Fetch`."""


class Paginator(Generic[T, R]):
    """A list of the service, not read yet.

    `await` collects every item into an `ItemList`, `async for` streams them a page at a time,
    `pages()` streams pages. It can be iterated over again, each time from its start, and keeps
    nothing between two times.

    Args:
        operation: The documented name, for errors.
        source: Prepares an iteration.
        limit: Items in all; None for every item.
        starting_token: The `next_token` of an earlier page, to go on behind it.
        unique_by: Keeps the first item of each key only.
        max_results: Rows to ask for in each request; when left out 100, or `limit` where it is less.
        prefetch: Whether the next page is fetched while one is worked on; for `async with`.
        total_timeout: Seconds for an iteration: its calls, and what is done between them.
    """

    __slots__ = (
        "_limit",
        "_max_results",
        "_opened",
        "_operation",
        "_prefetch",
        "_source",
        "_start",
        "_total_timeout",
        "_unique_by",
    )

    def __init__(
        self,
        operation: str,
        source: Source[T, R],
        *,
        limit: int | None = None,
        starting_token: str | None = None,
        unique_by: Callable[[T], Hashable] | None = None,
        max_results: int | None = None,
        prefetch: bool = False,
        total_timeout: float | timedelta | None = None,
    ) -> None:
        if limit is not None and limit < 0:
            raise ValueError("limit counts items: 0 or more")
        self._operation = operation
        self._source = source
        self._limit = limit
        self._start = starting_token
        self._unique_by = unique_by
        self._max_results = max_results
        self._prefetch = prefetch
        self._total_timeout = _seconds(total_timeout)
        self._opened: Rows[T, R] | None = None

    def __await__(self) -> Generator[Any, Any, ItemList[T]]:
        return self._collect().__await__()

    async def _collect(self) -> ItemList[T]:
        found: ItemList[T] = ItemList()
        async for page in self._read(self._limit):
            found.extend(page.items)
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        return Items(self.pages())

    def pages(self) -> AsyncIterator[Page[T, R]]:
        """Stream the pages, empty ones included.

        When a page cannot be fetched, the error carries `page_token`, and asking the same iterator
        again asks for the same page again: nothing is lost.

        Returns:
            An iterator for `async for`.

        Raises:
            TypeError: The list was made with `prefetch=True` and is not open.
            PaginationStalled: The service repeated a token, or sent 1,000 pages without a row.
            CallTimeout: `total_timeout` passed.
            CleanRoomsMLError: What the call raised.
        """
        if self._prefetch:
            raise TypeError(
                "with prefetch=True a page is fetched ahead, and something must end that: write"
                " `async with ....list(prefetch=True) as rows:` and iterate over rows"
            )
        return self._read(self._limit)

    def _read(self, limit: int | None) -> Pages[T, R]:
        size = self._max_results
        if size is None:
            # How many rows it takes for so many different ones, nobody knows.
            known = limit if self._unique_by is None else None
            size = min(known or PAGE_SIZE, PAGE_SIZE)
        return Pages(
            self._operation,
            self._source,
            size=size,
            limit=limit,
            token=self._start,
            unique_by=self._unique_by,
            total_timeout=self._total_timeout,
        )

    async def first(self) -> T | None:
        """Fetch the first item; one row is asked for, and no more pages than it takes.

        Returns:
            The item, or None when there is none.
        """
        async for item in Items(self._read(1 if self._limit is None else min(self._limit, 1))):
            return item
        return None

    def unique(self, key: Callable[[T], Hashable], *, limit: int | None = None) -> Paginator[T, R]:
        """Take only the first item of each key.

        Args:
            key: Gives what no two items shall share.
            limit: Items in all; this list's own when left out.

        Returns:
            A new list.
        """
        return Paginator(
            self._operation,
            self._source,
            limit=self._limit if limit is None else limit,
            starting_token=self._start,
            unique_by=key,
            max_results=self._max_results,
            prefetch=self._prefetch,
            total_timeout=self._total_timeout,
        )

    async def __aenter__(self) -> Rows[T, R]:
        if self._opened is not None:
            raise RuntimeError(
                "this list is open already: make another one to read it twice at once"
            )
        from .prefetching import Rows

        rows: Rows[T, R] = Rows(self._read(self._limit), prefetch=self._prefetch)
        self._opened = rows
        await rows.__aenter__()
        return rows

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        rows, self._opened = self._opened, None
        return rows is not None and await rows.__aexit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<Paginator of {self._operation}; await it, or iterate with `async for`>"

    if not TYPE_CHECKING:  # checkers flag these by themselves

        def __iter__(self) -> NoReturn:
            raise TypeError("a list of the service is read with `async for`, or whole with `await`")

        def __len__(self) -> NoReturn:
            raise TypeError("how long a list is, is known when it has been read: len(await ...)")

        def __getitem__(self, index: Any) -> NoReturn:
            raise TypeError(
                "a list of the service must be read before it has positions: (await ...)[0]; for"
                " the first item alone there is `await ....first()`"
            )

        def __bool__(self) -> bool:
            return True


def read_list(
    call: Callable[[Operation, dict[str, Any]], Awaitable[Any]],
    operation: Operation,
    request: Mapping[str, Any],
) -> Paginator[Any, Any]:
    """A list of the service whose request is complete.

    Args:
        call: Sends a request and gives the model of its reply.
        operation: The list operation.
        request: Its request by wire names, checked.

    Returns:
        The list, not read yet.
    """

    async def fetch(token: str | None, size: int) -> Page[Any]:
        page = {**request, "maxResults": size, **({"nextToken": token} if token else {})}
        reply = await call(operation, page)
        return Page(getattr(reply, operation.items or ""), reply.next_token, reply)

    async def source() -> Fetch[Any, Any]:
        return fetch

    return Paginator(operation.name, source)


def _seconds(given: Any) -> float | None:
    if given is None:
        return None
    seconds = seconds_of("total_timeout", given)
    if not seconds > 0:
        raise ValueError(f"total_timeout={given!r}: give more than 0 seconds")
    return seconds


class Pages(Generic[T, R]):
    """One iteration over pages. A class, not a generator: a failed step can be tried again, and an
    iteration left early leaves nothing to finalise."""

    def __init__(
        self,
        operation: str,
        source: Source[T, R],
        *,
        size: int,
        limit: int | None,
        token: str | None,
        unique_by: Callable[[T], Hashable] | None,
        total_timeout: float | None,
    ) -> None:
        self._operation = operation
        self._source = source
        self._size = size
        self._left = limit
        self._token = token
        self._unique_by = unique_by
        self._total_timeout = total_timeout
        self._deadline: float | None = None
        self._fetch: Fetch[T, R] | None = None
        self._repeated: str | None = None
        self._empty = 0
        self._seen: set[Hashable] = set()
        # Hashes only: a million rows have ten thousand tokens of up to 10 KB.
        self._tokens: set[int] = set() if token is None else {hash(token)}
        self.done: bool = limit == 0
        """Whether there is nothing to fetch behind the page that was given last."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise TypeError("pages are read with `async for page in ....pages()`")

        def __await__(self) -> NoReturn:
            raise TypeError(
                "pages are read with `async for`; for all items in one list await what pages() was"
                " called on"
            )

    def __aiter__(self) -> AsyncIterator[Page[T, R]]:
        return self

    async def __anext__(self) -> Page[T, R]:
        if self.done:
            raise StopAsyncIteration
        if self._repeated is not None:
            self.done = True
            raise PaginationStalled(self._operation, self._repeated)
        if self._empty >= EMPTY_PAGES and self._token is not None:
            stalled = PaginationStalled(self._operation, self._token, empty_pages=self._empty)
            stalled.page_token, self._empty = self._token, 0  # who wants to go on may
            raise stalled
        try:
            page = await self._bounded()
        except CleanRoomsMLError as error:
            error.page_token = self._token
            raise
        self._go_on_behind(page)
        return self._cut(self._without_repeats(page))

    async def _bounded(self) -> Page[T, R]:
        if self._total_timeout is None:
            return await self._fetched()
        runtime = current_runtime()
        if self._deadline is None:
            self._deadline = runtime.clock() + self._total_timeout
        left = self._deadline - runtime.clock()
        if left > 0:
            try:
                return await runtime.bounded(left, self._fetched)
            except Expired:
                pass
        raise CallTimeout(
            self._operation, f"the list was not read within {self._total_timeout:g} seconds"
        )

    async def _fetched(self) -> Page[T, R]:
        if self._fetch is None:
            self._fetch = await self._source()
        return await self._fetch(self._token, self._size)

    def _go_on_behind(self, page: Page[T, R]) -> None:
        token = page.next_token
        self._empty = 0 if page.received or page.items else self._empty + 1
        if not token:
            self.done = True
        elif hash(token) in self._tokens:
            # The rows of this page are good; only going on behind it would lead in a circle.
            self._repeated = token
        else:
            self._tokens.add(hash(token))
            self._token = token

    def _without_repeats(self, page: Page[T, R]) -> Page[T, R]:
        if self._unique_by is None:
            return page
        kept: list[T] = []
        for item in page.items:
            key = self._unique_by(item)
            if key not in self._seen:
                self._seen.add(key)
                kept.append(item)
        return Page(kept, page.next_token, page.reply, page.received)

    def _cut(self, page: Page[T, R]) -> Page[T, R]:
        if self._left is None:
            return page
        if len(page.items) > self._left:
            # A token would skip what is cut off here.
            page = Page(page.items[: self._left], None, page.reply, page.received)
        self._left -= len(page.items)
        if self._left == 0:
            self.done = True
        return page


class Items(Generic[T]):
    def __init__(self, pages: AsyncIterator[Page[T, Any]]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            self._items = iter((await self._pages.__anext__()).items)
