"""The account's only active membership, taken by lists and creates that are given none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML

from .support.canned import CannedServer, Received, error, reply
from .support.samples import ACCOUNT, COLLABORATION, MEMBERSHIP, OTHER_MEMBERSHIP, TRAINING

ALGORITHM = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:configured-model-algorithm/{COLLABORATION}"
ASSOCIATION: dict[str, Any] = {"configured_model_algorithm_arn": ALGORITHM, "name": "a"}


def row(identifier: str, name: str = "Spring") -> dict[str, Any]:
    place = f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}"
    return {
        "id": identifier,
        "arn": f"{place}:membership/{identifier}",
        "collaborationArn": f"{place}:collaboration/{COLLABORATION}",
        "collaborationId": COLLABORATION,
        "collaborationCreatorAccountId": ACCOUNT,
        "collaborationCreatorDisplayName": "us",
        "collaborationName": name,
        "createTime": 1767225600,
        "updateTime": 1767225600,
        "status": "ACTIVE",
        "memberAbilities": [],
        "paymentConfiguration": {"queryCompute": {"isResponsible": True}},
    }


def found(*rows: dict[str, Any], **more: Any) -> Any:
    return reply(200, {"membershipSummaries": list(rows), **more})


class Account:
    """A service whose answer to ListMemberships is set by the test."""

    def __init__(self, canned: CannedServer) -> None:
        self.canned = canned
        self.memberships: list[Any] = [found(row(MEMBERSHIP))]
        canned.handler = self._answer

    def _answer(self, request: Received) -> Any:
        if request.path != "/memberships":
            empty: dict[str, Any] = {"trainedModels": [], "mlInputChannelsList": []}
            made = f"{ALGORITHM.rpartition(':')[0]}:membership/{MEMBERSHIP}/x/y"
            return reply(200, {**empty, "configuredModelAlgorithmAssociationArn": made})
        return self.memberships.pop(0) if len(self.memberships) > 1 else self.memberships[0]

    @property
    def looks(self) -> int:
        return sum(request.path == "/memberships" for request in self.canned.received)

    @property
    def others(self) -> list[str]:
        return [r.path for r in self.canned.received if r.path != "/memberships"]


async def hanging(account: Account) -> None:
    while not account.canned.hanging:  # noqa: ASYNC110
        await asyncio.sleep(0)


@pytest.fixture
def account(canned: CannedServer) -> Account:
    return Account(canned)


@pytest.fixture
async def sdk(canned: CannedServer) -> AsyncIterator[CleanRoomsML]:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_attempts=1
    ) as client:
        yield client


async def test_lists_and_creates_share_one_look(
    sdk: CleanRoomsML, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "crml_sdk")
    calls = [sdk.trained_models.list().first() for _ in range(20)]
    await asyncio.gather(*calls, sdk.configured_model_algorithm_associations.create(**ASSOCIATION))
    await sdk.ml_input_channels.list()
    assert account.looks == 1
    assert len(account.others) == 22
    assert all(path.startswith(f"/memberships/{MEMBERSHIP}/") for path in account.others)
    assert account.canned.received[0].query == {"status": ["ACTIVE"], "maxResults": ["100"]}
    (said,) = [each.getMessage() for each in caplog.records if "only active" in each.getMessage()]
    assert f"{MEMBERSHIP} (Spring)" in said


async def test_a_list_looks_when_its_first_page_is_read(
    sdk: CleanRoomsML, account: Account
) -> None:
    rows = sdk.trained_models.list()
    scoped = sdk.membership(OTHER_MEMBERSHIP).trained_models.list()
    named = sdk.trained_models.list(membership_identifier=OTHER_MEMBERSHIP)
    assert not account.canned.received
    await scoped
    await named
    assert account.looks == 0
    with pytest.raises(errors.NoSuchName):
        await sdk.trained_models.by_name("m")
    async for _ in rows.pages():
        pass
    assert account.looks == 1


async def test_what_changes_or_deletes_is_never_guessed(
    sdk: CleanRoomsML, account: Account
) -> None:
    configuration = sdk.ml_configuration
    output: Any = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/r"}
    for call in (
        configuration.put(default_output_location=output),
        configuration.delete(),
        configuration.get(),
    ):
        with pytest.raises(errors.MissingMembership) as caught:
            await call
        assert (caught.value.reason, caught.value.candidates) == ("", ())
    assert not account.canned.received


async def test_it_can_be_switched_off(canned: CannedServer, account: Account) -> None:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, find_membership=False
    ) as sdk:
        with pytest.raises(errors.MissingMembership, match="pass membership_identifier="):
            sdk.trained_models.list()
        with pytest.raises(errors.MissingMembership):
            await sdk.configured_model_algorithm_associations.create(**ASSOCIATION)
    assert not canned.received


async def test_what_else_is_wrong_is_said_before_anything_is_sent(
    sdk: CleanRoomsML, account: Account
) -> None:
    with pytest.raises(errors.RequestValidationError) as caught:
        await sdk.configured_model_algorithm_associations.create(
            configured_model_algorithm_arn="a name", name=""
        )
    paths = {fault.path for fault in caught.value.faults}
    assert paths == {"configured_model_algorithm_arn", "name"}
    with pytest.raises(errors.RequestValidationError):
        sdk.trained_models.list(max_results=101)
    assert not account.canned.received


async def test_several_are_told_apart(sdk: CleanRoomsML, account: Account) -> None:
    """All pages are read, and nothing is kept: one of two may end meanwhile."""
    account.memberships = [
        found(row(MEMBERSHIP), nextToken="2"),
        found(row(OTHER_MEMBERSHIP, "Winter")),
        found(row(MEMBERSHIP)),
    ]
    with pytest.raises(errors.MissingMembership) as caught:
        await sdk.trained_models.list()
    wanted = f"has 2 that are active, 'Spring' ({MEMBERSHIP}), 'Winter' ({OTHER_MEMBERSHIP}): pass"
    assert wanted in str(caught.value)
    assert "sdk.membership(id)" in str(caught.value)
    assert [each.id for each in caught.value.candidates] == [MEMBERSHIP, OTHER_MEMBERSHIP]
    assert not account.others
    await sdk.trained_models.list()
    assert account.looks == 3


async def test_many_are_not_all_named(sdk: CleanRoomsML, account: Account) -> None:
    account.memberships = [found(*(row(f"{n:08}{MEMBERSHIP[8:]}", f"n{n}") for n in range(13)))]
    with pytest.raises(errors.MissingMembership, match=r"'n9' \(\S+\), 3 more:") as caught:
        await sdk.trained_models.list()
    assert len(caught.value.candidates) == 13


async def test_none_is_said(sdk: CleanRoomsML, account: Account) -> None:
    account.memberships = [found()]
    with pytest.raises(errors.MissingMembership, match="has none that is active in this region"):
        await sdk.trained_models.list()


@pytest.mark.parametrize(
    "answer",
    [
        error("AccessDeniedException", 403, "not you"),
        error("ResourceNotFoundException", 404, "not you"),
        reply(200, {"unlike": "the documented"}),
    ],
)
async def test_a_refused_look_is_the_cause_and_not_kept(
    sdk: CleanRoomsML, account: Account, answer: Any
) -> None:
    account.memberships = [answer, found(row(MEMBERSHIP))]
    calls = [sdk.trained_models.list().first() for _ in range(5)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert account.looks == 1
    for end in ends:
        assert isinstance(end, errors.MissingMembership)
        assert isinstance(end.__cause__, errors.CleanRoomsMLError)
        assert "memberships could not be listed" in str(end)
        assert "pass membership_identifier=" in str(end)
    assert await sdk.trained_models.list() == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("ThrottlingException", 429), errors.ThrottlingException),
        (error("ExpiredTokenException", 403), errors.ServiceError),
        ("cut", errors.TransportError),
    ],
)
async def test_what_any_call_would_meet_is_raised_as_it_is(
    sdk: CleanRoomsML, account: Account, answer: Any, kind: type[Exception]
) -> None:
    account.memberships = [answer]
    with pytest.raises(kind):
        await sdk.configured_model_algorithm_associations.create(**ASSOCIATION)
    assert not account.others


async def test_nothing_leaves_for_aws_where_only_this_service_is_local(
    canned: CannedServer, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLEANROOMSML", canned.url)
    async with CleanRoomsML(region_name="us-east-1") as sdk:
        with pytest.raises(errors.MissingMembership, match="AWS_ENDPOINT_URL_CLEANROOMS "):
            await sdk.trained_models.list()
    assert not canned.received


async def test_the_time_of_a_call_includes_the_look(sdk: CleanRoomsML, account: Account) -> None:
    account.memberships = ["hang", found(row(MEMBERSHIP))]
    with pytest.raises(errors.CallTimeout, match=r"not found within 0\.05") as caught:
        await sdk.configured_model_algorithm_associations.create(**ASSOCIATION, timeout=0.05)
    assert caught.value.request_sent is False
    account.memberships = ["hang", found(row(MEMBERSHIP))]
    with pytest.raises(errors.CallTimeout):
        await sdk.trained_models.list(timeout=0.05)
    account.memberships = ["hang", found(row(MEMBERSHIP))]
    with pytest.raises(errors.CallTimeout, match="list was not read"):
        await sdk.trained_models.list(total_timeout=0.05)
    assert not account.others


async def test_the_call_has_what_the_look_has_left(
    sdk: CleanRoomsML, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only the first page: each further one has the whole time."""
    await sdk.trained_models.list()
    times: list[Any] = []
    send = sdk._core.call

    async def call(operation: Any, params: Any, timeout: Any = None, **options: Any) -> Any:
        times.append(timeout)
        answer = await send(operation, params, timeout, **options)
        if len(times) == 1:
            object.__setattr__(answer, "next_token", "more")
        return answer

    async def only(operation: str, timeout: Any) -> Any:
        return row_model, timeout - 9.0

    row_model, _ = await sdk._core.memberships.only("this")
    monkeypatch.setattr(sdk._core.memberships, "only", only)
    monkeypatch.setattr(sdk._core, "call", call)
    await sdk.trained_models.list(timeout=10.0)
    await sdk.configured_model_algorithm_associations.create(**ASSOCIATION, timeout=10.0)
    assert times == [1.0, 10.0, 1.0]


