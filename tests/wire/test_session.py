"""The quick session sends what aiobotocore's sends and raises what it raises."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest

from crml_sdk.wire.session import QuickRequest, QuickSession

from ..support.canned import CannedServer, reply

KEY = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None)
FAULTS: list[BaseException] = [
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


def request_of(kind: type[AWSPreparedRequest], url: str, body: bytes | None = None) -> Any:
    return kind("POST" if body else "GET", url, {"X-A": "1"}, body, False, {})


async def raised_by(session: Any, request: Any, fault: BaseException, monkeypatch: Any) -> Any:
    def refuse(*_: Any, **__: Any) -> Any:
        raise fault

    async with session:
        with monkeypatch.context() as patch:
            patch.setattr(aiohttp.ClientSession, "_request", refuse)
            with pytest.raises(Exception) as caught:
                await session.send(request)
    return caught.value


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{type(fault).__name__}-{fault}")
async def test_faults_are_aiobotocores(fault: BaseException, monkeypatch: pytest.MonkeyPatch):
    url = "http://127.0.0.1:9/x"
    ours = await raised_by(QuickSession(), request_of(QuickRequest, url), fault, monkeypatch)
    usual = request_of(AWSPreparedRequest, url)
    theirs = await raised_by(AIOHTTPSession(), usual, fault, monkeypatch)
    assert type(ours) is type(theirs)
    assert str(ours) == str(theirs)
    assert ours.kwargs.keys() == theirs.kwargs.keys()


async def test_cancelling_is_not_translated(canned: CannedServer):
    canned.answers = ["hang"]
    async with QuickSession(timeout=5) as session:
        sending = asyncio.ensure_future(session.send(request_of(QuickRequest, canned.url)))
        while not canned.received:  # noqa: ASYNC110
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_the_bytes_are_the_same(canned: CannedServer):
    canned.answers = [reply(200, b"{}", X_Amzn_RequestId="r")]
    sent = []
    replies: list[Any] = []
    for session_type, kind in ((AIOHTTPSession, AWSPreparedRequest), (QuickSession, QuickRequest)):
        async with session_type(timeout=5) as session:
            for body in (None, b'{"a": 1}'):
                request = request_of(kind, f"{canned.url}/p/a%3Ab%2Fc?x=1%2F2", body)
                request.headers["Accept-Encoding"] = "identity"
                replies.append(await session.send(request))
                sent.append(canned.received[-1])
    assert sent[:2] == sent[2:]
    assert dict(replies[0].headers.items()) == replies[2].headers
    assert (replies[0].status_code, replies[0].url) == (replies[2].status_code, replies[2].url)
    assert await replies[0].content == await replies[2].content == replies[2].body


async def test_no_certificates_are_read_for_plain_http(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(QuickSession, "_get_ssl_context", lambda _: pytest.fail("read"))
    canned.answers = [reply(200, b"{}")]
    async with QuickSession(timeout=5, verify=True) as session:
        await session.send(request_of(QuickRequest, canned.url))


async def test_certificates_are_read_once_and_beforehand(monkeypatch: pytest.MonkeyPatch):
    made: list[Any] = []
    usual = AIOHTTPSession._get_ssl_context
    monkeypatch.setattr(
        AIOHTTPSession, "_get_ssl_context", lambda self: made.append(1) or usual(self)
    )
    async with QuickSession(timeout=5, verify=True) as session:
        session.prepare()
        session.prepare()
        connector = await session._create_connector(None)
        await connector.close()
    assert made == [1]


async def test_requests_of_others_and_proxies_go_aiobotocores_way(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    sent: list[Any] = []

    async def usual(self: Any, request: Any) -> str:
        sent.append(request)
        return "usual"

    monkeypatch.setattr(AIOHTTPSession, "send", usual)
    foreign = request_of(AWSPreparedRequest, canned.url)
    ours = request_of(QuickRequest, canned.url)
    async with QuickSession(timeout=5) as session:
        assert await session.send(foreign) == "usual"
    async with QuickSession(timeout=5, proxies={"http": "http://127.0.0.1:9"}) as session:
        assert await session.send(ours) == "usual"
    assert sent == [foreign, ours]


async def test_a_closed_session_refuses(canned: CannedServer):
    session = QuickSession(timeout=5)
    canned.answers = [reply(200, b"{}")]
    async with session:
        await session.send(request_of(QuickRequest, canned.url))
    with pytest.raises(Exception, match="NoneType"):  # what aiobotocore's own says
        await session.send(request_of(QuickRequest, canned.url))
