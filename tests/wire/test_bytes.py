"""The bytes that go out, read by respx through the httpx backend."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from crml_sdk import BASE, CleanRoomsML, errors
from crml_sdk.testing import Httpx2Mocker

from ..support.samples import (
    ASSOCIATION,
    CHANNEL,
    MEMBERSHIP,
    MODEL,
    TRAINING,
    VERSION_1,
    model_reply,
)

HOST = "https://cleanrooms-ml.us-east-1.amazonaws.com"
ESCAPED = MODEL.replace(":", "%3A").replace("/", "%2F")


@pytest.fixture
async def sdk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CleanRoomsML]:
    """A client with the real endpoint: respx stands in the way of every request."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name)
    async with CleanRoomsML(
        region_name="us-east-1", http_backend="httpx", find_lost_creates=False
    ) as client:
        yield client


@pytest.fixture
def service() -> Any:
    with respx.mock(using=Httpx2Mocker.name, base_url=HOST, assert_all_called=False) as router:
        yield router


def only(service: Any) -> httpx.Request:
    (call,) = service.calls
    return call.request


async def test_a_read(sdk: CleanRoomsML, service: Any) -> None:
    service.get(url__regex=".*").respond(
        200, json=model_reply(), headers={"x-amzn-RequestId": "r-1"}
    )
    model = await sdk.trained_models.get(MODEL, version=VERSION_1)
    request = only(service)
    # respx decodes paths when it matches; the raw path is what the service sees.
    assert request.url.raw_path.decode() == (
        f"/memberships/{MEMBERSHIP}/trained-models/{ESCAPED}?versionIdentifier={VERSION_1}"
    )
    assert (request.method, request.content) == ("GET", b"")
    assert request.url.host == "cleanrooms-ml.us-east-1.amazonaws.com"
    assert model.response_metadata is not None
    assert (model.response_metadata.request_id, model.response_metadata.attempts) == ("r-1", 1)


async def test_a_create(sdk: CleanRoomsML, service: Any) -> None:
    service.post(url__regex=".*").respond(200, json={"trainedModelArn": MODEL})
    created = await sdk.trained_models.create(
        **TRAINING, description="", hyperparameters={"λ": "0.1"}, tags={}
    )
    assert created.trained_model_arn == MODEL
    request = only(service)
    assert request.url.raw_path.decode() == f"/memberships/{MEMBERSHIP}/trained-models"
    assert request.headers["content-type"] == "application/json"
    assert int(request.headers["content-length"]) == len(request.content)
    assert json.loads(request.content.decode("utf-8")) == {
        "name": "m",
        "configuredModelAlgorithmAssociationArn": ASSOCIATION,
        "resourceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGB": 10},
        "dataChannels": [{"mlInputChannelArn": CHANNEL, "channelName": "train"}],
        "description": "",
        "hyperparameters": {"λ": "0.1"},
        "tags": {},
    }


async def test_requests_are_signed_and_say_who_sends_them(sdk: CleanRoomsML, service: Any) -> None:
    service.patch(url__regex=".*").respond(200)
    await sdk.trained_models.cancel(MODEL, version=BASE)
    headers = only(service).headers
    assert re.match(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/us-east-1/cleanrooms-ml/aws4_request,",
        headers["authorization"],
    )
    assert headers["user-agent"].startswith("crml-sdk/")
    assert "not-a-secret" not in str(headers)


async def test_lists_of_keys_repeat_their_name(sdk: CleanRoomsML, service: Any) -> None:
    service.delete(url__regex=".*").respond(200, json={})
    await sdk.tags.remove(MODEL, tag_keys=["a b", "c/d"])
    assert only(service).url.raw_path.decode() == f"/tags/{ESCAPED}?tagKeys=a%20b&tagKeys=c%2Fd"


FAULTS = {
    "WriteTimeout": (httpx.WriteTimeout, 1, None, "ConnectTimeoutError"),
    "ReadTimeout": (httpx.ReadTimeout, 1, None, "ReadTimeoutError"),
    "ReadError": (httpx.ReadError, 1, None, "HTTPClientError"),
    "RemoteProtocolError": (httpx.RemoteProtocolError, 1, None, "HTTPClientError"),
    "ConnectTimeout": (httpx.ConnectTimeout, 3, False, "ConnectTimeoutError"),
    "PoolTimeout": (httpx.PoolTimeout, 3, False, "ConnectTimeoutError"),
    "ConnectError": (httpx.ConnectError, 3, False, "EndpointConnectionError"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_create_is_sent_again_only_when_it_surely_was_not_sent(
    sdk: CleanRoomsML, service: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """aiobotocore calls every time-out of httpx that is not one of reading a connect time-out, a
    time-out of writing included: the request may be half way there."""
    kind, times, sent, theirs = FAULTS[name]
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", _at_once)
    service.post(url__regex=".*").mock(side_effect=kind)
    with pytest.raises(errors.TransportError) as caught:
        await sdk.trained_models.create(**TRAINING)
    assert len(service.calls) == times
    assert caught.value.request_sent is sent
    assert type(caught.value.__cause__).__name__ == theirs
    assert ("while sending" in str(caught.value)) is (name == "WriteTimeout")


def _at_once(*_: Any) -> float:
    return 0
