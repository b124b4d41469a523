"""Lists against servers that behave as badly as servers do: nothing lost, nothing doubled by us."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, Page, Paginator, errors, models
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.pagination import Listing

from .support.canned import CannedServer, Received, error, reply
from .support.samples import MEMBERSHIP, MODEL, arn, model_row

Plan = list[tuple[list[str], "str | None"]]
"""Pages by name of their rows, each with its token."""


@dataclass
class Pages:
    """Answers a list operation from a plan: page n for the token that page n-1 gave."""

    plan: Plan
    faults: dict[str | None, list[Any]] = field(default_factory=dict)
    asked: list[str | None] = field(default_factory=list)
    sizes: list[str | None] = field(default_factory=list)

    def __call__(self, request: Received) -> Any:
        token = request.query.get("nextToken", [None])[0]
        self.asked.append(token)
        self.sizes.append(request.query.get("maxResults", [None])[0])
        if self.faults.get(token):
            return self.faults[token].pop(0)
        before = [None, *(given for _, given in self.plan)]
        rows, following = self.plan[before.index(token)]
        body: dict[str, Any] = {
            "trainedModels": [
                model_row(name=name, trainedModelArn=arn("trained-model", name)) for name in rows
            ]
        }
        if following is not None:
            body["nextToken"] = following
        return reply(200, body, x_amzn_RequestId=f"request-{len(self.asked)}")


def models_of(sdk: CleanRoomsML, **options: Any) -> Paginator[models.TrainedModelSummary]:
    return sdk.trained_models.list(membership_identifier=MEMBERSHIP, **options)


def names(rows: Any) -> list[str]:
    return [row.name for row in rows]


THREE: Plan = [(["a", "b"], "t1"), (["c", "d"], "t2"), (["e"], None)]


async def test_awaited_streamed_and_paged(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.handler = pages = Pages(THREE)
    listed = models_of(sdk, max_results=2)
    assert names(await listed) == ["a", "b", "c", "d", "e"]
    assert [row.name async for row in listed] == ["a", "b", "c", "d", "e"]
    read = [page async for page in listed.pages()]
    assert [names(page) for page in read] == [["a", "b"], ["c", "d"], ["e"]]
    assert [page.next_token for page in read] == ["t1", "t2", None]
    assert [len(page) for page in read] == [2, 2, 1]
    assert pages.asked == [None, "t1", "t2"] * 3
    assert set(pages.sizes) == {"2"}


async def test_an_empty_page_with_a_token_is_not_the_end(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.handler = Pages([([], "t1"), (["a"], "t2"), ([], "t3"), ([], "t4"), (["b"], None)])
    assert names(await models_of(sdk)) == ["a", "b"]
    first = await models_of(sdk).first()
    assert first is not None
    assert first.name == "a"
    assert [len(page) async for page in models_of(sdk).pages()] == [0, 1, 0, 0, 1]


@pytest.mark.parametrize("last", [None, ""])
async def test_no_token_and_an_empty_token_end_a_list(
    sdk: CleanRoomsML, canned: CannedServer, last: str | None
) -> None:
    canned.handler = pages = Pages([(["a"], last)])
    assert names(await models_of(sdk)) == ["a"]
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    "plan",
    [
        [(["a"], "t1"), (["b"], "t1")],
        [(["a"], "t1"), (["b"], "t2"), (["c"], "t1")],
        [([], "t1"), ([], "t1")],
    ],
    ids=["at once", "in a circle", "empty pages"],
)
async def test_a_repeated_token_does_not_go_round_for_ever(
    sdk: CleanRoomsML, canned: CannedServer, plan: Plan
) -> None:
    canned.handler = pages = Pages(plan)
    got: list[str] = []

    async def collect() -> None:
        async for row in models_of(sdk):
            got.append(row.name)

    with pytest.raises(errors.PaginationStalled, match="ListTrainedModels") as caught:
        await collect()
    assert caught.value.token == "t1"
    # The rows of every page that was read came through, once.
    assert got == [name for rows, _ in plan for name in rows]
    assert len(pages.asked) == len(plan)
    with pytest.raises(errors.PaginationStalled):
        await models_of(sdk)


async def test_the_token_to_start_with_may_not_come_back_either(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.handler = Pages([(["a"], "t1"), (["b"], "t1")])
    with pytest.raises(errors.PaginationStalled):
        await models_of(sdk, starting_token="t1")


async def test_rows_that_move_between_pages_come_as_the_service_gives_them(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """A row that slides onto the next page comes twice from the service: it is not ours to hide,
    unless `distinct` is asked for."""
    canned.handler = Pages([(["a", "b"], "t1"), (["b", "c"], None)])
    assert names(await models_of(sdk)) == ["a", "b", "b", "c"]
    assert names(await models_of(sdk, distinct=True)) == ["a", "b", "c"]
    assert names(await models_of(sdk, distinct=True, limit=2)) == ["a", "b"]
    assert names(await models_of(sdk, distinct=True, limit=3)) == ["a", "b", "c"]


THROTTLED = error("ThrottlingException", 429)


async def test_a_page_that_fails_is_retried_and_comes_once(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _at_once)
    canned.handler = pages = Pages(THREE, faults={"t1": [THROTTLED, THROTTLED]})
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=3
    ) as sdk:
        read = [page async for page in models_of(sdk).pages()]
    assert [names(page) for page in read] == [["a", "b"], ["c", "d"], ["e"]]
    assert pages.asked == [None, "t1", "t1", "t1", "t2"]
    metadata = read[1].response_metadata
    assert metadata is not None
    assert (metadata.attempts, metadata.request_id) == (3, "request-4")


def _at_once(*_: Any) -> float:
    return 0


async def test_a_list_that_fails_in_the_middle_can_go_on(canned: CannedServer) -> None:
    canned.handler = pages = Pages(THREE, faults={"t1": [THROTTLED]})
    got: list[str] = []
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        stream = models_of(sdk).pages()
        got += names(await anext(stream))
        with pytest.raises(errors.ThrottlingException) as caught:
            await anext(stream)
        assert caught.value.page_token == "t1"
        # The same iterator goes on where it stopped ...
        got += names(await anext(stream))
        got += [row.name async for page in stream for row in page]
        assert got == ["a", "b", "c", "d", "e"]
        assert pages.asked == [None, "t1", "t1", "t2"]
        # ... and so does a new one with the token from the error.
        pages.faults["t1"] = [error("AccessDeniedException", 403)]
        got = []

        async def collect() -> None:
            async for row in models_of(sdk):
                got.append(row.name)

        with pytest.raises(errors.AccessDeniedException) as denied:
            await collect()
        got += names(await models_of(sdk, starting_token=denied.value.page_token))
    assert got == ["a", "b", "c", "d", "e"]


async def test_the_items_of_one_iterator_go_on_after_a_fault(canned: CannedServer) -> None:
    # aiohttp itself sends a GET again when a connection that it had kept was closed: two cuts.
    faults = [error("InternalServiceException", 400), "cut", "cut"]
    canned.handler = Pages(THREE, faults={"t2": faults})
    got: list[str] = []
    failed = 0
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as sdk:
        rows = aiter(models_of(sdk))
        while True:
            try:
                got.append((await anext(rows)).name)
            except StopAsyncIteration:
                break
            except errors.CleanRoomsMLError:
                failed += 1
    assert got == ["a", "b", "c", "d", "e"]
    assert failed == 2


@pytest.mark.parametrize(
    ("limit", "rows", "requests"),
    [(0, 0, 0), (1, 1, 1), (2, 2, 1), (3, 3, 2), (5, 5, 3), (9, 5, 3)],
)
async def test_a_limit_bounds_rows_and_requests(
    sdk: CleanRoomsML, canned: CannedServer, limit: int, rows: int, requests: int
) -> None:
    canned.handler = pages = Pages(THREE)
    listed = models_of(sdk, limit=limit)
    assert names(await listed) == list("abcde")[:rows]
    assert len(pages.asked) == requests
    assert [row.name async for row in listed] == list("abcde")[:rows]


async def test_a_page_cut_by_a_limit_gives_no_token(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """Its token would skip the rows that were cut off."""
    canned.handler = Pages(THREE)
    read = [page async for page in models_of(sdk, limit=3).pages()]
    assert [page.next_token for page in read] == ["t1", None]
    read = [page async for page in models_of(sdk, limit=4).pages()]
    assert [page.next_token for page in read] == ["t1", "t2"]
    assert names(await models_of(sdk, starting_token=read[-1].next_token)) == ["e"]


def test_a_limit_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        Paginator[Any, Any](Listing[Any]("ListTrainedModels", _never, limit=-1))


async def _never() -> Any:
    raise AssertionError("nothing may be read")


async def test_starting_token_resumes(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.handler = pages = Pages(THREE)
    assert names(await models_of(sdk, starting_token="t2")) == ["e"]
    assert pages.asked == ["t2"]


async def test_an_empty_token_to_start_with_is_sent(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """Found: it was left out, and botocore sends it. AWS Clean Rooms states no least length."""
    canned.answers = [reply(200, {"membershipSummaries": []})]
    await sdk.memberships.list(starting_token="")
    assert canned.received[0].query["nextToken"] == [""]


async def test_first_reads_no_more_than_it_must(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.handler = pages = Pages(THREE)
    first = await models_of(sdk).first()
    assert first is not None
    assert first.name == "a"
    assert len(pages.asked) == 1
    canned.handler = Pages([([], None)])
    assert await models_of(sdk).first() is None
    assert await models_of(sdk, limit=0).first() is None


async def test_two_iterations_of_one_paginator_do_not_meet(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.handler = Pages(THREE)
    listed = models_of(sdk)
    one, other = aiter(listed), aiter(listed)
    got = [(await anext(one)).name, (await anext(other)).name]
    got += [(await anext(one)).name, (await anext(one)).name, (await anext(other)).name]
    assert got == ["a", "a", "b", "c", "b"]
    assert names(await listed) == list("abcde")


async def test_leaving_early_leaves_nothing_behind(
    sdk: CleanRoomsML, canned: CannedServer, recwarn: pytest.WarningsRecorder
) -> None:
    canned.handler = pages = Pages(THREE)
    async for row in models_of(sdk):
        if row.name == "a":
            break
    async for page in models_of(sdk).pages():
        assert names(page) == ["a", "b"]
        break
    del row, page
    gc.collect()
    assert len(pages.asked) == 2
    assert not recwarn.list
    assert not [o for o in gc.get_objects() if isinstance(o, AsyncIterator) and _is_ours(o)]


def _is_ours(thing: object) -> bool:
    return type(thing).__module__ == "crml_sdk.pagination"


async def test_arguments_are_checked_when_the_list_is_asked_for(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    with pytest.raises(errors.RequestValidationError, match="max_results"):
        models_of(sdk, max_results=0)
    assert not canned.received


async def test_a_page_is_its_reply_and_its_rows(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.handler = Pages(THREE)
    async for page in models_of(sdk).pages():
        assert isinstance(page, Page)
        assert isinstance(page.reply, models.ListTrainedModelsResponse)
        assert page.reply.trained_models == list(page.items)
        break
    assert "ListTrainedModels" in repr(models_of(sdk))


async def test_every_list_operation_pages(sdk: CleanRoomsML, canned: CannedServer) -> None:
    """Each list of the service, and both of AWS Clean Rooms, goes on behind its first page."""
    from .exactness.calling import keywords, method
    from .exactness.service import surface
    from .exactness.strategies import least
    from .exactness.violations import sound

    lists = [operation for operation in surface() if operation.is_list]
    assert len(lists) == 19
    for operation in lists:
        output = operation.model.output_shape
        (rows,) = (n for n, s in output.members.items() if s.type_name == "list")
        body = least(output) | {rows: [least(output.members[rows].member)]}
        canned.answers = [reply(200, body | {"nextToken": "more"}), reply(200, body)]
        canned.received.clear()
        parameters = sound(operation.model.input_shape)
        parameters.pop("nextToken")
        listed = method(sdk, operation, parameters)(**keywords(operation, parameters))
        assert len(await listed) == 2, operation.name
        assert canned.received[1].query["nextToken"] == ["more"]
        first, second = (
            {k: v for k, v in request.query.items() if k != "nextToken"}
            for request in canned.received
        )
        assert first == second


async def test_a_filter_for_the_base_version_reads_on(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """No filter of the service means the base version, so pages may come out empty."""
    from crml_sdk import BASE

    def job(name: str, version: str | None) -> dict[str, Any]:
        row = {
            "trainedModelInferenceJobArn": arn("trained-model-inference-job", name),
            "membershipIdentifier": MEMBERSHIP,
            "trainedModelArn": MODEL,
            "collaborationIdentifier": MEMBERSHIP,
            "status": "ACTIVE",
            "outputConfiguration": {"members": []},
            "name": name,
            "createTime": "2026-01-01T00:00:00Z",
            "updateTime": "2026-01-01T00:00:00Z",
        }
        return row if version is None else row | {"trainedModelVersionIdentifier": version}

    canned.answers = [
        reply(200, {"trainedModelInferenceJobs": [job("x", MEMBERSHIP)], "nextToken": "t"}),
        reply(200, {"trainedModelInferenceJobs": [job("y", None), job("z", "NULL")]}),
    ]
    rows = await sdk.inference_jobs.list(trained_model_arn=MODEL, version=BASE)
    assert names(rows) == ["y", "z"]
    assert "trainedModelVersionIdentifier" not in json.dumps(canned.received[0].query)


async def test_an_awaited_list_is_a_list_that_shows_as_a_table() -> None:
    local = LocalCleanRoomsML()
    local.seed({"models": ["churn", "<b>"]})
    async with local.sdk() as sdk:
        rows = await sdk.trained_models.list()
        assert isinstance(rows, list)
        assert rows == list(rows)
        assert "<td" in rows._repr_html_()
        assert "&lt;b&gt;" in rows._repr_html_()
        assert rows[:1]._repr_html_().count("<tr>") == 2  # the head, and one row
        assert rows[0] in rows[:1]
        assert pickle.loads(pickle.dumps(rows)) == rows
        assert type(copy.deepcopy(rows)) is type(rows)
        assert [record["name"] for record in rows.to_records()] == [row.name for row in rows]
        page = await sdk.trained_models.list().pages().__anext__()
        assert page.reply.trained_models == rows
