"""Lists: awaited whole, streamed item by item, or read page by page."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Hashable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from .errors import CleanRoomsMLError, PaginationStalled

if TYPE_CHECKING:
    from .metadata import ResponseMetadata

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Page(Generic[T_co]):
    """One page of a list.

    Attributes:
        items: The rows, perhaps none although more pages follow.
        next_token: Gives the next page when passed as `starting_token`; None on the last one.
        reply: The reply as its model.
    """

    items: Sequence[T_co]
    next_token: str | None = None
    reply: Any = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    def to_records(self) -> list[dict[str, Any]]:
        """The rows as plain flat dicts, which pandas and polars take; see `crml_sdk.to_records`."""
        from .display import to_records

        return to_records(self.items)

    def _repr_html_(self) -> str:
        from .display.tables import table

        return table(self.items)

    @property
    def response_metadata(self) -> ResponseMetadata | None:
        """Request id, status, headers and attempts of this page's reply."""
        return getattr(self.reply, "response_metadata", None)


Fetch = Callable[["str | None"], Awaitable[Page[T]]]
"""Gives the page behind a token; the first one for None."""

Source = Callable[[], Awaitable[Fetch[T]]]
"""Prepares one iteration (a version selector is resolved here) and gives its `Fetch`."""


class Paginator(Generic[T]):
    """A list of the service, not read yet.

    `await` collects every item, `async for` streams them a page at a time, `pages()` streams pages.
    It can be iterated over again, each time from its start, and keeps nothing between two times.

    Args:
        operation: The documented name, for errors.
        source: Prepares an iteration.
        limit: Items in all; None for every item.
        starting_token: The `next_token` of an earlier page, to go on behind it.
        unique_by: Keeps the first item of each key only.
    """

    __slots__ = ("_limit", "_operation", "_source", "_start", "_unique_by")

    def __init__(
        self,
        operation: str,
        source: Source[T],
        *,
        limit: int | None = None,
        starting_token: str | None = None,
        unique_by: Callable[[T], Hashable] | None = None,
    ) -> None:
        if limit is not None and limit < 0:
            raise ValueError("limit counts items: 0 or more")
        self._operation = operation
        self._source = source
        self._limit = limit
        self._start = starting_token
        self._unique_by = unique_by

    def __await__(self) -> Generator[Any, Any, list[T]]:
        return self._collect().__await__()

    async def _collect(self) -> list[T]:
        found: list[T] = []
        async for page in self.pages():
            found.extend(page.items)
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.pages())

    def pages(self) -> AsyncIterator[Page[T]]:
        """The pages, empty ones included.

        When a page cannot be fetched, the error carries `page_token`, and asking the same iterator
        again asks for the same page again: nothing is lost.

        Raises:
            PaginationStalled: The service repeated a token.
            CleanRoomsMLError: What the call raised.
        """
        return _Pages(self._operation, self._source, self._limit, self._start, self._unique_by)

    async def first(self) -> T | None:
        """The first item, or None when there is none; reads no page more than it must."""
        async for item in self:
            return item
        return None

    def unique(self, key: Callable[[T], Hashable], *, limit: int | None = None) -> Paginator[T]:
        """The same list with only the first item of each key, at most `limit` of them."""
        return Paginator(
            self._operation,
            self._source,
            limit=self._limit if limit is None else limit,
            starting_token=self._start,
            unique_by=key,
        )

    def __repr__(self) -> str:
        return f"<Paginator of {self._operation}; await it, or iterate with `async for`>"


class _Pages(Generic[T]):
    """One iteration over pages. A class, not a generator: a failed step can be tried again, and an
    iteration left early leaves nothing to finalise."""

    def __init__(
        self,
        operation: str,
        source: Source[T],
        limit: int | None,
        token: str | None,
        unique_by: Callable[[T], Hashable] | None,
    ) -> None:
        self._operation = operation
        self._source = source
        self._fetch: Fetch[T] | None = None
        self._left = limit
        self._token = token
        self._done = limit == 0
        self._stalled: str | None = None
        self._unique_by = unique_by
        self._seen: set[Hashable] = set()
        # Hashes only: a million rows have ten thousand tokens of up to 10 KB.
        self._tokens: set[int] = set() if token is None else {hash(token)}

    def __aiter__(self) -> AsyncIterator[Page[T]]:
        return self

    async def __anext__(self) -> Page[T]:
        if self._done:
            raise StopAsyncIteration
        if self._stalled is not None:
            self._done = True
            raise PaginationStalled(self._operation, self._stalled)
        try:
            if self._fetch is None:
                self._fetch = await self._source()
            page = await self._fetch(self._token)
        except CleanRoomsMLError as error:
            error.page_token = self._token
            raise
        token = page.next_token
        if not token:
            self._done = True
        elif hash(token) in self._tokens:
            # The rows of this page are good; only going on behind it would lead in a circle.
            self._stalled = token
        else:
            self._tokens.add(hash(token))
            self._token = token
        return self._cut(self._without_repeats(page))

    def _without_repeats(self, page: Page[T]) -> Page[T]:
        if self._unique_by is None:
            return page
        kept: list[T] = []
        for item in page.items:
            key = self._unique_by(item)
            if key not in self._seen:
                self._seen.add(key)
                kept.append(item)
        return Page(kept, page.next_token, page.reply)

    def _cut(self, page: Page[T]) -> Page[T]:
        if self._left is None:
            return page
        if len(page.items) > self._left:
            # A token would skip what is cut off here.
            page = Page(page.items[: self._left], None, page.reply)
        self._left -= len(page.items)
        if self._left == 0:
            self._done = True
        return page


class _Items(Generic[T]):
    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            self._items = iter((await self._pages.__anext__()).items)