async def test_who_looks_may_be_cancelled_or_cut_and_the_others_go_on(
    sdk: CleanRoomsML, account: Account
) -> None:
    account.memberships = ["hang", "hang", found(row(MEMBERSHIP))]
    first = asyncio.ensure_future(sdk.trained_models.list().first())
    await hanging(account)
    second = asyncio.ensure_future(sdk.trained_models.list(timeout=0.1).first())
    for _ in range(10):  # it waits before the others do
        await asyncio.sleep(0)
    others = [asyncio.ensure_future(sdk.trained_models.list().first()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == [None] * 3
    with pytest.raises(errors.CallTimeout):
        await second
    assert first.cancelled()
    assert account.looks == 3


async def test_closing_ends_a_look(sdk: CleanRoomsML, account: Account) -> None:
    account.memberships = ["hang"]
    calls = [
        asyncio.ensure_future(sdk.configured_model_algorithm_associations.create(**ASSOCIATION))
        for _ in range(3)
    ]
    await hanging(account)
    await sdk.close()
    for end in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(end, errors.ClientClosed)
        assert end.operation == "CreateConfiguredModelAlgorithmAssociation"
        assert end.request_sent is False
    assert account.looks == 1


async def test_a_training_in_the_local_service_needs_no_membership() -> None:
    local = LocalCleanRoomsML()
    arns = local.seed(
        {"associations": ["forest"], "channels": [{"name": "people", "association": "forest"}]}
    )
    training = TRAINING | {
        "configured_model_algorithm_association_arn": arns[
            "configured-model-algorithm-association/forest"
        ],
        "data_channels": [
            {"ml_input_channel_arn": arns["ml-input-channel/people"], "channel_name": "train"}
        ],
    }
    async with local.sdk() as sdk:
        model = await sdk.trained_models.train(**training)
        assert model.membership_identifier == local.world.membership_id
        assert [each.name for each in await sdk.trained_models.list()] == ["m"]
        assert (await sdk.trained_models.by_name("m")).trained_model_arn == model.trained_model_arn


def test_it_is_found_on_trio_too() -> None:
    local = LocalCleanRoomsML()
    local.seed({"models": ["churn"]})
    names: list[str] = []

    async def body() -> None:
        with local.serve_in_thread() as server:
            async with CleanRoomsML(
                region_name="us-east-1", endpoint_url=server.url, http_backend="httpx"
            ) as sdk:

                async def one() -> None:
                    names.extend(each.name for each in await sdk.trained_models.list(timeout=20))

                async with trio.open_nursery() as nursery:
                    for _ in range(4):
                        nursery.start_soon(one)

    trio.run(body)
    assert names == ["churn"] * 4
