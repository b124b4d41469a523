"""Access over a socket: an aiohttp server on loopback, for boto3, the AWS CLI and other languages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from ..control import ControlPath
from ..service.failures import Denied, Invalid, ServiceFailure
from .engine import Engine, Exchange, Reply
from .hosts import HostCheck

DEFAULT_PORT = 4577


class LocalServer:
    """A running stand-in. `url` is its address; it is an async context manager.

    In: the engine, the control path, a host (loopback unless told otherwise), a port (0: any), and
    the check of the hosts that requests name.
    """

    def __init__(
        self, engine: Engine, control: ControlPath, host: str, port: int, hosts: HostCheck
    ) -> None:
        self._hosts = hosts
        self._engine = engine
        self._control = control
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._web: _WebServer | None = None
        self.access_key: str = engine.state.world.access_key
        self.secret_key: str = engine.state.world.secret_key
        self.region: str = engine.state.world.region

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The endpoint URL for a client."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that direct an AWS SDK or the AWS CLI to this server."""
        return {
            "AWS_ENDPOINT_URL_CLEANROOMSML": self.url,
            "AWS_ENDPOINT_URL_CLEANROOMS": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    async def start(self) -> LocalServer:
        """Start listening. Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._web = _WebServer(self._engine, self._control, self._hosts)
        # The name would mean two addresses, and with port 0 two different ports.
        address = "127.0.0.1" if self._host == "localhost" else self._host
        self._server = await loop.create_server(self._web, address, self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        server, app = self._server, self._web
        self._server = self._web = None
        if server is not None:
            server.close()
        if app is not None:
            app.release_silent()
            await app.shutdown(timeout=1.0)
        if server is not None:
            await server.wait_closed()

    async def __aenter__(self) -> LocalServer:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class ThreadedServer:
    """A local service that listens in its own thread, for synchronous callers.

    A context manager: `with local.serve_in_thread() as server`.
    """

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        return self._server.environment

    def start(self) -> ThreadedServer:
        """Start the thread and wait until it listens."""
        ready = threading.Event()
        failures: list[BaseException] = []
        loop = self._loop = asyncio.new_event_loop()

        def run() -> None:
            try:
                loop.run_until_complete(self._server.start())
            except BaseException as error:
                failures.append(error)
                ready.set()
                loop.close()
                return
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self._server.stop())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

        self._thread = threading.Thread(target=run, name="crml-local", daemon=True)
        self._thread.start()
        ready.wait()
        if failures:
            raise failures[0]
        return self

    def stop(self) -> None:
        """Stop the server and its thread."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def __enter__(self) -> ThreadedServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _WebServer(web.Server):
    """aiohttp's low-level server, which answers even unreadable requests in the service's form."""

    def __init__(self, engine: Engine, control: ControlPath, hosts: HostCheck) -> None:
        super().__init__(self._respond, access_log=None)
        self._engine = engine
        self._control = control
        self._hosts = hosts
        self._limit = engine.state.settings.max_body_bytes
        self._silent: set[asyncio.Event] = set()

    def __call__(self) -> RequestHandler:
        loop = asyncio.get_running_loop()
        return _Connection(
            self, self._engine.refuse, loop=loop, access_log=None, keepalive_timeout=75.0
        )

    def release_silent(self) -> None:
        """Lets go of the connections that wait for a reply that never comes."""
        for event in self._silent:
            event.set()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        refusal = self._hosts.refusal(target, request.headers)
        if refusal is not None:
            response = _response(self._engine.refuse(request.method, target, Denied(refusal)))
            response.force_close()  # the body is left unread
            return response
        body = await self._body(request)
        if body is None:
            failure = ServiceFailure(
                f"The request body is larger than {self._limit} bytes",
                kind="RequestEntityTooLargeException",
                status=413,
            )
            response = _response(self._engine.refuse(request.method, target, failure))
            response.force_close()
            return response
        path = target.partition("?")[0]
        if path == "/" or path.startswith(("/_local", "/jobs/")):
            return _response(self._control.answer(request.method, target, request.headers, body))
        exchange = self._engine.exchange(request.method, target, request.headers, body)
        return await self._deliver(request, exchange)

    async def _body(self, request: web.BaseRequest) -> bytes | None:
        """The request's body, or None if it is larger than allowed."""
        if not request.body_exists:
            return b""
        if (request.content_length or 0) > self._limit:
            return None
        if request.headers.get("Expect", "").lower() == "100-continue":
            assert request.transport is not None
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunks: list[bytes] = []
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > self._limit:
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    async def _deliver(self, request: web.BaseRequest, exchange: Exchange) -> web.StreamResponse:
        if exchange.delay:
            await asyncio.sleep(exchange.delay)
        if exchange.transport == "silence":
            event = asyncio.Event()
            self._silent.add(event)
            try:
                await event.wait()
            finally:
                self._silent.discard(event)
        if exchange.transport != "send" and request.transport is not None:
            request.transport.abort()
        return _response(exchange.reply)


class _Connection(RequestHandler):
    """One connection. What aiohttp itself refuses is answered in the service's form too."""

    __slots__ = ("_refuse",)

    def __init__(
        self,
        manager: web.Server,
        refuse: Callable[[str, str, ServiceFailure], Reply],
        **options: Any,
    ) -> None:
        super().__init__(manager, **options)
        self._refuse = refuse

    def handle_error(
        self,
        request: Any,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:
            failure = ServiceFailure("The local service failed; see its log")
        else:
            failure = Invalid("The request is not valid HTTP")
        response = _response(self._refuse("?", "?", failure))
        response.force_close()
        return response


def _response(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
