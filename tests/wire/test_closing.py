"""Closing a client while calls are under way: one clear error, and no paid work is lost sight of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiobotocore.config import AioConfig

from crml_sdk import CleanRoomsML, errors

from ..support.canned import CannedServer, error, reply
from ..support.samples import MODEL, TRAINING, model_reply

BACKENDS = ["aiohttp", "httpx"]


@pytest.fixture(params=BACKENDS)
async def sdk(request: pytest.FixtureRequest, canned: CannedServer) -> AsyncIterator[CleanRoomsML]:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, http_backend=request.param
    ) as client:
        yield client


async def arrived(canned: CannedServer, number: int = 1) -> None:
    """Wait until the service has had so many requests."""
    while len(canned.received) < number:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def outcome(task: Any) -> Any:
    (found,) = await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5)
    return found


async def test_a_read(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = ["hang"]
    task = asyncio.ensure_future(sdk.trained_models.get(MODEL))
    await arrived(canned)
    await sdk.close()
    found = await outcome(task)
    assert type(found) is errors.ClientClosed
    assert (found.operation, found.request_sent) == ("GetTrainedModel", True)
    assert len(canned.received) == 1


async def test_a_create_that_has_gone_out_may_have_happened(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = ["hang"]
    task = asyncio.ensure_future(sdk.trained_models.create(**TRAINING))
    await arrived(canned)
    await sdk.close()
    found = await outcome(task)
    assert type(found) is errors.OutcomeUnknown
    assert found.name == "m"
    assert "sdk.trained_models.list" in str(found)
    assert len(canned.received) == 1


@pytest.mark.parametrize("backend", BACKENDS)
async def test_what_waits_for_a_connection_was_not_sent(canned: CannedServer, backend: Any) -> None:
    """aiohttp cancels what waits for a connection, and nobody asked for that."""
    canned.answers = ["hang"]
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, max_connections=1, http_backend=backend
    ) as sdk:
        first = asyncio.ensure_future(sdk.trained_models.get(MODEL))
        await arrived(canned)
        second = asyncio.ensure_future(sdk.trained_models.get(MODEL))
        await asyncio.sleep(0.05)
        await sdk.close()
    assert type(await outcome(first)) is errors.ClientClosed
    found = await outcome(second)
    assert type(found) is errors.ClientClosed
    assert len(canned.received) == 1


async def test_between_two_tries(sdk: CleanRoomsML, canned: CannedServer, monkeypatch: Any) -> None:
    """A create that was throttled has not been accepted: nothing is unknown about it."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 60)
    canned.answers = [error("ThrottlingException", 429)]
    tasks = [
        asyncio.ensure_future(sdk.trained_models.create(**TRAINING)),
        asyncio.ensure_future(sdk.trained_models.get(MODEL)),
    ]
    await arrived(canned, 2)
    await asyncio.sleep(0.05)
    await sdk.close()
    for task, sent in zip(tasks, (False, True), strict=True):
        found = await outcome(task)
        assert type(found) is errors.ClientClosed
        assert found.request_sent is sent
    assert len(canned.received) == 2


