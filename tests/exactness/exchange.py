"""Ours and botocore's client, side by side.

Both have a `before-send` handler that keeps the request and answers from memory. Nobody watches a
third one, ours again, so that it takes its short way; a server on loopback answers it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from crml_sdk import CleanRoomsML

from ..support.canned import CannedServer, Received
from . import service

ENDPOINT = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Sent:
    """A request as it would go out."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Any
    content_type: str | None

    @classmethod
    def of(cls, request: Any) -> Sent:
        parts = urlsplit(str(request.url))
        body: Any = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        content_type = request.headers.get("Content-Type")
        if isinstance(content_type, bytes):
            content_type = content_type.decode()
        return cls(
            request.method,
            parts.path,
            tuple(sorted(parse_qsl(parts.query, keep_blank_values=True))),
            json.loads(body) if body else None,
            content_type,
        )

    @classmethod
    def over_the_socket(cls, request: Received) -> Sent:
        return cls(
            request.method,
            request.path,
            tuple(sorted((k, v) for k, values in request.query.items() for v in values)),
            json.loads(request.body) if request.body else None,
            request.headers.get("content-type"),
        )


@dataclass
class _Body:
    content: bytes

    async def read(self) -> bytes:
        return self.content


@dataclass
class Exchange:
    """The clients, and what the last calls on each have sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    ours: list[Sent] = field(default_factory=list)
    theirs: list[Sent] = field(default_factory=list)
    unwatched: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        session = AioSession()
        for name in ("cleanroomsml", service.CLEANROOMS):
            session.register(f"before-send.{name}", self._answer_ours)
        self.sdk = CleanRoomsML(
            region_name="us-east-1",
            endpoint_url=ENDPOINT,
            session=session,
            config=AioConfig(retries={"total_max_attempts": 1}),
        )
        self.run(self._stack.enter_async_context(self.sdk))
        self._server = CannedServer(handler=self._answer_unwatched)
        self.run(self._stack.enter_async_context(self._server))
        self.unwatched_sdk = CleanRoomsML(region_name="us-east-1", endpoint_url=self._server.url)
        self.run(self._stack.enter_async_context(self.unwatched_sdk))
        self._botocore = {
            name: service.session().create_client(
                name,
                region_name="us-east-1",
                endpoint_url=ENDPOINT,
                config=Config(retries={"total_max_attempts": 1}),
            )
            for name in ("cleanroomsml", service.CLEANROOMS)
        }
        for name, client in self._botocore.items():
            client.meta.events.register(f"before-send.{name}", self._answer_theirs)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.loop.close()
        for client in self._botocore.values():
            client.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def answer(self, payload: Any) -> None:
        """What both clients get for an answer from now on."""
        self.body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()

    def forget(self) -> None:
        """Start the lists of what was sent anew."""
        for sent in (self.ours, self.theirs, self.unwatched):
            sent.clear()

    def botocore(self, entry: service.Entry, parameters: dict[str, Any]) -> Any:
        """botocore's own call: what it sends is in `theirs`, what it reads comes back."""
        return self._botocore[entry.service]._make_api_call(entry.name, parameters)

    async def _answer_ours(self, request: Any, **_: Any) -> Any:
        self.ours.append(Sent.of(request))
        return AioAWSResponse(request.url, self.status, self.headers, _Body(self.body))

    def _answer_unwatched(self, request: Received) -> Any:
        self.unwatched.append(Sent.over_the_socket(request))
        self._server.received.clear()
        return self.status, self.headers, self.body

    def _answer_theirs(self, request: Any, **_: Any) -> Any:
        self.theirs.append(Sent.of(request))
        reply = AWSResponse(request.url, self.status, self.headers, None)
        reply._content = self.body
        return reply
