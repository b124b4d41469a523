"""Pages of lists: order, page size, tokens, and the faults that lists can have."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from ..service.failures import Invalid
from ..service.schema import JsonObject
from ..settings import Settings
from .index import OrderedIndex
from .records import Record


@dataclass
class PageFault:
    """What goes wrong with the next pages that continue a list.

    `kind` is `repeat-row` (the last row of the page before comes again), `skip-row` (a row falls
    between two pages), `empty` (a page without rows, but with a token) or `repeat-token`.
    """

    kind: str
    operation: str | None
    times: int


class Paging:
    """Makes pages. A token holds the position in the index, so a page costs its own rows only."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self.faults: list[PageFault] = []

    def page(
        self,
        index: OrderedIndex,
        params: JsonObject,
        *,
        operation: str,
        size: int | None = None,
        keep: Callable[[Record], bool] | None = None,
    ) -> tuple[list[Record], str | None]:
        """The rows of one page and the token of the next, if there is one.

        In: the index, the request's parameters (`maxResults` and `nextToken` are used, the others
        mark the token, which is refused by a list with other filters), a filter on rows.
        Raises `Invalid` for a token that is not this list's.
        """
        limit = params.get("maxResults") or size or self._settings().default_page_size
        mark = mark_of(operation, params)
        token = params.get("nextToken")
        position = None if token is None else _position(token, mark)
        fault = self._take_fault(operation) if position is not None else None
        if fault == "empty":
            return [], token
        rows = self._rows(index, position, repeat=fault == "repeat-row")
        if fault == "skip-row":
            next(rows, None)
        page: list[Record] = []
        more = False
        for record in rows:
            if keep is not None and not keep(record):
                continue
            if len(page) == limit:
                more = True
                break
            page.append(record)
        if fault == "repeat-token":
            return page, token
        return page, _token(mark, page[-1].number) if more else None

    def _rows(self, index: OrderedIndex, position: int | None, *, repeat: bool) -> Iterator[Record]:
        order = self._settings().list_order
        if order == "newest-first":
            return index.before(position + 1 if repeat and position is not None else position)
        if order == "oldest-first":
            return index.after(position - 1 if repeat and position is not None else position)
        return _scrambled(index, position, repeat=repeat)

    def _take_fault(self, operation: str) -> str | None:
        for fault in self.faults:
            if fault.operation in (None, operation):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault.kind
        return None


def _scrambled(index: OrderedIndex, position: int | None, *, repeat: bool) -> Iterator[Record]:
    records = sorted(index, key=lambda record: _scramble(record.number))
    floor = -1 if position is None else _scramble(position) - int(repeat)
    return (record for record in records if _scramble(record.number) > floor)


def _scramble(number: int) -> int:
    return (number * 2_654_435_761) % 2**32


def page_of_rows(
    rows: list[tuple[float, str, JsonObject]], params: JsonObject, *, operation: str, size: int
) -> tuple[list[JsonObject], str | None]:
    """One page of rows that are no records, given by time and identifier, and the next token.

    They come in their own order, which is that of time but for what was put in by hand. A token
    names the last row, so what is taken away between two pages leaves no gap. Raises `Invalid` for
    a token that is not this list's.
    """
    mark, token = mark_of(operation, params), params.get("nextToken")
    start = 0 if token is None else _behind(rows, _last_row(token, mark))
    page = rows[start : start + (params.get("maxResults") or size)]
    if start + len(page) == len(rows):
        return [row for _, _, row in page], None
    last = f"{mark}.{page[-1][0]!r}.{page[-1][1]}"
    return [row for _, _, row in page], base64.urlsafe_b64encode(last.encode()).decode()


def _last_row(token: str, mark: str) -> tuple[float, str]:
    try:
        given, _, rest = base64.urlsafe_b64decode(token.encode()).decode().partition(".")
        moment, _, identifier = rest.rpartition(".")
        if given == mark:
            return float(moment), identifier
    except (binascii.Error, ValueError):
        pass
    raise Invalid("Value at 'nextToken' is not a token of this list")


def _behind(rows: list[tuple[float, str, JsonObject]], last: tuple[float, str]) -> int:
    for position, (moment, identifier, _) in enumerate(rows):
        if (moment, identifier) == last:
            return position + 1
    return sum(moment < last[0] for moment, _, _ in rows)


def mark_of(operation: str, params: JsonObject) -> str:
    """What marks a token as that of one list: its operation and filters."""
    scope = {k: v for k, v in params.items() if k not in ("nextToken", "maxResults")}
    text = f"{operation}:{sorted(scope.items())}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _token(mark: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{mark}.{number}".encode()).decode()


def _position(token: str, mark: str) -> int:
    try:
        given, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(".")
        if given == mark and number.isdecimal() and len(number) < 16:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise Invalid("Value at 'nextToken' is not a token of this list")