@pytest.mark.parametrize("can_tell", [True, False], ids=["", "3.10"])
async def test_a_task_that_is_cancelled_as_well_stays_cancelled(
    sdk: CleanRoomsML, canned: CannedServer, can_tell: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Python 3.10 a task does not know that it was cancelled."""
    if not can_tell:
        monkeypatch.setattr("crml_sdk.wire.connection._CAN_TELL", False)
    canned.answers = ["hang"]
    task = asyncio.ensure_future(sdk.trained_models.get(MODEL))
    await arrived(canned)
    task.cancel()
    await sdk.close()
    assert type(await outcome(task)) is asyncio.CancelledError


async def test_a_wait_ends_as_well(sdk: CleanRoomsML, canned: CannedServer) -> None:
    """At once, whenever the next look would be due."""
    canned.answers = [reply(200, model_reply(status="CREATE_IN_PROGRESS"))]
    looked = asyncio.Event()
    task = asyncio.ensure_future(
        sdk.trained_models.wait(MODEL, poll=3600, on_update=lambda _: looked.set())
    )
    await looked.wait()
    await asyncio.sleep(0.05)
    await sdk.close()
    found = await outcome(task)
    assert type(found) is errors.ClientClosed
    assert found.operation == "GetTrainedModel"


@pytest.mark.parametrize("answer", ["hang", reply(200, {"trainedModels": []})], ids=["hang", ""])
async def test_waits_for_many_end_as_well(
    sdk: CleanRoomsML, canned: CannedServer, answer: Any
) -> None:
    models = [MODEL, MODEL.replace("/86", "/87"), MODEL.replace("/86", "/88")]
    canned.answers = [answer]
    task = asyncio.ensure_future(sdk.wait_all(models, poll=3600))
    await arrived(canned)
    await asyncio.sleep(0.05)
    await sdk.close()
    assert [type(one.error) for one in await outcome(task)] == [errors.ClientClosed] * 3


async def test_a_wait_whose_observer_closes_the_client_ends(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, model_reply(status="CREATE_IN_PROGRESS"))]

    async def close(_: Any) -> None:
        await sdk.close()

    task = asyncio.ensure_future(sdk.trained_models.wait(MODEL, poll=3600, on_update=close))
    assert type(await outcome(task)) is errors.ClientClosed
    assert len(canned.received) == 1


async def test_a_create_that_is_being_looked_for_may_have_happened(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """Its reply was lost, and the client is closed before what it made is found."""
    canned.handler = lambda request: (
        "cut" if request.method == "POST" else reply(200, {"trainedModels": []})
    )
    task = asyncio.ensure_future(sdk.trained_models.create(**TRAINING))
    await arrived(canned, 2)
    await asyncio.sleep(0.05)
    await sdk.close()
    found = await outcome(task)
    assert type(found) is errors.OutcomeUnknown
    assert "sdk.trained_models.list" in str(found)
    assert isinstance(found.__cause__, errors.TransportError)


async def test_after_closing(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, model_reply())]
    await sdk.close()
    with pytest.raises(errors.ClientClosed, match="GetTrainedModel: the client was closed"):
        await sdk.trained_models.get(MODEL)
    with pytest.raises(errors.ClientClosed):
        sdk.raw  # noqa: B018
    await sdk.open()
    assert (await sdk.trained_models.get(MODEL)).name == "m"


async def test_on_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same under trio, whose cancellations are of another kind."""
    found: list[Any] = []

    def run() -> None:
        import trio

        async def main() -> None:
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listeners[0].socket.getsockname()[1]
            asked = trio.Event()

            async def serve(stream: Any) -> None:
                await stream.receive_some()
                asked.set()
                await trio.sleep_forever()

            async def call(sdk: CleanRoomsML) -> None:
                try:
                    await sdk.trained_models.create(**TRAINING)
                except errors.CleanRoomsMLError as error:
                    found.append(error)

            async with trio.open_nursery() as servers:
                servers.start_soon(trio.serve_listeners, serve, listeners)
                async with CleanRoomsML(
                    region_name="us-east-1",
                    endpoint_url=f"http://127.0.0.1:{port}",
                    http_backend="httpx",
                ) as sdk:
                    async with trio.open_nursery() as calls:
                        calls.start_soon(call, sdk)
                        with trio.fail_after(10):
                            await asked.wait()
                        await sdk.close()
                servers.cancel_scope.cancel()

        trio.run(main)

    await asyncio.to_thread(run)
    assert [type(one) for one in found] == [errors.OutcomeUnknown]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_max_connections(canned: CannedServer, backend: Any) -> None:
    for options, expected in (
        ({}, 64),
        ({"max_connections": 3}, 3),
        ({"max_connections": 3, "config": AioConfig(max_pool_connections=7)}, 7),
    ):
        async with CleanRoomsML(
            region_name="us-east-1", endpoint_url=canned.url, http_backend=backend, **options
        ) as sdk:
            config: Any = sdk.raw.meta.config
            assert config.max_pool_connections == expected
            assert sdk.raw._endpoint.http_session._max_pool_connections == expected


@pytest.mark.parametrize("can_tell", [True, False], ids=["", "3.10"])
async def test_a_call_that_aiohttp_would_let_wait_for_ever(
    canned: CannedServer, can_tell: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp lets a read that it tries again wait for a free connection of what is closed."""
    if not can_tell:
        monkeypatch.setattr("crml_sdk.wire.connection._CAN_TELL", False)
    asked: list[Any] = []

    async def request(*_: Any, **__: Any) -> Any:
        asked.append(asyncio.current_task())
        await asyncio.Event().wait()

    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        session = await sdk.raw._endpoint.http_session._get_session(None)
        monkeypatch.setattr(type(session), "request", request)
        calls = (
            sdk.trained_models.get(MODEL),
            sdk.trained_models.get(MODEL, timeout=60),
            sdk.trained_models.create(**TRAINING),
            sdk.trained_models.get(MODEL),
        )
        tasks = [asyncio.ensure_future(call) for call in calls]
        while len(asked) < len(tasks):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        tasks[3].cancel()
        await sdk.close()
    found = [type(await outcome(task)) for task in tasks]
    assert found[:2] == [errors.ClientClosed] * 2
    assert found[2:] == [errors.OutcomeUnknown, asyncio.CancelledError]
    if can_tell and hasattr(tasks[0], "cancelling"):
        assert [task.cancelling() for task in tasks] == [0, 0, 0, 1]


async def test_a_task_goes_on_as_if_it_had_not_been_cancelled(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """The SDK cancelled the call itself: the caller's time limits around it must still work."""
    canned.answers = ["hang"]

    async def call() -> int:
        with pytest.raises(errors.ClientClosed):
            await sdk.trained_models.get(MODEL)
        await asyncio.sleep(0)
        task: Any = asyncio.current_task()
        return task.cancelling() if hasattr(task, "cancelling") else 0

    task = asyncio.ensure_future(call())
    await arrived(canned)
    await sdk.close()
    assert await outcome(task) == 0
