"""Nothing is started before all that was given is checked, and no end of a wait loses a handle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from crml_sdk import CleanRoomsML, errors
from crml_sdk.local import LocalCleanRoomsML
from crml_sdk.waiting import Handle

Start = Callable[..., Awaitable[Any]]

WRONG = (
    {"poll": "30s"},
    {"poll": -1},
    {"on_update": "print"},
    {"timeout": -1},
    {"timeout": "6h"},
    {"timeout": True},
    {"timeout": timedelta(seconds=-1)},
)
WAYS = ("train", "run", "run_export", "channel")


@pytest.fixture
def local() -> LocalCleanRoomsML:
    return LocalCleanRoomsML()


@pytest.fixture
def arn(local: LocalCleanRoomsML) -> str:
    return local.seed({"models": ["churn"]})["trained-model/churn"]


@pytest.fixture
async def sdk(local: LocalCleanRoomsML) -> AsyncIterator[CleanRoomsML]:
    async with local.sdk() as sdk:
        yield sdk


async def starter(sdk: CleanRoomsML, way: str, arn: str) -> Start:
    """A create or start that also waits, with everything but the options of the wait."""
    model = await sdk.trained_models.get(arn)
    if way == "train":

        async def train(**options: Any) -> Any:
            return await sdk.trained_models.train(
                name="other",
                configured_model_algorithm_association_arn=model.configured_model_algorithm_association_arn,
                resource_config={"instance_type": "ml.m5.large", "volume_size_in_gb": 10},
                data_channels=[
                    {
                        "ml_input_channel_arn": one.ml_input_channel_arn,
                        "channel_name": one.channel_name,
                    }
                    for one in model.data_channels
                ],
                **options,
            )

        return train
    if way == "run":

        async def run(**options: Any) -> Any:
            return await sdk.inference_jobs.run(
                model.trained_model_arn,
                name="june",
                resource_config={"instance_type": "ml.m5.large"},
                output_configuration={"members": [{"account_id": arn.split(":")[4]}]},
                data_source={
                    "ml_input_channel_arn": model.data_channels[0].ml_input_channel_arn,
                },
                **options,
            )

        return run
    if way == "run_export":

        async def run_export(**options: Any) -> Any:
            return await sdk.trained_models.run_export(
                model.trained_model_arn,
                name="june",
                output_configuration={"members": [{"account_id": arn.split(":")[4]}]},
                **options,
            )

        return run_export

    channel = await sdk.ml_input_channels.get(model.data_channels[0].ml_input_channel_arn)

    async def make(**options: Any) -> Any:
        return await sdk.ml_input_channels.run(
            name="another",
            configured_model_algorithm_associations=channel.configured_model_algorithm_associations,
            input_channel=channel.input_channel,
            retention_in_days=channel.retention_in_days,
            **options,
        )

    return make


@pytest.mark.parametrize("way", WAYS)
async def test_what_cannot_be_used_is_refused_before_anything_is_sent(
    sdk: CleanRoomsML, local: LocalCleanRoomsML, way: str, arn: str
) -> None:
    start = await starter(sdk, way, arn)
    before = local.served
    for options in WRONG:
        (option,) = options
        with pytest.raises((TypeError, ValueError), match=f"^{option}="):
            await start(**options)
    assert local.served == before


@pytest.mark.parametrize("timeout", [-1, "6h", True, timedelta(seconds=-1)])
async def test_a_start_alone_sends_nothing_either(
    sdk: CleanRoomsML, local: LocalCleanRoomsML, timeout: Any, arn: str
) -> None:
    before = local.served
    for way in (sdk.trained_models.start_export, sdk.trained_models.export):
        with pytest.raises((TypeError, ValueError), match=r"^timeout="):
            await way(
                arn,
                name="june",
                output_configuration={"members": [{"account_id": arn.split(":")[4]}]},
                timeout=timeout,
            )
    assert local.served == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("timeout", [60, timedelta(minutes=1), None])
async def test_what_can_be_used_works(sdk: CleanRoomsML, way: str, timeout: Any, arn: str) -> None:
    start = await starter(sdk, way, arn)
    model = await start(
        timeout=timeout, poll=timedelta(seconds=0.01), on_update=lambda change: None
    )
    assert model.status.value == "ACTIVE"


@pytest.mark.parametrize("way", WAYS)
async def test_what_goes_wrong_in_the_wait_carries_the_handle(
    sdk: CleanRoomsML, way: str, arn: str
) -> None:
    start = await starter(sdk, way, arn)

    def on_update(change: Any) -> None:
        raise RuntimeError("the user's own")

    with pytest.raises(RuntimeError) as raised:
        await start(on_update=on_update)
    handle: Any = getattr(raised.value, "handle", None)
    assert isinstance(handle, Handle)
    assert (await sdk.wait(str(handle))).status.value == "ACTIVE"


async def test_an_error_of_the_service_in_the_wait_carries_the_handle(
    sdk: CleanRoomsML, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = await starter(sdk, "train", arn)

    async def refuse(*args: Any, **options: Any) -> Any:
        raise errors.ClientClosed("wait")

    monkeypatch.setattr(sdk._core.waiting, "wait", refuse)
    with pytest.raises(errors.ClientClosed) as raised:
        await start()
    assert raised.value.handle is not None
    assert raised.value.handle.kind == "trained-model"


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_run_has_logged_its_handle(
    way: str, local: LocalCleanRoomsML, arn: str, caplog: pytest.LogCaptureFixture
) -> None:
    reached = asyncio.Event()

    async def sleep(seconds: float) -> None:
        reached.set()
        await asyncio.Event().wait()

    def on_update(change: Any) -> None:
        reached.set()

    async with local.sdk(sleep=sleep) as sdk:
        start = await starter(sdk, way, arn)
        with caplog.at_level(logging.INFO, logger="crml_sdk.waiting"):
            task = asyncio.ensure_future(start(on_update=on_update))
            await reached.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        (text,) = {getattr(record, "crml_handle", None) for record in caplog.records} - {None}
        assert Handle.parse(text)
