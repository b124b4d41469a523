"""The fast path changes only how long a call takes, and is not taken when something else watches the call.

Leans on, in aiobotocore 3.10: `AioEndpoint._send_request` calls `create_request`, `_get_response`
and `_needs_retry` for each attempt; the client reads `_endpoint`, `_serializer` and
`_ruleset_resolver` anew for each call; emitters keep found handlers in `_lookup_cache` until one is
registered.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from aiobotocore.client import AioBaseClient
from aiobotocore.config import AioConfig
from aiobotocore.endpoint import AioEndpoint
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.session import AioSession
from botocore import auth
from botocore.auth import SigV4Auth
from botocore.endpoint import Endpoint

from crml_sdk import CleanRoomsML, errors
from crml_sdk.wire import connection
from crml_sdk.wire.fast import installing as door
from crml_sdk.wire.fast.endpoint import FastEndpoint, FastRequest

from ...support.canned import CannedServer, error, reply
from ...support.samples import MODEL, TRAINING, model_reply

GET = reply(200, model_reply(), x_amzn_RequestId="req-7")
CREATED = reply(200, {"trainedModelArn": MODEL}, x_amzn_RequestId="req-8")


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """The classes of the requests that were sent: `FastRequest` for the short way."""
    sent: list[type] = []
    usual = FastEndpoint._get_response

    async def get_response(self: Any, request: Any, *rest: Any) -> Any:
        sent.append(type(request))
        return await usual(self, request, *rest)

    monkeypatch.setattr(FastEndpoint, "_get_response", get_response)
    return sent


def is_short(ways: list[type]) -> list[bool]:
    return [way is FastRequest for way in ways]


async def test_calls_take_the_short_way(sdk: CleanRoomsML, canned: CannedServer, ways: list[type]):
    canned.answers = [GET]
    model = await sdk.trained_models.get(MODEL)
    assert model.response_metadata is not None
    assert (model.response_metadata.request_id, model.response_metadata.attempts) == ("req-7", 1)
    assert model.response_metadata.headers["x-amzn-requestid"] == "req-7"
    await sdk.raw.get_trained_model(
        trainedModelArn=MODEL, membershipIdentifier=model.membership_identifier
    )
    assert is_short(ways) == [True, True]


async def test_the_raw_client_still_answers_with_dicts(sdk: CleanRoomsML, canned: CannedServer):
    canned.answers = [GET]
    raw = await sdk.raw.get_trained_model(
        trainedModelArn=MODEL, membershipIdentifier="11111111-2222-3333-4444-555555555555"
    )
    assert raw["name"] == "m"
    assert isinstance(raw["createTime"], datetime)
    metadata = raw["ResponseMetadata"]
    assert (metadata["RequestId"], metadata["HTTPStatusCode"]) == ("req-7", 200)
    assert metadata["RetryAttempts"] == 0


async def test_both_ways_send_the_same(canned: CannedServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=7))
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_: datetime(2026, 2, 3, 4, 5, 6))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session/token")
    for take in (connection.install, lambda _: "off"):
        monkeypatch.setattr(connection, "install", take)
        async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
            canned.answers = [GET, CREATED, reply(200)]
            await sdk.trained_models.get(MODEL, version="a" * 8 + "-0000-0000-0000-" + "b" * 12)
            await sdk.trained_models.create(**TRAINING)
            await sdk.tags.remove(MODEL, tag_keys=["a b", "c"])
    assert len(canned.received) == 6
    assert canned.received[:3] == canned.received[3:]


async def test_a_read_timeout_of_one_request_takes_the_ordinary_way(
    sdk: CleanRoomsML, canned: CannedServer, ways: list[type]
):
    def hurry(params: dict[str, Any], **_: Any) -> None:
        params["context"]["read_timeout"] = 5

    canned.answers = [GET]
    sdk.raw.meta.events.register("before-call.cleanroomsml", hurry)
    await sdk.trained_models.get(MODEL)
    sdk.raw.meta.events.unregister("before-call.cleanroomsml", hurry)
    await sdk.trained_models.get(MODEL)
    assert is_short(ways) == [False, True]


HANDLERS = [
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
]


@pytest.mark.parametrize("event", HANDLERS)
@pytest.mark.parametrize(
    "name", ["{}.cleanroomsml.GetTrainedModel", "{}.cleanroomsml", "{}.*.*", "{}"]
)
async def test_a_handler_is_called_from_the_moment_it_is_registered(
    event: str, name: str, sdk: CleanRoomsML, canned: CannedServer
):
    canned.answers = [GET]
    if name == "{}.*.*" or (event == "before-endpoint-resolution" and "Get" in name):
        name = "{}.cleanroomsml"
    called: list[str] = []

    def handler(event_name: str, **_: Any) -> None:
        called.append(event_name)

    await sdk.trained_models.get(MODEL)
    sdk.raw.meta.events.register(name.format(event), handler)
    await sdk.trained_models.get(MODEL)
    assert len(called) == 1
    sdk.raw.meta.events.unregister(name.format(event), handler)
    await sdk.trained_models.get(MODEL)
    assert len(called) == 1


@pytest.mark.parametrize("event", HANDLERS)
async def test_a_handler_of_the_callers_session_is_called(event: str, canned: CannedServer):
    canned.answers = [GET]
    session, called = AioSession(), []

    def handler(event_name: str, **_: Any) -> None:
        called.append(event_name)

    session.register(f"{event}.cleanroomsml", handler)
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, session=session
    ) as sdk:
        await sdk.trained_models.get(MODEL)
    assert len(called) == 1


async def test_a_handler_can_change_the_request(sdk: CleanRoomsML, canned: CannedServer):
    canned.answers = [GET]
    await sdk.trained_models.get(MODEL)

    def add_before_call(params: Any, **_: Any) -> None:
        params["headers"]["X-Mine"] = "1"

    def add_before_sign(request: Any, **_: Any) -> None:
        request.headers["X-Signed"] = "2"

    sdk.raw.meta.events.register("before-call.cleanroomsml", add_before_call)
    await sdk.trained_models.get(MODEL)
    sdk.raw.meta.events.register("before-sign.cleanroomsml", add_before_sign)
    await sdk.trained_models.get(MODEL)
    first, second, third = (one.headers for one in canned.received)
    assert ("x-mine" in first, second["x-mine"], third["x-signed"]) == (False, "1", "2")
    assert ";x-mine" in second["authorization"]
    assert ";x-signed" in third["authorization"]


async def test_a_handler_can_give_the_reply(sdk: CleanRoomsML, canned: CannedServer):
    from aiobotocore.awsrequest import AioAWSResponse

    canned.answers = [GET]
    await sdk.trained_models.get(MODEL)

    def answer(request: Any, **_: Any) -> Any:
        made = AioAWSResponse(request.url, 200, {}, None)
        made._content = GET[2].replace(b'"m"', b'"from the handler"')
        return made

    sdk.raw.meta.events.register("before-send.cleanroomsml", answer)
    assert (await sdk.trained_models.get(MODEL)).name == "from the handler"
    assert len(canned.received) == 1


async def test_headers_that_signing_writes_are_left_to_botocore(
    sdk: CleanRoomsML, canned: CannedServer, ways: list[type]
):
    canned.answers = [GET]

    def date(params: Any, **_: Any) -> None:
        params["headers"]["Date"] = "Mon, 01 Jan 2024 00:00:00 GMT"

    sdk.raw.meta.events.register("before-call.cleanroomsml", date)
    await sdk.trained_models.get(MODEL)
    assert is_short(ways) == [False]


async def test_debug_lines_are_written_by_botocore(
    sdk: CleanRoomsML,
    canned: CannedServer,
    ways: list[type],
    caplog: pytest.LogCaptureFixture,
):
    canned.answers = [GET]
    with caplog.at_level(logging.DEBUG, logger="botocore.endpoint"):
        await sdk.trained_models.get(MODEL)
    assert any("Sending http request" in record.message for record in caplog.records)
    await sdk.trained_models.get(MODEL)
    assert is_short(ways) == [False, True]


async def test_errors_and_retries_are_aiobotocores(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    async def no_sleep(self: Any, seconds: float) -> None: ...

    monkeypatch.setattr(connection.Connection, "_pause", no_sleep)
    canned.answers = [error("ThrottlingException", 429), error("A", 503), error("B", 500), GET]
    with pytest.raises(errors.ServiceError) as caught:
        await sdk.trained_models.get(MODEL)
    assert (caught.value.status_code, caught.value.attempts) == (500, 3)
    attempts = [one.headers["amz-sdk-request"] for one in canned.received]
    assert attempts == ["attempt=1", "attempt=2; max=3", "attempt=3; max=3"]
    assert len({one.headers["amz-sdk-invocation-id"] for one in canned.received}) == 1
    model = await sdk.trained_models.get(MODEL)
    assert model.response_metadata is not None
    assert model.response_metadata.attempts == 1
    canned.answers = [error("ResourceNotFoundException", 404, "gone")]
    with pytest.raises(errors.ResourceNotFoundException, match="gone"):
        await sdk.trained_models.get(MODEL)


async def test_each_attempt_is_counted(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    async def no_sleep(self: Any, seconds: float) -> None: ...

    monkeypatch.setattr(connection.Connection, "_pause", no_sleep)
    canned.answers = [error("Oops", 503), GET]
    model = await sdk.trained_models.get(MODEL)
    assert model.response_metadata is not None
    assert model.response_metadata.attempts == 2


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (None, {}),
        (None, {"use_fips_endpoint": True}),
        (None, {"use_dualstack_endpoint": True}),
        ("https://elsewhere.example/base", {}),
    ],
)
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-3"])
async def test_addresses_are_botocores(
    region: str, options: dict[str, Any], url: str | None, monkeypatch: pytest.MonkeyPatch
):
    if url is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLEANROOMSML", url)
    asked: list[list[str]] = []
    for take in (connection.install, lambda _: "off"):
        monkeypatch.setattr(connection, "install", take)
        urls: list[str] = []

        async def request(self: Any, method: str, url: Any, urls: Any = urls, **_: Any) -> Any:
            urls.append(str(url))
            raise RuntimeError("far enough")

        monkeypatch.delenv("https_proxy", raising=False)
        monkeypatch.delenv("HTTPS_PROXY", raising=False)
        monkeypatch.setattr(aiohttp.ClientSession, "_request", request)
        async with CleanRoomsML(
            region_name=region, config=AioConfig(**options), max_attempts=1
        ) as sdk:
            for _ in range(2):
                with pytest.raises((RuntimeError, errors.CleanRoomsMLError)):
                    await sdk.trained_models.get(MODEL)
        asked.append(urls)
    assert asked[0] == asked[1]
    assert len(asked[0]) == 2
    assert len(set(asked[0])) == 1


async def test_credentials_are_asked_for_each_attempt(sdk: CleanRoomsML, canned: CannedServer):
    canned.answers = [GET]
    await sdk.trained_models.get(MODEL)
    credentials = sdk.raw._request_signer._credentials
    credentials.access_key = "AKIDOTHER"
    await sdk.trained_models.get(MODEL)
    keys = [one.headers["authorization"].split("/")[0] for one in canned.received]
    assert keys == [
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE",
        "AWS4-HMAC-SHA256 Credential=AKIDOTHER",
    ]


async def test_a_tracer_around_make_api_call_sees_every_call(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    canned.answers = [GET]
    seen: list[str] = []
    usual = AioBaseClient._make_api_call

    async def traced(self: Any, operation_name: str, api_params: Any) -> Any:
        seen.append(operation_name)
        return await usual(self, operation_name, api_params)

    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        monkeypatch.setattr(AioBaseClient, "_make_api_call", traced)
        await sdk.trained_models.get(MODEL)
    assert seen == ["GetTrainedModel"]


# The fallback: with any doubt, the client stays as aiobotocore made it.


async def opened(canned: CannedServer, **options: Any) -> bool:
    """Whether a new client took shortcuts; it must work in any case."""
    canned.answers = [GET]
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url, **options) as sdk:
        model = await sdk.trained_models.get(MODEL)
        assert model.name == "m"
        fast = type(sdk.raw._endpoint) is FastEndpoint
        assert fast is (sdk.fast_path is None)
        return fast


async def test_the_fast_way_is_taken(canned: CannedServer):
    assert await opened(canned)
    assert door.is_tested()


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ("3.10.0", True),
        ("3.10.9", True),
        ("3.9.0", True),
        ("3.8.0", False),
        ("3.11.0", False),
        ("4.0.0.dev1", False),
    ],
)
def test_only_tested_versions_are_known(version: str, known: bool):
    assert door.is_tested(version) is known


async def test_an_unknown_version_takes_none(canned: CannedServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "is_tested", lambda: False)
    assert not await opened(canned)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Endpoint, "prepare_request"), (SigV4Auth, "add_auth"), (AioEndpoint, "_get_response")],
)
async def test_a_wrapped_function_takes_none(
    owner: type, name: str, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    usual, called = getattr(owner, name), []

    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        called.append(name)
        return usual(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, wrapper)
    assert not await opened(canned)
    assert called


async def test_a_missing_part_takes_none(canned: CannedServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(door, "REPLACED", {AioEndpoint: ("renamed",)})
    assert not await opened(canned)


async def test_another_endpoint_or_session_class_takes_none(canned: CannedServer):
    from aiobotocore.httpsession import AIOHTTPSession

    class Mine(AIOHTTPSession):
        pass

    assert not await opened(canned, config=AioConfig(http_session_cls=Mine))


async def test_another_event_emitter_takes_none(canned: CannedServer):
    class Mine(AioHierarchicalEmitter):
        pass

    assert not await opened(canned, session=AioSession(event_hooks=Mine()))


@pytest.mark.parametrize("mode", ["standard", "adaptive", "legacy"])
async def test_every_retry_mode_works(mode: str, canned: CannedServer, ways: list[type]):
    await opened(canned, config=AioConfig(retries={"mode": mode}))
    # Only the standard mode is known to have nothing to say about a 2xx reply.
    assert is_short(ways) == [mode == "standard"]
