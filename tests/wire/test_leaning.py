"""What the SDK relies on inside aiobotocore and botocore, each by its name.

When one of these fails after an update, look at `wire/` before anything else.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from datetime import datetime
from typing import Any

import pytest
from aiobotocore.client import AioBaseClient
from aiobotocore.parsers import AioResponseParserFactory, AioRestJSONParser
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError, EndpointConnectionError

from crml_sdk import BASE, CleanRoomsML, errors, models
from crml_sdk.api import operations
from crml_sdk.wire.connection import Connection
from crml_sdk.wire.parsing import TypedParserFactory

from ..support.canned import CannedServer, error, reply
from ..support.samples import MEMBERSHIP, MODEL, TRAINING, model_reply


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture(params=["short way", "watched"])
async def sdk(request: pytest.FixtureRequest, canned: CannedServer) -> Any:
    """A client, once as nobody watches it and once with a handler that sends it the long way."""
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, read_timeout=0.3, find_lost_creates=False
    ) as client:
        if request.param == "watched":
            client.raw.meta.events.register("before-send.cleanroomsml", _look_on)
        yield client


async def _look_on(**_: Any) -> None:
    return None


def test_the_parser_factory_is_a_component_of_the_session() -> None:
    session: Any = AioSession()
    assert isinstance(session.get_component("response_parser_factory"), AioResponseParserFactory)
    ours = TypedParserFactory(AioResponseParserFactory())
    session.register_component("response_parser_factory", ours)
    assert session.get_component("response_parser_factory") is ours
    assert type(AioResponseParserFactory().create_parser("rest-json")) is AioRestJSONParser


def test_a_parser_is_called_with_the_response_and_the_shape() -> None:
    assert list(inspect.signature(AioRestJSONParser.parse).parameters) == [
        "self",
        "response",
        "shape",
    ]


async def test_a_parser_gets_status_headers_and_body(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crml_sdk.wire import parsing

    seen: list[tuple[dict[str, Any], Any]] = []
    usual = parsing.TypedParser.parse

    async def parse(self: Any, response: dict[str, Any], shape: Any) -> Any:
        seen.append((response, shape))
        return await usual(self, response, shape)

    monkeypatch.setattr(parsing.TypedParser, "parse", parse)
    canned.answers = [reply(200, model_reply(), x_amzn_RequestId="r")]
    await sdk.trained_models.get(MODEL)
    ((response, shape),) = seen
    assert response["status_code"] == 200
    assert response["headers"]["x-amzn-requestid"] == "r"
    assert isinstance(response["body"], bytes)
    assert shape.name == "GetTrainedModelResponse"


async def test_every_call_goes_through_make_api_call(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    usual = AioBaseClient._make_api_call

    async def make(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
        calls.append((operation_name, api_params))
        return await usual(self, operation_name, api_params)

    monkeypatch.setattr(AioBaseClient, "_make_api_call", make)
    canned.answers = [reply(200, model_reply())]
    await sdk.trained_models.get(MODEL)
    raw = await sdk.raw.get_trained_model(trainedModelArn=MODEL, membershipIdentifier=MEMBERSHIP)
    expected = {"trainedModelArn": MODEL, "membershipIdentifier": MEMBERSHIP}
    assert calls == [("GetTrainedModel", expected)] * 2
    assert isinstance(raw, dict)
    assert isinstance(raw["createTime"], datetime)


async def test_a_call_on_the_raw_client_raises_botocores_errors(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [error("ConflictException", 409)]
    with pytest.raises(ClientError) as caught:
        await sdk.raw.create_trained_model(membershipIdentifier=MEMBERSHIP)
    assert not isinstance(caught.value, errors.CleanRoomsMLError)
    with pytest.raises(sdk.raw.exceptions.ConflictException):
        await sdk.raw.create_trained_model(membershipIdentifier=MEMBERSHIP)


async def test_our_handler_is_asked_before_the_retry_policy(sdk: CleanRoomsML) -> None:
    """Handlers of `needs-retry` answer in order and the first answer that is not None counts."""
    from aiobotocore.retries.standard import AioRetryHandler

    from crml_sdk.wire.retrying import resend_create

    creates = [op for op in operations.ALL if op.creates and op.service == "cleanroomsml"]
    assert len(creates) == 11
    for operation in operations.ALL:
        if operation.service != "cleanroomsml":
            continue
        emitter: Any = sdk.raw.meta.events
        handlers = emitter._emitter._handlers.prefix_search(
            f"needs-retry.cleanroomsml.{operation.name}"
        )
        asked = [h for h in handlers if h is resend_create]
        policy = [h for h in handlers if isinstance(getattr(h, "__self__", None), AioRetryHandler)]
        assert len(policy) == 1
        assert len(asked) == operation.creates
        if asked:
            assert handlers.index(resend_create) < handlers.index(policy[0])


AMBIGUOUS: dict[str, Any] = {
    "read timeout": "hang",
    "cut": "cut",
    "reset": "reset",
    "500": error("InternalServiceException", 500),
    "502": reply(502, b"<html>"),
    "503": error("Unavailable", 503),
    "504": error("Timeout", 504),
    "409": error("ConflictException", 409),
    "402": error("ServiceQuotaExceededException", 402),
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
async def test_exactly_one_post_after_an_ambiguous_fault(
    sdk: CleanRoomsML, canned: CannedServer, fault: str
) -> None:
    canned.answers = [AMBIGUOUS[fault]]
    with pytest.raises(errors.CleanRoomsMLError) as caught:
        await sdk.trained_models.create(**TRAINING)
    assert len(canned.received) == 1
    if isinstance(caught.value, errors.TransportError):
        assert caught.value.request_sent is None
    if fault == "reset":
        # aiobotocore says "could not connect" of a connection that was lost in the middle.
        assert isinstance(caught.value.__cause__, EndpointConnectionError)
        assert "was lost" in str(caught.value)


async def test_a_kept_connection_that_closes_does_not_double_a_post(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """aiohttp itself repeats what is idempotent by its method; a POST is not."""
    canned.answers = [reply(200, {"trainedModelArn": MODEL}), "cut"]
    await sdk.trained_models.create(**TRAINING)
    with pytest.raises(errors.TransportError):
        await sdk.trained_models.create(**TRAINING)
    assert len(canned.received) == 2


async def test_several_posts_while_throttled(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [
        error("ThrottlingException", 429),
        error("ThrottlingException", 429),
        reply(200, {"trainedModelArn": MODEL}),
    ]
    created = await sdk.trained_models.create(**TRAINING)
    assert len(canned.received) == 3
    assert created.response_metadata is not None
    # RetryAttempts, which aiobotocore writes into the reply that the SDK's parser made.
    assert created.response_metadata.attempts == 3
    canned.answers = [error("ThrottlingException", 429)]
    with pytest.raises(errors.ThrottlingException) as caught:
        await sdk.trained_models.create(**TRAINING)
    assert caught.value.attempts == 3


@pytest.mark.parametrize("watched", [False, True])
async def test_several_tries_to_connect(monkeypatch: pytest.MonkeyPatch, watched: bool) -> None:
    """Found: on the short way a connection that was refused or reset was not tried again."""
    pauses: list[float] = []

    async def sleep(self: Any, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(Connection, "_pause", sleep)
    async with CleanRoomsML(region_name="us-east-1", endpoint_url="http://127.0.0.1:9") as sdk:
        if watched:
            sdk.raw.meta.events.register("before-send.cleanroomsml", _look_on)
        with pytest.raises(errors.TransportError) as caught:
            await sdk.trained_models.create(**TRAINING)
    assert len(pauses) == 2  # three tries
    assert caught.value.request_sent is False


@pytest.mark.parametrize("answer", [error("Unavailable", 503), "cut", "reset"])
async def test_reads_and_cancellations_are_repeated(
    sdk: CleanRoomsML, canned: CannedServer, answer: Any
) -> None:
    canned.answers = [answer, reply(200, model_reply())]
    assert (await sdk.trained_models.get(MODEL)).name == "m"
    canned.answers = [answer, reply(200)]
    canned.received.clear()
    await sdk.trained_models.cancel(MODEL, version=BASE)
    assert [request.method for request in canned.received] == ["PATCH"] * 2


async def test_a_2xx_that_is_not_json_is_not_repeated_either(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    canned.answers = [reply(200, b"<html>")]
    with pytest.raises(errors.ResponseShapeError):
        await sdk.trained_models.create(**TRAINING)
    assert len(canned.received) == 1


async def test_the_reply_is_a_model_and_not_a_dict(sdk: CleanRoomsML, canned: CannedServer) -> None:
    canned.answers = [reply(200, model_reply())]
    assert type(await sdk.trained_models.get(MODEL)) is models.GetTrainedModelResponse


async def test_an_operation_without_output_gives_none(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    for body in (b"", b"{}", b"null"):
        canned.answers = [reply(200, body)]
        assert await sdk.trained_models.cancel(MODEL, version=BASE) is None  # type: ignore[func-returns-value]


async def test_calls_of_many_tasks_do_not_mix_up_their_replies(
    sdk: CleanRoomsML, canned: CannedServer
) -> None:
    """What a call expects travels in a context variable."""

    def answer(request: Any) -> Any:
        if request.path.endswith("/versions"):
            return reply(200, {"trainedModels": []})
        if request.method == "POST":
            return reply(200, {"trainedModelArn": MODEL})
        return reply(200, model_reply())

    canned.handler = answer
    got = await asyncio.gather(
        *(
            call
            for _ in range(20)
            for call in (
                sdk.trained_models.get(MODEL),
                _listed(sdk),
                sdk.trained_models.create(**TRAINING),
                sdk.raw.get_trained_model(trainedModelArn=MODEL, membershipIdentifier=MEMBERSHIP),
            )
        )
    )
    assert [type(one).__name__ for one in got] == [
        "GetTrainedModelResponse",
        "ItemList",
        "CreateTrainedModelResponse",
        "dict",
    ] * 20


async def _listed(sdk: CleanRoomsML) -> Any:
    return await sdk.trained_models.versions(MODEL)


async def test_logging_names_the_call_and_nothing_that_is_secret(
    sdk: CleanRoomsML, canned: CannedServer, caplog: pytest.LogCaptureFixture
) -> None:
    canned.answers = [reply(200, {"trainedModelArn": MODEL}, x_amzn_RequestId="r-9")]
    with caplog.at_level(logging.DEBUG, logger="crml_sdk"):
        await sdk.trained_models.create(**TRAINING, environment={"TOKEN": "hunter2"})
        canned.answers = [error("ConflictException", 409), "cut"]
        for _ in range(2):
            with pytest.raises(errors.CleanRoomsMLError):
                await sdk.trained_models.create(**TRAINING, environment={"TOKEN": "hunter2"})
    lines = [record.getMessage() for record in caplog.records if record.name == "crml_sdk"]
    assert len(lines) == 3
    assert all(line.startswith("CreateTrainedModel ") and line.endswith(" ms") for line in lines)
    assert "ok request_id=r-9 attempts=1" in lines[0]
    assert "ConflictException request_id=req-1 attempts=1" in lines[1]
    assert "TransportError" in lines[2]
    said = " ".join(lines)
    assert not any(secret in said for secret in ("hunter2", "not-a-secret", "AKIDEXAMPLE", MODEL))
