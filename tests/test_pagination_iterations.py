"""One iteration over a list, without a service: sizes, times, endless lists, and a page ahead."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crml_sdk import Page, Paginator, errors
from crml_sdk._runtime import current_runtime
from crml_sdk.pagination import EMPTY_PAGES, PAGE_SIZE, Listing

from .waiting.virtual import run_asyncio, run_trio

Run = Callable[[Callable[[], Awaitable[Any]]], Any]
both_loops = pytest.mark.parametrize("run", [run_asyncio, run_trio], ids=["asyncio", "trio"])


@dataclass
class Service:
    """Pages by token; a page takes `latency` seconds; faults come before the page they stand for."""

    pages: dict[str | None, tuple[list[int], str | None]]
    latency: float = 0.0
    faults: dict[str | None, list[Exception]] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    prepared: int = 0
    under_way: int = 0
    most_under_way: int = 0
    received: int | None = None

    async def source(self) -> Any:
        self.prepared += 1
        return self.fetch

    async def fetch(self, token: str | None, size: int) -> Page[int]:
        self.asked.append(token)
        self.sizes.append(size)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.latency:
                await current_runtime().sleep(self.latency)
            if self.faults.get(token):
                raise self.faults[token].pop(0)
            items, following = self.pages[token]
            return Page(items, following, received=self.received)
        finally:
            self.under_way -= 1

    def list(self, **options: Any) -> Paginator[int]:
        return Paginator(Listing("ListThings", self.source, **options))


def plan(*pages: list[int]) -> dict[str | None, tuple[list[int], str | None]]:
    tokens = [None, *(f"t{number}" for number in range(1, len(pages)))]
    return {
        token: (items, following)
        for token, items, following in zip(tokens, pages, [*tokens[1:], None], strict=True)
    }


THREE = plan([1, 2], [3, 4], [5])


def lost(text: str = "lost") -> errors.TransportError:
    return errors.TransportError("ListThings", text)


# Sizes


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, 100),
        ({"limit": 3}, 3),
        ({"limit": 100}, 100),
        ({"limit": 150}, 100),
        ({"limit": 3, "max_results": 50}, 50),
        ({"max_results": 2}, 2),
        ({"limit": 3, "unique_by": str}, 100),
    ],
)
def test_how_many_rows_are_asked_for(options: Any, size: int) -> None:
    service = Service(THREE)
    run_asyncio(lambda: service.list(**options)._collect())
    assert set(service.sizes) == {size}
    assert PAGE_SIZE == 100


@pytest.mark.parametrize(
    ("options", "found", "sizes"),
    [({}, 1, [1]), ({"limit": 9}, 1, [1]), ({"max_results": 7}, 1, [7]), ({"limit": 0}, None, [])],
)
def test_the_first_item_asks_for_one_row(options: Any, found: Any, sizes: list[int]) -> None:
    service = Service(THREE)
    assert run_asyncio(service.list(**options).first) == found
    assert service.sizes == sizes


def test_the_first_item_of_a_unique_list_asks_for_a_whole_page() -> None:
    service = Service(THREE)
    assert run_asyncio(service.list().unique(str).first) == 1
    assert service.sizes == [100]


def test_a_unique_list_keeps_what_the_list_was_made_with() -> None:
    service = Service(plan([1, 2], [2, 3], [4]))
    listed = service.list(limit=3, max_results=7, starting_token="t1").unique(lambda item: item % 2)
    assert run_asyncio(listed._collect) == [2, 3]
    assert service.asked == ["t1", "t2"]
    assert set(service.sizes) == {7}
    assert run_asyncio(service.list(limit=3).unique(str, limit=1)._collect) == [1]
    with pytest.raises(TypeError, match="prefetch"):
        service.list(prefetch=True).unique(str).pages()


def test_a_page_compares_and_prints_by_its_rows_and_token() -> None:
    assert Page([1], "t", "reply", 3) == Page([1], "t")
    assert repr(Page([1], "t", "reply", 3)) == "Page(items=[1], next_token='t')"


def test_a_page_that_was_cut_still_says_what_was_received() -> None:
    service = Service(THREE, received=7)

    async def main() -> None:
        (page,) = [page async for page in service.list(limit=1).pages()]
        assert (page.items, page.received) == ([1], 7)

    run_asyncio(main)


@both_loops
def test_errors_name_the_operation_and_the_starting_token_counts_as_seen(run: Run) -> None:
    service = Service({"t": ([1], "t")}, latency=1.0)

    async def main() -> None:
        with pytest.raises(errors.PaginationStalled) as stalled:
            await service.list(starting_token="t").unique(str)
        assert stalled.value.operation == "ListThings"
        assert service.asked == ["t"]
        with pytest.raises(errors.CallTimeout) as late:
            await service.list(starting_token="t", total_timeout=0.5)
        assert late.value.operation == "ListThings"

    run(main)


# Preparing


@both_loops
def test_an_iteration_is_prepared_once(run: Run) -> None:
    """A selector that was resolved again in the middle of a list could mean another version."""
    service = Service(THREE, faults={"t1": [lost()]})
    listed = service.list()

    async def main() -> None:
        assert await listed == [1, 2, 3, 4, 5]
        assert service.prepared == 2
        service.prepared = 0
        stream = listed.pages()
        pages = [page.items async for page in stream]
        assert (len(pages), service.prepared) == (3, 1)

    async def first() -> None:
        with pytest.raises(errors.TransportError):
            await listed
        assert service.prepared == 1

    run(first)
    run(main)


def test_what_could_not_be_prepared_is_prepared_again() -> None:
    service = Service(THREE)
    failures = [lost()]

    async def source() -> Any:
        if failures:
            raise failures.pop()
        return await service.source()

    async def main() -> None:
        stream = Paginator(Listing[int]("ListThings", source)).pages()
        with pytest.raises(errors.TransportError) as caught:
            await anext(stream)
        assert caught.value.page_token is None
        assert (await anext(stream)).items == [1, 2]

    run_asyncio(main)


# Endless lists


class Endless(Service):
    def __init__(self, items: dict[int, list[int]], received: int | None = None) -> None:
        super().__init__({}, received=received)
        self.rows = items

    async def fetch(self, token: str | None, size: int) -> Page[int]:
        number = int(token or 0)
        self.asked.append(token)
        return Page(self.rows.get(number, []), str(number + 1), received=self.received)


@both_loops
def test_a_thousand_empty_pages_in_a_row_are_enough(run: Run) -> None:
    service = Endless({5: [1], EMPTY_PAGES + 6: [2]})
    got: list[int] = []

    async def main() -> None:
        rows = aiter(service.list(limit=2))
        got.append(await anext(rows))
        with pytest.raises(errors.PaginationStalled, match="1,000 pages without a row") as caught:
            await anext(rows)
        assert service.asked[-1] == str(EMPTY_PAGES + 5)
        assert caught.value.page_token == caught.value.token == str(EMPTY_PAGES + 6)
        assert caught.value.operation == "ListThings"
        # Here ...
        got.append(await anext(rows))
        # ... or elsewhere, it can go on.
        assert await service.list(starting_token=caught.value.page_token, limit=1) == [2]

    run(main)
    assert got == [1, 2]
    assert EMPTY_PAGES == 1_000


def test_the_page_before_the_end_of_patience_is_good() -> None:
    service = Endless({EMPTY_PAGES - 1: [1], 2 * EMPTY_PAGES - 1: [2]})
    assert run_asyncio(service.list(limit=2)._collect) == [1, 2]


def test_an_end_after_a_thousand_empty_pages_is_an_end() -> None:
    service = Service(plan(*[[] for _ in range(EMPTY_PAGES)]))
    assert run_asyncio(service.list()._collect) == []
    assert len(service.asked) == EMPTY_PAGES


def test_pages_that_a_filter_of_ours_emptied_are_not_empty() -> None:
    service = Endless({EMPTY_PAGES + 50: [1]}, received=100)
    assert run_asyncio(service.list(limit=1)._collect) == [1]


# Times


@both_loops
def test_the_time_of_an_iteration_includes_the_work_on_its_pages(run: Run) -> None:
    service = Service(THREE, latency=1.0)

    async def main() -> None:
        got: list[int] = []
        began = current_runtime().clock()

        async def read() -> None:
            async for page in service.list(total_timeout=3.5).pages():
                got.extend(page.items)
                await current_runtime().sleep(1.0)

        with pytest.raises(errors.CallTimeout, match=r"not read within 3\.5 seconds") as caught:
            await read()
        assert got == [1, 2, 3, 4]
        assert current_runtime().clock() - began == pytest.approx(4.0)
        assert caught.value.page_token == "t2"
        assert service.under_way == 0
        rest = service.list(
            starting_token=caught.value.page_token, total_timeout=timedelta(hours=1)
        )
        assert await rest == [5]

    run(main)


@both_loops
def test_a_call_is_cut_when_the_time_of_the_iteration_is_up(run: Run) -> None:
    service = Service(THREE, latency=2.0)

    async def main() -> None:
        began = current_runtime().clock()
        with pytest.raises(errors.CallTimeout) as caught:
            await service.list(total_timeout=timedelta(seconds=3))
        assert current_runtime().clock() - began == pytest.approx(3.0)
        assert (caught.value.page_token, service.under_way) == ("t1", 0)
        assert isinstance(caught.value, TimeoutError)
        # Each iteration has its own time.
        assert len(await service.list(total_timeout=7)) == 5

    run(main)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (0, ValueError),
        (-1, ValueError),
        (float("nan"), ValueError),
        ("6h", TypeError),
        (True, TypeError),
    ],
)
def test_a_time_that_is_none_is_refused(given: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="total_timeout="):
        Service(THREE).list(total_timeout=given)
    Service(THREE).list(total_timeout=0.5)
    with pytest.raises(ValueError, match="total_timeout="):
        Service(THREE).list(total_timeout=timedelta(0))


# What a paginator is not


def test_what_lists_of_python_can_do_is_told() -> None:
    listed: Any = Service(THREE).list()
    with pytest.raises(TypeError, match="async for"):
        iter(listed)
    with pytest.raises(TypeError, match="await"):
        len(listed)
    with pytest.raises(TypeError, match="first"):
        listed[0]
    assert listed


# One page ahead


@both_loops
def test_a_page_is_fetched_while_one_is_worked_on(run: Run) -> None:
    service = Service(plan([1], [2], [3], [4]), latency=1.0)

    async def main() -> float:
        began = current_runtime().clock()
        got: list[int] = []
        async with service.list(prefetch=True) as rows:
            async for row in rows:
                got.append(row)
                await current_runtime().sleep(1.0)
        assert got == [1, 2, 3, 4]
        return current_runtime().clock() - began

    assert run(main) == pytest.approx(5.0)  # one page, and then work that hides the others
    assert (service.most_under_way, service.prepared) == (1, 1)


@both_loops
def test_no_more_than_one_page_ahead(run: Run) -> None:
    service = Service(plan([1], [2], [3], [4]))

    async def main() -> None:
        async with service.list(prefetch=True) as rows:
            assert await anext(aiter(rows)) == 1
            for _ in range(20):
                await current_runtime().sleep(0.1)
            assert service.asked == [None, "t1"]

    run(main)


@both_loops
def test_the_request_goes_out_before_work_that_never_awaits(run: Run) -> None:
    service = Service(THREE, latency=1.0)

    async def main() -> None:
        async with service.list(prefetch=True) as rows:
            async for page in rows.pages():
                assert service.under_way == (page.next_token is not None)

    run(main)


@both_loops
def test_leaving_early_ends_what_was_fetched_ahead(run: Run) -> None:
    service = Service(THREE, latency=1.0)

    async def main() -> None:
        began = current_runtime().clock()
        async with service.list(prefetch=True) as rows:
            async for row in rows:
                assert row == 1
                break
        assert service.under_way == 0
        assert current_runtime().clock() - began == pytest.approx(1.0)
        with pytest.raises(RuntimeError, match="closed"):
            await anext(aiter(rows))
        with pytest.raises(RuntimeError, match="closed"):
            rows.pages()

    run(main)


@both_loops
def test_an_error_of_the_caller_comes_out_as_it_is(run: Run) -> None:
    service = Service(THREE, latency=1.0)

    async def main() -> None:
        async def read() -> None:
            async with service.list(prefetch=True) as rows:
                async for _ in rows:
                    raise KeyError("mine")

        with pytest.raises(KeyError, match="mine") as caught:
            await read()
        assert type(caught.value) is KeyError
        assert service.under_way == 0

    run(main)


@both_loops
def test_the_error_of_a_page_ahead_waits_for_its_turn(run: Run) -> None:
    service = Service(THREE, faults={"t1": [lost("early")]})

    async def main() -> None:
        got: list[int] = []
        async with service.list(prefetch=True) as rows:
            items = aiter(rows)
            got.append(await anext(items))
            await current_runtime().sleep(5.0)
            assert service.asked == [None, "t1"]  # failed by now, and nobody was told
            got.append(await anext(items))
            with pytest.raises(errors.TransportError, match="early") as caught:
                await anext(items)
            assert caught.value.page_token == "t1"
            # The same iterator asks for the same page again.
            got += [row async for row in rows]
        assert got == [1, 2, 3, 4, 5]
        assert service.asked == [None, "t1", "t1", "t2"]

    run(main)


@both_loops
def test_an_error_whose_turn_never_comes_is_never_told(run: Run) -> None:
    service = Service(THREE, faults={"t1": [lost("early")]})

    async def main() -> None:
        async with service.list(prefetch=True) as rows:
            async for page in rows.pages():
                await current_runtime().sleep(1.0)
                assert page.items == [1, 2]
                break

    run(main)


@both_loops
def test_nothing_is_fetched_ahead_of_a_limit_or_an_end(run: Run) -> None:
    service = Service(THREE)

    async def main() -> None:
        async with service.list(prefetch=True, limit=2) as rows:
            assert [row async for row in rows] == [1, 2]
        assert service.asked == [None]
        async with service.list(prefetch=True, limit=0) as rows:
            assert [row async for row in rows] == []
        assert service.asked == [None]

    run(main)


@both_loops
def test_a_list_that_repeats_a_token_says_so_after_its_rows(run: Run) -> None:
    service = Service({None: ([1], "t"), "t": ([2], "t")})

    async def main() -> None:
        got: list[int] = []

        async def read() -> None:
            async with service.list(prefetch=True) as rows:
                async for row in rows:
                    got.append(row)

        with pytest.raises(errors.PaginationStalled, match="repeated"):
            await read()
        assert got == [1, 2]

    run(main)


def test_prefetch_without_an_owner_is_told_how() -> None:
    service = Service(THREE)
    listed = service.list(prefetch=True)

    async def main() -> None:
        with pytest.raises(TypeError, match="something must end that"):
            async for _ in listed:
                pass
        with pytest.raises(TypeError, match="something must end that"):
            listed.pages()
        assert service.asked == []
        # These two own what they fetch.
        assert await listed == [1, 2, 3, 4, 5]
        assert await listed.first() == 1

    run_asyncio(main)


@both_loops
def test_a_list_without_prefetch_opens_as_well(run: Run) -> None:
    service = Service(THREE)

    async def main() -> None:
        listed = service.list()
        async with listed as rows:
            assert [row async for row in rows] == [1, 2, 3, 4, 5]
            with pytest.raises(RuntimeError, match="open already"):
                async with listed:
                    pass
        async with listed as again:
            assert [page.items async for page in again.pages()] == [[1, 2], [3, 4], [5]]
        with pytest.raises(RuntimeError, match="closed"):
            await anext(aiter(again))

    run(main)


def test_a_step_that_was_cancelled_loses_no_page() -> None:
    service = Service(THREE, latency=2.0)

    async def main() -> None:
        got: list[int] = []
        async with service.list(prefetch=True) as rows:
            while True:
                try:
                    got.append(await asyncio.wait_for(anext(aiter(rows)), 0.5))
                except asyncio.TimeoutError:
                    continue
                except StopAsyncIteration:
                    break
        assert got == [1, 2, 3, 4, 5]
        assert service.asked == [None, "t1", "t2"]

    run_asyncio(main)


@both_loops
def test_a_caller_that_is_cancelled_leaves_nothing_under_way(run: Run) -> None:
    service = Service(THREE, latency=1.0)

    async def use() -> None:
        async with service.list(prefetch=True) as rows:
            async for _ in rows:
                await current_runtime().sleep(100.0)

    async def main() -> None:
        from crml_sdk._runtime import Expired

        with pytest.raises(Expired):
            await current_runtime().bounded(1.5, use)
        assert service.under_way == 0
        assert service.asked == [None, "t1"]

    run(main)


# Random services


@st.composite
def services(draw: st.DrawFn) -> tuple[Service, list[int], str | None, int]:
    """A service of random pages and faults; what a list gives, and how often it must be asked again."""
    sizes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    numbers = iter(range(1000))
    pages = plan(
        *[[next(numbers) // draw(st.integers(1, 2)) for _ in range(size)] for size in sizes]
    )
    faulty = draw(st.lists(st.sampled_from(list(pages)), max_size=4))
    faults: dict[str | None, list[Exception]] = {}
    for token in faulty:
        faults.setdefault(token, []).append(lost())
    rows = [row for items, _ in pages.values() for row in items]
    repeated = None
    if draw(st.booleans()):
        last = list(pages)[-1]
        repeated = draw(st.sampled_from([token for token in pages if token] or [None]))
        pages[last] = (pages[last][0], repeated)
    return (
        Service(pages, faults=faults, latency=draw(st.sampled_from([0, 1]))),
        rows,
        repeated,
        len(faulty),
    )


@both_loops
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(services(), st.none() | st.integers(0, 20), st.booleans(), st.booleans(), st.data())
def test_every_row_comes_once_and_in_order(
    run: Run,
    made: tuple[Service, list[int], str | None, int],
    limit: int | None,
    prefetch: bool,
    unique: bool,
    data: st.DataObject,
) -> None:
    service, rows, repeated, faults = made
    expected = list(dict.fromkeys(rows)) if unique else rows
    stalls = repeated is not None and (limit is None or limit > len(expected))
    expected = expected if limit is None else expected[:limit]
    work = data.draw(st.sampled_from([0, 0.5, 3]))

    async def main() -> None:
        listed = service.list(prefetch=prefetch, limit=limit, unique_by=str if unique else None)
        got: list[int] = []
        failed = stalled = 0
        async with listed as opened:
            while True:
                try:
                    async for row in opened:
                        got.append(row)
                        if work:
                            await current_runtime().sleep(work)
                    break
                except errors.PaginationStalled:
                    stalled += 1
                except errors.TransportError:
                    failed += 1
        assert got == expected
        assert stalled == stalls
        assert failed <= faults
        assert service.prepared <= 1
        assert service.most_under_way <= 1
        assert service.under_way == 0
        # Each page was fetched once, but for those that failed.
        assert len(service.asked) - failed <= len(set(service.asked)) + (prefetch and faults)

    run(main)


@both_loops
def test_a_page_that_ends_at_the_limit_is_whole(run: Run) -> None:
    """It can be gone on behind; one that was cut cannot, since its token would skip rows."""

    async def main() -> None:
        service = Service({None: ([1, 2], "a"), "a": ([3, 4], None)}, received=5)
        (page,) = [page async for page in service.list(limit=2).pages()]
        assert (page.next_token, page.received) == ("a", 5)
        (page,) = [page async for page in service.list(limit=1).pages()]
        assert (page.items, page.next_token, page.received) == ([1], None, 5)
        unique = service.list(unique_by=lambda item: item % 2, limit=1)
        (page,) = [page async for page in unique.pages()]
        assert (page.items, page.received) == ([1], 5)

    run(main)


@both_loops
def test_a_page_keeps_its_reply_whatever_is_left_of_it(run: Run) -> None:
    async def main() -> None:
        async def fetch(token: str | None, size: int) -> Page[int]:
            return Page([1, 1, 2], None, "the reply", 3)

        async def source() -> Any:
            return fetch

        for options in ({"limit": 2}, {"unique_by": str}, {"unique_by": str, "limit": 1}):
            rows: Paginator[int] = Paginator(
                Listing("ListThings", source, **options)  # type: ignore[arg-type]
            )
            (page,) = [page async for page in rows.pages()]
            assert (page.reply, page.received) == ("the reply", 3)

    run(main)


@both_loops
def test_a_unique_list_has_the_time_of_its_own(run: Run) -> None:
    async def main() -> None:
        service = Service({None: ([1], "a"), "a": ([2], None)}, latency=4)
        rows = service.list(total_timeout=6).unique(str)
        with pytest.raises(errors.CallTimeout, match="within 6 seconds"):
            await rows
        assert await service.list(total_timeout=9).unique(str) == [1, 2]

    run(main)
