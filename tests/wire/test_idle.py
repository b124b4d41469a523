"""Handlers leave a client only where they do nothing.

Leans on botocore's `generate_idempotent_uuid` filling idempotency tokens and nothing else,
`_handle_request_validation_mode_member` looking at `httpChecksum` alone, and
`add_recursion_detection_header` doing nothing outside AWS Lambda.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiobotocore.session import AioSession
from botocore import handlers
from botocore.model import ServiceModel

from crml_sdk import CleanRoomsML
from crml_sdk.wire.idle import drop_idle_handlers

from ..support.canned import CannedServer, reply
from ..support.samples import MODEL, model_reply

IDLE = [
    ("before-parameter-build", handlers.generate_idempotent_uuid),
    ("before-parameter-build", handlers._handle_request_validation_mode_member),
    ("before-call", handlers.add_recursion_detection_header),
]


def handlers_of(events: Any, event: str) -> list[Any]:
    return list(events._emitter._handlers.prefix_search(f"{event}.cleanroomsml.X"))


async def client_of(monkeypatch: pytest.MonkeyPatch, service: str = "cleanroomsml") -> Any:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    creating = AioSession().create_client(service, region_name="us-east-1")
    return await creating.__aenter__()


@pytest.mark.parametrize("service", ["cleanroomsml", "cleanrooms"])
async def test_what_is_dropped_changes_nothing(service: str, monkeypatch: pytest.MonkeyPatch):
    client = await client_of(monkeypatch, service)
    drop_idle_handlers(client)
    dropped = [
        handler
        for event, handler in IDLE
        if handler not in list(client.meta.events._emitter._handlers.prefix_search(event))
    ]
    if service == "cleanroomsml":
        assert len(dropped) == len(IDLE)
    for name in client.meta.service_model.operation_names:
        params: dict[str, Any] = {"headers": {}}
        for handler in dropped:
            handler(
                params=params,
                model=client.meta.service_model.operation_model(name),
                context={"client_config": client.meta.config},
            )
        assert params == {"headers": {}}
    await client.close()


async def test_idle_handlers_are_gone_from_the_client_alone(
    sdk: CleanRoomsML, monkeypatch: pytest.MonkeyPatch
):
    for event, handler in IDLE:
        assert handler not in handlers_of(sdk.raw.meta.events, event)
    session = AioSession()
    async with session.create_client("cleanroomsml", region_name="us-east-1") as client:
        drop_idle_handlers(client)
        again = await session.create_client("cleanroomsml", region_name="us-east-1").__aenter__()
        for event, handler in IDLE:
            assert handler in handlers_of(again.meta.events, event)
        await again.close()


async def test_a_service_with_tokens_and_checksums_keeps_them(monkeypatch: pytest.MonkeyPatch):
    description = {
        "metadata": {"serviceId": "X"},
        "operations": {"A": {"httpChecksum": {"requestValidationModeMember": "mode"}}},
        "shapes": {"B": {"type": "structure", "members": {"t": {"idempotencyToken": True}}}},
    }
    client = await client_of(monkeypatch)
    meta = SimpleNamespace(events=client.meta.events, service_model=ServiceModel(description))
    drop_idle_handlers(SimpleNamespace(meta=meta))
    for event, handler in IDLE[:2]:
        assert handler in handlers_of(client.meta.events, event)
    await client.close()


async def test_in_a_lambda_function_the_trace_goes_on(
    canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    canned.answers = [reply(200, model_reply())]
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=canned.url) as sdk:
        await sdk.trained_models.get(MODEL)
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3")
        await sdk.trained_models.get(MODEL)
    traces = [one.headers.get("x-amzn-trace-id") for one in canned.received]
    assert traces == [None, "Root=1-2-3"]
