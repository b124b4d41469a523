"""The HTTP session of a client: aiobotocore's own, with a short way for plain requests."""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.http_exceptions import BadStatusLine
from botocore import exceptions
from yarl import URL

if TYPE_CHECKING:  # they come without types
    from .untyped import AIOHTTPSession
    from .untyped import Untyped as AWSPreparedRequest
    from .untyped import Untyped as AioAWSResponse
else:
    from aiobotocore.awsrequest import AioAWSResponse
    from aiobotocore.httpsession import AIOHTTPSession
    from botocore.awsrequest import AWSPreparedRequest


class QuickRequest(AWSPreparedRequest):
    """A request made by `QuickEndpoint`: its headers are a dict of strings, its body bytes."""

    received: Received | None = None
    """The reply, once there is one."""


class Received(AioAWSResponse):
    """A reply whose body has been read."""

    def __init__(self, request: QuickRequest, reply: aiohttp.ClientResponse, body: bytes) -> None:
        self.url: Any = request.url
        self.status_code: int = reply.status
        self.headers: dict[str, str] = {
            name.decode().lower(): value.decode() for name, value in reply.raw_headers
        }
        self.raw = reply
        self._content = body

    @property
    def body(self) -> bytes:
        """The body, without a coroutine."""
        return self._content


class QuickSession(AIOHTTPSession):
    """aiobotocore's session. Requests that are not `QuickRequest`s go its own way.

    Two things are left out for those that are: looking for a proxy where none is configured, and
    making a TLS context (30 ms) for an endpoint without TLS.
    """

    _plain: aiohttp.ClientSession | None = None
    _contexts: Future[Any] | None = None

    @property
    def has_proxies(self) -> bool:
        """Whether any proxy is configured, whatever it is for."""
        return bool(self._proxy_config._proxies)

    async def send(self, request: Any) -> Any:
        if type(request) is not QuickRequest or self._sessions is None or self.has_proxies:
            return await super().send(request)
        try:
            session = self._plain
            if session is None or not request.url.startswith("http:"):
                session = await self._session_for(request.url)
            options: dict[str, Any] = {}
            timeout = self._get_request_timeout(request)
            if timeout is not None:
                options["timeout"] = timeout
            reply = await session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=request.body,
                **options,
            )
            return Received(request, reply, await reply.read())
        except Exception as error:
            raise as_botocore_raises(error, request) from error

    async def _session_for(self, url: str) -> aiohttp.ClientSession:
        if not url.startswith("http:"):
            return await self._get_session(None)
        # No await from here on, so there is no second one.
        options: Any = self._connector_args
        self._plain = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_pool_connections, **options),
            timeout=self._timeout,
            skip_auto_headers={"Content-Type"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._exit_stack.push_async_callback(self._plain.close)
        return self._plain

    async def __aexit__(self, *exc: Any) -> None:
        self._plain = None
        await super().__aexit__(*exc)

    def prepare(self) -> None:
        """Begin to read the certificates in a thread, so that the first call need not wait."""
        if self._verify and not self.has_proxies and self._contexts is None:
            reader = ThreadPoolExecutor(1, "crml-sdk-certificates")
            self._contexts = reader.submit(super()._build_ssl_contexts, None)
            reader.shutdown(wait=False)

    def _build_ssl_contexts(self, proxy_url: str | None) -> Any:
        if proxy_url is None and self._contexts is not None:
            return self._contexts.result()
        return super()._build_ssl_contexts(proxy_url)


def as_botocore_raises(error: Exception, request: Any) -> Exception:
    """The exception that `AIOHTTPSession.send` would raise instead of this one."""
    url = request.url
    if isinstance(error, aiohttp.ClientSSLError):
        return exceptions.SSLError(endpoint_url=url, error=error)
    if isinstance(
        error,
        aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError | BadStatusLine,
    ):
        return exceptions.ConnectionClosedError(error=error, request=request, endpoint_url=url)
    if isinstance(error, aiohttp.ServerTimeoutError):
        if str(error).lower().startswith("connect"):
            return exceptions.ConnectTimeoutError(endpoint_url=url, error=error)
        return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, aiohttp.ClientConnectionError | socket.gaierror):
        return exceptions.EndpointConnectionError(endpoint_url=url, error=error)
    if isinstance(error, asyncio.TimeoutError):
        return exceptions.ReadTimeoutError(endpoint_url=url, error=error)
    return exceptions.HTTPClientError(error=error)
