"""A loopback HTTP server that gives canned answers and keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = "tuple[int, dict[str, str], bytes] | str"


@dataclass
class Received:
    """One request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The raw path, escapes and all."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def reply(status: int = 200, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """An answer; a body that is not bytes is sent as JSON. Underscores in headers become dashes."""
    payload = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return status, {k.replace("_", "-"): v for k, v in headers.items()}, payload


def error(code: str, status: int, message: str = "told to", **members: Any) -> Any:
    """An answer in the service's error form."""
    return reply(
        status, {"message": message, **members}, x_amzn_ErrorType=code, x_amzn_RequestId="req-1"
    )


@dataclass
class CannedServer:
    """Answers come from `answers` in turn, the last one again and again, or from `handler`.

    The answer "cut" closes the connection without a reply, "reset" resets it; "hang" never answers.
    An answer of bytes is sent as it is, and the connection closed. With `tls` it is spoken to over TLS.
    """

    answers: list[Any] = field(default_factory=list)
    handler: Callable[[Received], Any] | None = None
    received: list[Received] = field(default_factory=list)
    url: str = ""
    tls: ssl.SSLContext | None = None
    hanging: int = 0

    async def __aenter__(self) -> CannedServer:
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: list[asyncio.WriteTransport] = []
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        scheme = "https" if self.tls is not None else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # What a client that has left did not read would keep a connection open beyond its loop.
        for transport in self._transports:
            transport.abort()
        await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._transports.append(writer.transport)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {
            k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Received(method, target, headers, body)
        self.received.append(request)
        answer = self._answer(request)
        if answer == "cut":
            return False
        if answer == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return False
        if answer == "hang":
            self.hanging += 1
            try:
                await reader.read()  # until the client leaves
            finally:
                self.hanging -= 1
            return False
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return False
        status, extra, payload = answer
        lines = [
            f"HTTP/1.1 {status} Status",
            f"Content-Length: {len(payload)}",
            "Content-Type: application/json",
        ]
        lines += [f"{k}: {v}" for k, v in extra.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + payload)
        await writer.drain()
        return True

    def _answer(self, request: Received) -> Any:
        if self.handler is not None:
            return self.handler(request)
        if not self.answers:
            return reply(500, {"message": "the test has no answer for this"})
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
