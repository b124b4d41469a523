"""Lists: awaited whole, streamed item by item, or read page by page."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, SupportsIndex, cast, overload

from typing_extensions import TypeVar

from ._runtime import Expired, current_runtime
from .errors import CallTimeout, CleanRoomsMLError, PaginationStalled
from .times import seconds_of

if TYPE_CHECKING:
    from .metadata import ResponseMetadata
    from .operation import Operation
    from .prefetching import OpenList

T = TypeVar("T")
R = TypeVar("R", default=Any)
T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True, default=Any)

PAGE_SIZE: Final = 100
"""Rows asked for in a page: the most that every list of the service allows. When nothing is asked for,
the service's own default counts, which is 10 for versions: ten times the round trips."""

EMPTY_PAGES: Final = 1_000
"""Pages without rows, one after the other, after which a list is taken to have no end."""


class _Table(Iterable[T_co]):
    """Items that a notebook shows as a table."""

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


@dataclass(frozen=True)
class Page(_Table[T_co], Generic[T_co, R_co]):
    """One page of a list.

    Attributes:
        items: The items. There may be none although more pages follow.
        next_token: Gives the next page when passed as `starting_token`. None on the last page.
        reply: The reply as its model.
        received: How many rows the service sent, where the SDK left out some.
    """

    items: Sequence[T_co]
    next_token: str | None = None
    reply: R_co = field(default=cast("R_co", None), repr=False, compare=False)
    received: int | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    @property
    def response_metadata(self) -> ResponseMetadata | None:
        """Request id, status, headers and attempts of this page's reply."""
        return getattr(self.reply, "response_metadata", None)


class ItemList(list[T], _Table[T]):
    """The items of an awaited list. It is a `list`, and a notebook shows it as a table."""

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, index: slice, /) -> ItemList[T]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> T | ItemList[T]:
        found = super().__getitem__(index)
        return ItemList(cast("list[T]", found)) if isinstance(index, slice) else cast("T", found)


Fetch = Callable[["str | None", int], Awaitable[Page[T, R]]]
"""Gives the page behind a token (the first one for None), asking for so many rows."""

Source = Callable[[], Awaitable[Fetch[T, R]]]
"""Prepares one iteration (a version selector is resolved here) and gives its `Fetch`."""


@dataclass(frozen=True)
class Listing(Generic[T, R]):
    """How a list is read.

    Attributes:
        operation: The documented name, for errors.
        source: Prepares an iteration.
        limit: Items in all. None means every item.
        starting_token: The `next_token` of an earlier page, to go on after it.
        unique_by: Keeps only the first item of each key.
        max_results: Rows to ask for in each request. None means 100, or `limit` if that is less.
        prefetch: Whether the next page is fetched while one is worked on; for `async with`.
        total_timeout: Seconds (or a `timedelta`) for an iteration: its calls, and what is done
            between them.
    """

    operation: str
    source: Source[T, R]
    limit: int | None = None
    starting_token: str | None = None
    unique_by: Callable[[T], Hashable] | None = None
    max_results: int | None = None
    prefetch: bool = False
    total_timeout: float | timedelta | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise ValueError("limit counts items: 0 or more")
        if self.total_timeout is not None and not seconds_of("total_timeout", self.total_timeout):
            raise ValueError(f"total_timeout={self.total_timeout!r}: give more than 0 seconds")

    @property
    def size(self) -> int:
        """Rows to ask for in each request."""
        # It is not known how many rows give a certain number of different ones.
        known = self.limit if self.unique_by is None else None
        return self.max_results or min(known or PAGE_SIZE, PAGE_SIZE)


