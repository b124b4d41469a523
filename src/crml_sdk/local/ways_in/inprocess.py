"""Access without sockets: aiobotocore clients whose requests are answered in the process.

A handler on the `before-send` event of both services answers every request. It never returns
None, which would let the request leave for the real network.
"""

# botocore and aiobotocore carry no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import aiobotocore.awsrequest
import aiobotocore.session
import botocore.exceptions
from aiobotocore.session import AioSession

from crml_sdk._runtime import current_runtime

from ..service.schema import ML_SERVICE, ROOMS_SERVICE
from .engine import Engine


class LocalBody:
    """A reply's body, readable the way both of aiobotocore's HTTP backends read theirs."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self) -> bytes:
        return self._content

    async def aread(self) -> bytes:
        return self._content


class InProcessHandler:
    """Answers a prepared request from the engine."""

    stays_in_process = True  # for the wire: what it answers does not leave

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, request: Any, **_: Any) -> Any:
        parts = urlsplit(str(request.url))
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body: Any = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        exchange = self._engine.exchange(request.method, target, headers, body)
        if exchange.delay:
            await current_runtime().sleep(exchange.delay)
        if exchange.transport == "cut":
            raise botocore.exceptions.ConnectionClosedError(
                endpoint_url=request.url, request=request, error="cut by the local service"
            )
        if exchange.transport == "silence":
            raise botocore.exceptions.ReadTimeoutError(
                endpoint_url=request.url, error="silenced by the local service"
            )
        return aiobotocore.awsrequest.AioAWSResponse(
            request.url,
            exchange.reply.status,
            exchange.reply.headers,
            LocalBody(exchange.reply.body),
        )


def local_session(
    engine: Engine, *, access_key: str, secret_key: str, region: str, lent: bool = True
) -> AioSession:
    """A session whose `cleanroomsml` and `cleanrooms` clients never reach a network.

    In: whether it is lent to the user, who may make other clients of it. One for our client alone
    opens in a third of the time, which every test with a client of its own pays.
    """
    if lent:
        session = aiobotocore.session.get_session()
    else:
        from crml_sdk.wire.fast import make_session

        session = make_session(None)
    session.set_credentials(access_key, secret_key)
    session.set_config_variable("region", region)
    handler = InProcessHandler(engine)
    for service in (ML_SERVICE, ROOMS_SERVICE):
        session.register(f"before-send.{service}", handler)
    return session


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
