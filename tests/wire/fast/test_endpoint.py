"""The fast endpoint sends what aiobotocore's session sends and raises what it raises."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest

from crml_sdk import CleanRoomsML
from crml_sdk.wire.fast.endpoint import FastRequest, as_aiobotocore_raises

from ...support.canned import CannedServer, reply
from ...support.samples import MODEL, model_reply

KEY = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None)
FAULTS: list[Exception] = [
    aiohttp.ClientConnectorSSLError(KEY, OSError("tls")),
    aiohttp.ClientConnectorCertificateError(KEY, ValueError("certificate")),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientPayloadError("short"),
    aiohttp.http_exceptions.BadStatusLine("x"),
    aiohttp.ServerTimeoutError("Connection timeout to host x"),
    aiohttp.ServerTimeoutError("Timeout on reading data"),
    aiohttp.ConnectionTimeoutError("Connection timeout to host x"),
    aiohttp.SocketTimeoutError("Timeout on reading data from socket"),
    aiohttp.ClientConnectorError(KEY, OSError(111, "refused")),
    aiohttp.ClientOSError(104, "reset"),
    socket.gaierror(-2, "no such name"),
    asyncio.TimeoutError(),
    aiohttp.InvalidURL("x"),
    ValueError("something else"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{type(fault).__name__}-{fault}")
async def test_faults_are_aiobotocores(fault: Exception, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> Any:
        raise fault

    url = "http://127.0.0.1:9/x"
    async with AIOHTTPSession() as session:
        ours: Any = await as_aiobotocore_raises(
            session, FastRequest("GET", url, {}, None, False), fault
        )
        monkeypatch.setattr(aiohttp.ClientSession, "_request", refuse)
        with pytest.raises(Exception) as caught:
            await session.send(AWSPreparedRequest("GET", url, {}, None, False, {}))
    theirs: Any = caught.value
    assert type(ours) is type(theirs)
    assert str(ours) == str(theirs)
    assert ours.kwargs.keys() == theirs.kwargs.keys()
    assert ours.__context__ is theirs.__context__ is fault


async def test_cancelling_is_not_translated(sdk: CleanRoomsML, canned: CannedServer):
    canned.answers = ["hang"]
    calling = asyncio.ensure_future(sdk.trained_models.get(MODEL))
    while not canned.received:  # noqa: ASYNC110
        await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_headers_that_are_not_utf8_lose_no_reply(sdk: CleanRoomsML, canned: CannedServer):
    canned.answers = [reply(200, model_reply(), x_odd="caf\xe9")]
    model = await sdk.trained_models.get(MODEL)
    assert model.response_metadata is not None
    assert model.response_metadata.headers["x-odd"] == "caf�"


async def test_no_certificates_are_read_for_plain_http(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(AIOHTTPSession, "_get_ssl_context", lambda _: pytest.fail("read"))
    canned.answers = [reply(200, model_reply())]
    await sdk.trained_models.get(MODEL)


async def test_a_client_certificate_is_read_for_plain_http(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    """A redirection to TLS would need it."""
    made: list[Any] = []
    monkeypatch.setattr(
        AIOHTTPSession, "_build_ssl_contexts", lambda *given: made.append(given) or (True, None)
    )
    canned.answers = [reply(200, model_reply())]
    config = AioConfig(client_cert=("cert.pem", "key.pem"))
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url, config=config) as sdk:
        await sdk.trained_models.get(MODEL)
    assert made


@pytest.mark.parametrize("options", [{}, {"client_cert": ("cert.pem", "key.pem")}])
async def test_certificates_are_read_once_and_beforehand(
    options: Any, monkeypatch: pytest.MonkeyPatch
):
    made: list[Any] = []
    monkeypatch.setattr(
        AIOHTTPSession, "_build_ssl_contexts", lambda *given: made.append(given) or (True, None)
    )
    sdk = CleanRoomsML(
        region_name="us-east-1", endpoint_url="https://127.0.0.1:9", config=AioConfig(**options)
    )
    async with sdk:
        session: Any = sdk.raw._endpoint.http_session
        for _ in range(2):
            connector = await session._create_connector(None)
            await connector.close()
    assert len(made) == 1
