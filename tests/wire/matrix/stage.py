"""What a scene is, and what is compared: how a call ended, and what the service and a proxy saw."""

from __future__ import annotations

import gzip
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from crml_sdk import CleanRoomsML, errors
from crml_sdk.wire.transport import TRANSPORT

from ...support.canned import CannedServer
from ...support.samples import MEMBERSHIP, MODEL, TRAINING, model_reply
from .servers import Certificates, Proxy

Ended = tuple[str, str]
"""("ok", name) or (kind of error, code)."""

CREATED = {"trainedModelArn": MODEL}


@dataclass
class Stage:
    """The world of one scene: servers on loopback, an environment, and what a client is given.

    Attributes:
        service: The service; it answers what the scene says, else what is documented.
        proxy: A proxy; used where the scene configures it.
        certificates: A private authority's.
        environment: Sets variables of the environment for the time of the scene.
        folder: An empty folder.
        answers: What the service answers each request with, in turn; the last one again and again.
        config: Options for `AioConfig`.
        session: Called with each new session before a client is made of it.
        client: Called with each new client before it is used.
    """

    service: CannedServer
    certificates: Certificates
    environment: pytest.MonkeyPatch
    folder: Path
    endpoint: str | None = ""
    region: str | None = "us-east-1"
    proxy: Proxy | None = None
    answers: Callable[[Any], list[Any]] | None = None
    config: dict[str, Any] = field(default_factory=dict)
    session: Callable[[Any], None] | None = None
    client: Callable[[Any], None] | None = None
    extra: dict[str, CannedServer] = field(default_factory=dict)

    def profile(self, text: str) -> None:
        """Write the AWS configuration file."""
        file = self.folder / "config"
        file.write_text(text)
        self.environment.setenv("AWS_CONFIG_FILE", str(file))


