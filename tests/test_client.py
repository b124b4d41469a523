"""The client: no state outside itself, a timeout for each call, what is known of each exchange."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest
from aiobotocore.config import AioConfig

from crml_sdk import CleanRoomsML, ResponseMetadata, errors

from .exactness.service import entry
from .exactness.strategies import least
from .support.canned import CannedServer, Received, error, reply
from .support.samples import INFERENCE, MEMBERSHIP, MODEL, model_reply, model_row


async def test_two_clients_two_regions_one_process() -> None:
    async with CannedServer() as first, CannedServer() as second:
        for server, name in ((first, "one"), (second, "two")):
            server.answers = [reply(200, model_reply(name=name))]
        async with (
            CleanRoomsML(region_name="us-east-1", endpoint_url=first.url) as one,
            CleanRoomsML(region_name="eu-west-1", endpoint_url=second.url) as two,
        ):
            names = await asyncio.gather(
                *(sdk.trained_models.get(MODEL) for _ in range(5) for sdk in (one, two))
            )
            assert [model.name for model in names] == ["one", "two"] * 5
            assert (one.region_name, two.region_name) == ("us-east-1", "eu-west-1")
        assert "/us-east-1/cleanrooms-ml/" in first.received[0].headers["authorization"]
        assert "/eu-west-1/cleanrooms-ml/" in second.received[0].headers["authorization"]


async def test_closing_one_client_leaves_the_other_open(canned: CannedServer) -> None:
    canned.answers = [reply(200, model_reply())]
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as kept:
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as other:
            await other.trained_models.get(MODEL)
        assert (await kept.trained_models.get(MODEL)).name == "m"


async def test_open_and_close_by_hand_as_often_as_you_like(canned: CannedServer) -> None:
    canned.answers = [reply(200, model_reply())]
    sdk = CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url)
    await sdk.close()
    for _ in range(2):
        assert await sdk.open() is sdk
        assert await sdk.open() is sdk
        assert (await sdk.trained_models.get(MODEL)).name == "m"
        await sdk.close()
        await sdk.close()


async def test_a_timeout_bounds_one_call_with_its_retries(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = ["hang"]
    with pytest.raises(errors.CallTimeout, match=r"0\.05 seconds") as caught:
        await sdk.trained_models.get(MODEL, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.operation == "GetTrainedModel"
    canned.answers = [reply(200, model_reply())]
    assert (await sdk.trained_models.get(MODEL, timeout=30)).name == "m"


async def test_a_timeout_holds_for_each_page(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, {"trainedModels": [model_row()], "nextToken": "t"}), "hang"]
    pages = sdk.trained_models.versions(MODEL, timeout=0.1).pages()
    assert len(await anext(pages)) == 1
    with pytest.raises(errors.CallTimeout) as caught:
        await anext(pages)
    assert caught.value.page_token == "t"


async def test_a_read_timeout_of_the_client(canned: CannedServer) -> None:
    canned.answers = ["hang"]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, read_timeout=0.05, max_attempts=1
    ) as sdk:
        with pytest.raises(errors.TransportError, match="waiting for the reply") as caught:
            await sdk.trained_models.get(MODEL)
    assert caught.value.request_sent is None
    assert len(canned.received) == 1


async def test_the_config_given_is_merged_in_last(canned: CannedServer) -> None:
    canned.answers = [error("Unavailable", 503)]
    async with CleanRoomsML(
        region_name="us-east-1",
        endpoint_url=canned.url,
        max_attempts=5,
        config=AioConfig(retries={"total_max_attempts": 1}, user_agent_extra="mine/1"),
    ) as sdk:
        with pytest.raises(errors.ServiceError):
            await sdk.trained_models.get(MODEL)
    assert len(canned.received) == 1
    assert "mine/1" in canned.received[0].headers["user-agent"]


async def test_the_exchange_is_told_beside_the_fields(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, model_reply(), x_amzn_RequestId="r-1", X_Other="o")]
    model = await sdk.trained_models.get(MODEL)
    metadata = model.response_metadata
    assert isinstance(metadata, ResponseMetadata)
    assert (metadata.request_id, metadata.http_status, metadata.attempts) == ("r-1", 200, 1)
    assert metadata.operation == "GetTrainedModel"
    assert metadata.headers["x-other"] == "o"
    # It is no field: not in dumps, not in comparisons, not in what is printed, not in copies.
    assert "response_metadata" not in model.model_dump()
    assert "r-1" not in model.model_dump_json(by_alias=True)
    assert "r-1" not in repr(model)
    canned.answers = [reply(200, model_reply(), x_amzn_RequestId="r-2")]
    again = await sdk.trained_models.get(MODEL)
    assert again == model
    assert again.response_metadata != metadata
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other == model
        assert other.name == "m"


async def test_a_reply_that_is_a_part_of_another_has_it_too(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    row = least(entry("GetMembership").model.output_shape)["membership"]
    canned.answers = [reply(200, {"membership": row}, x_amzn_RequestId="r-1")]
    membership = await sdk.memberships.get(MEMBERSHIP)
    assert membership.collaboration_name == row["collaborationName"]
    assert membership.response_metadata is not None
    assert membership.response_metadata.request_id == "r-1"


async def test_models_are_frozen(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, model_reply())]
    model = await sdk.trained_models.get(MODEL)
    with pytest.raises(ValueError, match="frozen"):
        model.name = "other"
    assert model.model_copy(update={"name": "other"}).name == "other"


async def test_arguments_are_not_changed_by_a_call(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, {"trainedModelInferenceJobArn": MODEL})]
    given = copy.deepcopy(INFERENCE)
    await sdk.inference_jobs.start(MODEL, **given)
    assert given == INFERENCE


async def test_a_cancelled_call_leaves_the_client_usable(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    arrived = asyncio.Event()

    def hang(_: Received) -> str:
        arrived.set()
        return "hang"

    canned.handler = hang
    task = asyncio.create_task(sdk.trained_models.get(MODEL))
    await arrived.wait()
    task.cancel()
    canned.handler = None
    with pytest.raises(asyncio.CancelledError):
        await task
    canned.answers = [reply(200, model_reply())]
    assert (await sdk.trained_models.get(MODEL)).name == "m"


async def test_a_wait_takes_its_time_from_the_clock_and_the_sleep_given(
    canned: CannedServer,
) -> None:
    now = 7.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    statuses = ("CREATE_IN_PROGRESS", "ACTIVE")
    canned.answers = [reply(200, model_reply(status=status)) for status in statuses]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, clock=lambda: now, sleep=sleep
    ) as sdk:
        await asyncio.wait_for(sdk.trained_models.wait(MODEL, poll=2), 20)  # else without end
    assert sum(slept) == pytest.approx(2)