class Paginator(Generic[T, R]):
    """A list of the service that has not been read yet.

    `await` collects all items into an `ItemList`, `async for` reads them a page at a time, and
    `pages()` gives the pages. Each iteration reads the list from its start, and keeps nothing when
    it ends.
    """

    __slots__ = ("_listing", "_opened")

    def __init__(self, listing: Listing[T, R]) -> None:
        self._listing = listing
        self._opened: AbstractAsyncContextManager[OpenList[T, R], bool | None] | None = None

    def __await__(self) -> Generator[Any, Any, ItemList[T]]:
        return self._collect().__await__()

    async def _collect(self) -> ItemList[T]:
        found: ItemList[T] = ItemList()
        async for page in Pages(self._listing):
            found.extend(page.items)
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        return Items(self.pages())

    def pages(self) -> AsyncIterator[Page[T, R]]:
        """Read the pages one by one, empty ones included.

        When a page cannot be fetched, the error has a `page_token`. The same iterator then asks for
        the same page again, so nothing is lost.

        Returns:
            An iterator for `async for`.

        Raises:
            TypeError: The list was made with `prefetch=True` and is not open.
            PaginationStalled: The service repeated a token, or sent 1,000 pages without a row.
            CallTimeout: `total_timeout` passed.
            CleanRoomsMLError: As from the call.
        """
        if self._listing.prefetch:
            raise TypeError(
                "with prefetch=True a page is fetched ahead, and something must end that: write"
                " `async with ....list(prefetch=True) as rows:` and iterate over rows"
            )
        return Pages(self._listing)

    async def first(self) -> T | None:
        """Fetch the first item. One row is asked for, from no more pages than necessary.

        Returns:
            The item, or None when there is none.
        """
        limit = self._listing.limit
        listing = replace(self._listing, limit=1 if limit is None else min(limit, 1))
        async for item in Items(Pages(listing)):
            return item
        return None

    def unique(self, key: Callable[[T], Hashable], *, limit: int | None = None) -> Paginator[T, R]:
        """Take only the first item of each key.

        Args:
            key: Gives the key of an item.
            limit: Items in all. By default, the limit of this list.

        Returns:
            A new list.
        """
        limit = self._listing.limit if limit is None else limit
        return Paginator(replace(self._listing, unique_by=key, limit=limit))

    async def __aenter__(self) -> OpenList[T, R]:
        if self._opened is not None:
            raise RuntimeError(
                "this list is open already: make another one to read it twice at once"
            )
        from .prefetching import opened

        self._opened = opened(Pages(self._listing), prefetch=self._listing.prefetch)
        return await self._opened.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        opened, self._opened = self._opened, None
        return opened is not None and bool(await opened.__aexit__(kind, error, trace))

    def __repr__(self) -> str:
        return f"<Paginator of {self._listing.operation}; await it, or iterate with `async for`>"

    if not TYPE_CHECKING:  # checkers flag these by themselves

        def __iter__(self) -> NoReturn:
            raise TypeError(
                "iterate over this list with `async for`, or read all of it with `await`"
            )

        def __len__(self) -> NoReturn:
            raise TypeError("the length is not known until the list has been read: len(await ...)")

        def __getitem__(self, index: Any) -> NoReturn:
            raise TypeError(
                "read the list before you index it: (await ...)[0]; to read only the first item,"
                " use `await ....first()`"
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

    async def source() -> Fetch[Any, Any]:
        return fetch_from(call, operation, request)

    return Paginator(Listing(operation.name, source))


def fetch_from(
    call: Callable[[Operation, dict[str, Any]], Awaitable[Any]],
    operation: Operation,
    request: Mapping[str, Any],
    keep: Callable[[Any], bool] | None = None,
) -> Fetch[Any, Any]:
    """How the pages of a list operation are fetched.

    Args:
        call: Sends a request and gives the model of its reply.
        operation: The list operation.
        request: Its request by wire names, checked. A size that it names wins.
        keep: Whether to keep a row.
    """

    async def fetch(token: str | None, size: int) -> Page[Any]:
        page = {"maxResults": size, **request}
        if token is not None:
            page["nextToken"] = token
        reply = await call(operation, page)
        rows: Sequence[Any] = getattr(reply, operation.items or "")
        kept = rows if keep is None else [row for row in rows if keep(row)]
        return Page(kept, reply.next_token, reply, len(rows))

    return fetch


class Pages(Generic[T, R]):
    """One iteration over pages. A class, not a generator: a failed step can be tried again, and an
    iteration left early leaves nothing to finalise."""

    def __init__(self, listing: Listing[T, R]) -> None:
        self._listing = listing
        self._left = listing.limit
        self._token = token = listing.starting_token
        self._deadline: float | None = None
        self._fetch: Fetch[T, R] | None = None
        self._repeated: str | None = None
        self._empty = 0
        self._seen: set[Hashable] = set()
        # Hashes only: a million rows have ten thousand tokens of up to 10 KB.
        self._tokens: set[int] = set() if token is None else {hash(token)}
        self.done: bool = listing.limit == 0
        """Whether there is nothing to fetch after the last page that was given."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise TypeError("read pages with `async for page in ....pages()`")

        def __await__(self) -> NoReturn:
            raise TypeError(
                "read pages with `async for`; to get all items in one list, use `await` without"
                " `.pages()`"
            )

    def __aiter__(self) -> AsyncIterator[Page[T, R]]:
        return self

    async def __anext__(self) -> Page[T, R]:
        if self.done:
            raise StopAsyncIteration
        if self._repeated is not None:
            self.done = True
            raise PaginationStalled(self._listing.operation, self._repeated)
        if self._empty >= EMPTY_PAGES and self._token is not None:
            stalled = PaginationStalled(
                self._listing.operation, self._token, empty_pages=self._empty
            )
            stalled.page_token, self._empty = self._token, 0  # who wants to go on may
            raise stalled
        try:
            page = await self._bounded()
        except CleanRoomsMLError as error:
            error.page_token = self._token
            raise
        self._go_on_after(page)
        return self._shown(page)

    async def _bounded(self) -> Page[T, R]:
        if self._listing.total_timeout is None:
            return await self._fetched()
        seconds = seconds_of("total_timeout", self._listing.total_timeout)
        runtime = current_runtime()
        if self._deadline is None:
            self._deadline = runtime.clock() + seconds
        left = self._deadline - runtime.clock()
        if left > 0:
            with suppress(Expired):
                return await runtime.bounded(left, self._fetched)
        problem = f"the list was not read within {seconds:g} seconds"
        raise CallTimeout(self._listing.operation, problem)

    async def _fetched(self) -> Page[T, R]:
        if self._fetch is None:
            self._fetch = await self._listing.source()
        return await self._fetch(self._token, self._listing.size)

    def _go_on_after(self, page: Page[T, R]) -> None:
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

    def _shown(self, page: Page[T, R]) -> Page[T, R]:
        """The page without the items that came before, and those beyond the limit."""
        items, token = page.items, page.next_token
        if self._listing.unique_by is not None:
            items = [item for item in items if self._is_new(self._listing.unique_by(item))]
        if self._left is not None:
            if len(items) > self._left:
                # A token would skip what is cut off here.
                items, token = items[: self._left], None
            self._left -= len(items)
            self.done = self.done or not self._left
        return page if items is page.items else Page(items, token, page.reply, page.received)

    def _is_new(self, key: Hashable) -> bool:
        known = len(self._seen)
        self._seen.add(key)
        return len(self._seen) > known


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