Arrange = Callable[[Stage], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Scene:
    """One row of the matrix.

    Args:
        name: Says what is special.
        arrange: Sets the stage.
        differs: Why ours is on purpose not what plain aiobotocore does, by what is called ("get",
            "create", "wait"); with how it ends then.
        full: Only in the whole matrix.
        ways: The ways that can play it.
        loose: Whether only the end is compared and not what the service saw.
    """

    name: str
    arrange: Arrange
    differs: dict[str, tuple[Ended, str]] = field(default_factory=dict)
    full: bool = False
    ways: tuple[str, ...] = ("fast", "ordinary", "httpx")
    loose: bool = False


def scene(name: str, **options: Any) -> Callable[[Any], Scene]:
    """Make a scene of a function that is an asynchronous generator."""
    return lambda arrange: Scene(name, asynccontextmanager(arrange), **options)


def plainly(service: CannedServer, answers: Callable[[Any], list[Any]] | None) -> None:
    """Let the service answer, a fresh list of answers for each call that is compared."""
    service.received.clear()
    queues: dict[str, list[Any]] = {}

    def answer(request: Any) -> Any:
        if answers is None:
            return documented(request)
        queue = queues.setdefault("all", answers(request))
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        return documented(request) if found is None else found

    service.handler = answer


def body_for(request: Any) -> bytes:
    return json.dumps(CREATED if request.method == "POST" else model_reply()).encode()


def documented(request: Any) -> Any:
    return 200, {"x-amzn-RequestId": "req-1"}, body_for(request)


def packed(request: Any) -> bytes:
    return gzip.compress(body_for(request))


# How a call ends


def ended(error: BaseException) -> Ended:
    """The kind of an error, the same for botocore's and for ours."""
    if isinstance(error, ClientError):
        return "service", error.response.get("Error", {}).get("Code", "")
    if isinstance(error, errors.WaitTimeout):
        return "wait timeout", ""
    if isinstance(error, errors.ResponseShapeError | ResponseParserError):
        return "reply", ""
    if isinstance(error, (errors.TransportError, *TRANSPORT)):
        return "transport", ""
    if isinstance(error, errors.ConfigurationError | BotoCoreError | ValueError):
        return "configuration", ""
    raise error


async def by_aiobotocore(stage: Stage, what: str, way: str, loader: Any) -> Ended:
    """How the same call ends on a plain aiobotocore client in standard mode."""
    session: Any = AioSession()
    session.register_component("data_loader", loader)
    if stage.session is not None:
        stage.session(session)
    options = {"retries": {"mode": "standard"}, **stage.config}
    if "AWS_RETRY_MODE" in os.environ:
        options = dict(stage.config)
    if way == "httpx":
        options["http_session_cls"] = HttpxSession
    try:
        async with session.create_client(
            "cleanroomsml",
            region_name=stage.region,
            endpoint_url=stage.endpoint,
            config=AioConfig(**options),
        ) as client:
            if stage.client is not None:
                stage.client(client)
            if what == "create":
                reply = await client.create_trained_model(
                    membershipIdentifier=MEMBERSHIP,
                    name="m",
                    configuredModelAlgorithmAssociationArn=TRAINING[
                        "configured_model_algorithm_association_arn"
                    ],
                    resourceConfig={"instanceType": "ml.m5.large", "volumeSizeInGB": 10},
                    dataChannels=[
                        {
                            "mlInputChannelArn": TRAINING["data_channels"][0][
                                "ml_input_channel_arn"
                            ],
                            "channelName": "train",
                        }
                    ],
                )
                return "ok", reply["trainedModelArn"]
            reply = await client.get_trained_model(
                membershipIdentifier=MEMBERSHIP, trainedModelArn=MODEL
            )
            return "ok", reply["name"]
    except (BotoCoreError, ClientError, ResponseParserError, ValueError, KeyError) as error:
        return ended(ResponseParserError("no name") if isinstance(error, KeyError) else error)


async def by_us(stage: Stage, what: str, way: str, patch: pytest.MonkeyPatch) -> Ended:
    """How it ends on a client of ours."""
    if way == "ordinary":
        patch.setattr("crml_sdk.wire.connection.install", lambda _: "switched off by the test")
    session: Any = None
    if stage.session is not None:
        session = AioSession()
        stage.session(session)
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    sdk = CleanRoomsML(
        region_name=stage.region,
        endpoint_url=stage.endpoint,
        http_backend="httpx" if way == "httpx" else "aiohttp",
        config=AioConfig(**stage.config),
        session=session,
        find_lost_creates=False,
        clock=lambda: now[0],
        sleep=sleep,
    )
    try:
        async with sdk:
            if stage.client is not None:
                stage.client(sdk.raw)
            if what == "create":
                created = await sdk.trained_models.create(
                    **TRAINING, membership_identifier=MEMBERSHIP
                )
                return "ok", created.trained_model_arn
            if what == "wait":
                waited = await sdk.trained_models.wait(MODEL, timeout=120)
                return "ok", waited.name
            return "ok", (await sdk.trained_models.get(MODEL)).name
    except errors.CleanRoomsMLError as error:
        return ended(error)


def of_a_wait(expected: Ended) -> Ended:
    """What becomes of the end of a call in a wait: passing faults are survived until its deadline."""
    passing = {"InternalServiceException", "ThrottlingException", "500", "502", "503"}
    if expected[0] == "transport" or (expected[0] == "service" and expected[1] in passing):
        return "wait timeout", ""
    return expected


@asynccontextmanager
async def staged(scene: Scene, certificates: Certificates, folder: Path) -> AsyncIterator[Stage]:
    """The stage of a scene, set; taken down afterwards."""
    async with CannedServer() as service:
        with pytest.MonkeyPatch.context() as environment:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_CA_BUNDLE"):
                environment.delenv(name, raising=False)
                environment.delenv(name.lower(), raising=False)
            environment.delenv("REQUESTS_CA_BUNDLE", raising=False)
            stage = Stage(service, certificates, environment, folder, endpoint=service.url)
            async with scene.arrange(stage):
                yield stage


def tls(
    service: CannedServer, context: ssl.SSLContext
) -> AbstractAsyncContextManager[CannedServer]:
    """The same kind of service, over TLS."""
    return CannedServer(tls=context, handler=service.handler)
