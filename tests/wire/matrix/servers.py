"""What stands between a client and the service in the scenes: proxies, certificates, odd replies."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme


@dataclass
class Proxy:
    """A forward proxy on loopback: plain requests by their absolute address, TLS by CONNECT.

    Args:
        user: "name:password" that it asks for; None for anybody.
        tls: Its own certificate, for a proxy that is itself spoken to over TLS.
        refuses: The status that it answers CONNECT with.
    """

    user: str | None = None
    tls: ssl.SSLContext | None = None
    refuses: int = 200
    seen: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Proxy:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(reader, writer)
        self._tasks.discard(task)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        self.seen.append(f"{method.decode()} {target.decode().partition('?')[0]}")
        headers = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        if self.user is not None:
            wanted = b"basic " + base64.b64encode(self.user.encode()).lower()
            if headers.get(b"proxy-authorization", b"") != wanted:
                writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
        if method == b"CONNECT":
            if self.refuses != 200:
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.refuses)
                await writer.drain()
                return
            host, _, port = target.decode().rpartition(":")
            there = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
            return
        parts = urlsplit(target.decode())
        body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
        there = await asyncio.open_connection(parts.hostname, parts.port)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [
            line
            for line in head.split(b"\r\n")[1:]
            if not line.lower().startswith((b"proxy-", b"connection:"))
        ]
        first = b"%s %s HTTP/1.1" % (method, path.encode())
        there[1].write(b"\r\n".join([first, b"Connection: close", *lines]) + body)
        # The service keeps its connections; one reply is all that is passed on.
        reply_head = await there[0].readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in reply_head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        writer.write(reply_head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        writer.write(await there[0].readexactly(length))
        await writer.drain()
        there[1].close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until there is no more."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


class Certificates:
    """A private authority and what it signed: a service, a proxy, a client; and one nobody knows."""

    def __init__(self, folder: Path) -> None:
        authority, stranger = trustme.CA(), trustme.CA()
        self.bundle = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.bundle)
        self.other_bundle = str(folder / "other.pem")
        stranger.cert_pem.write_to_path(self.other_bundle)
        self.service = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.service)
        self.demanding = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(self.demanding)
        authority.configure_trust(self.demanding)
        self.demanding.verify_mode = ssl.CERT_REQUIRED
        client = authority.issue_cert("client@example.org")
        self.client = (str(folder / "client.pem"), str(folder / "client.key"))
        client.cert_chain_pems[0].write_to_path(self.client[0])
        client.private_key_pem.write_to_path(self.client[1])
