"""What logs and OpenTelemetry's metrics are told of calls; and that neither can break one."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as proxies
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from crml_sdk import BASE, CleanRoomsML, errors

from .support.canned import CannedServer, error, reply
from .support.samples import MODEL, TRAINING, model_reply

Told = Callable[[], "dict[str, list[tuple[Any, dict[str, Any]]]]"]


def told_to(reader: InMemoryMetricReader) -> dict[str, list[tuple[Any, dict[str, Any]]]]:
    """The numbers of each instrument with their attributes; of a histogram, how many it has."""
    data: Any = reader.get_metrics_data()
    if data is None:
        return {}
    return {
        metric.name: sorted(
            (
                (getattr(point, "value", getattr(point, "count", None)), dict(point.attributes))
                for point in metric.data.data_points
            ),
            key=str,
        )
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    yield lambda: told_to(reader)
    provider.shutdown()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.mark.parametrize("backend", ["aiohttp", "httpx"])
@pytest.mark.usefixtures("at_once")
async def test_calls_are_counted_by_operation_and_outcome(
    canned: CannedServer, told: Told, backend: Any
) -> None:
    async with CleanRoomsML(
        region_name="us-east-1", endpoint_url=canned.url, http_backend=backend
    ) as sdk:
        failing = [error("ThrottlingException", 429), error("InternalServiceException", 500)]
        canned.answers = [*failing, reply(200, model_reply())]
        await sdk.trained_models.get(MODEL)
        await sdk.trained_models.get(MODEL)
        canned.answers = [error("ResourceNotFoundException", 404)]
        with pytest.raises(errors.ResourceNotFoundException):
            await sdk.trained_models.get(MODEL)
        page = {"trainedModels": []}
        canned.answers = [reply(200, {**page, "nextToken": "a"}), reply(200, page)]
        await sdk.trained_models.versions(MODEL)
    one = {"crml.operation": "GetTrainedModel", "crml.outcome": "ok"}
    missing = {**one, "crml.outcome": "ResourceNotFoundException"}
    pages = {**one, "crml.operation": "ListTrainedModelVersions"}
    counted = [(1, missing), (2, one), (2, pages)]
    found = told()
    assert found == {
        "crml.calls": counted,
        "crml.call.duration": counted,
        "crml.call.retries": [(2, {"crml.operation": "GetTrainedModel"})],
    }


@pytest.mark.usefixtures("at_once")
async def test_a_call_that_was_cut_off_is_counted_with_its_retries(
    sdk: CleanRoomsML, canned: CannedServer, told: Told
) -> None:
    canned.answers = [error("InternalServiceException", 500), "hang"]
    with pytest.raises(errors.CallTimeout):
        await sdk.trained_models.get(MODEL, timeout=0.3)
    canned.answers = ["hang"]
    task = asyncio.ensure_future(sdk.trained_models.get(MODEL))
    while len(canned.received) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    task = asyncio.ensure_future(sdk.trained_models.create(**TRAINING))
    while len(canned.received) < 4:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    await sdk.close()
    with pytest.raises(errors.OutcomeUnknown):
        await task
    found = told()
    assert sorted(facts["crml.outcome"] for _, facts in found["crml.calls"]) == [
        "CallTimeout",
        "ClientClosed",
        "cancelled",
    ]
    assert found["crml.call.retries"] == [(1, {"crml.operation": "GetTrainedModel"})]


class Broken:
    """A meter, a tracer, and all that they make: everything that is asked of it fails."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"no {name}")


@pytest.mark.parametrize("broken", ["get_meter", "instrument"])
async def test_a_meter_that_fails_costs_one_warning_and_no_reply(
    sdk: CleanRoomsML,
    canned: CannedServer,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise LookupError("no room")

    class Meter:
        create_counter = create_histogram = staticmethod(lambda *_, **__: Instrument())

    class Instrument:
        add = record = staticmethod(fail)

    monkeypatch.setattr(metrics, "get_meter", fail if broken == "get_meter" else lambda *_: Meter())
    canned.answers = [reply(200, {"trainedModelArn": MODEL}), reply(200, model_reply())]
    assert (await sdk.trained_models.create(**TRAINING)).trained_model_arn == MODEL
    assert (await sdk.trained_models.wait(MODEL)).name == "m"
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == [
        "a metric of OpenTelemetry failed, crml.calls: LookupError('no room')",
        "a metric of OpenTelemetry failed, crml.wait.calls: LookupError('no room')",
    ]


@pytest.mark.parametrize("where", ["get_tracer", "on_start", "on_end"])
async def test_a_tracer_that_fails_costs_one_warning_and_no_wait(
    sdk: CleanRoomsML,
    canned: CannedServer,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise LookupError("no room")

    class Processor:
        on_start = on_end = _on_ending = staticmethod(lambda *_, **__: None)
        shutdown = force_flush = staticmethod(lambda *_: True)

    provider = TracerProvider(shutdown_on_exit=False)
    if where != "get_tracer":
        processor: Any = Processor()
        setattr(processor, where, fail)
        provider.add_span_processor(processor)
    monkeypatch.setattr(trace, "get_tracer", fail if where == "get_tracer" else provider.get_tracer)
    canned.answers = [reply(200, model_reply())]
    assert (await sdk.trained_models.wait(MODEL)).name == "m"
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["a span of OpenTelemetry failed: LookupError('no room')"]
    (outcome,) = await sdk.wait_all([MODEL])
    assert outcome.model is not None


async def test_a_provider_that_is_set_after_the_client_opened(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = proxies._ProxyMeterProvider()
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)
    canned.answers = [reply(200, model_reply())]
    await sdk.trained_models.get(MODEL)
    reader = InMemoryMetricReader()
    real = MeterProvider([reader], shutdown_on_exit=False)
    provider.on_set_meter_provider(real)
    await sdk.trained_models.get(MODEL)
    facts = {"crml.operation": "GetTrainedModel", "crml.outcome": "ok"}
    assert told_to(reader)["crml.calls"] == [(1, facts)]
    real.shutdown()


@pytest.mark.parametrize("state", ["not imported", "refused", "being imported"])
async def test_without_opentelemetry_nothing_is_told(
    sdk: CleanRoomsML, canned: CannedServer, told: Told, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "opentelemetry.metrics"
    if state == "not imported":
        monkeypatch.delitem(sys.modules, name)
    else:
        monkeypatch.setitem(sys.modules, name, None if state == "refused" else type(sys)(name))
    canned.answers = [reply(200, model_reply())]
    await sdk.trained_models.get(MODEL)
    assert told() == {}


async def test_log_records_of_calls_carry_their_facts(
    sdk: CleanRoomsML, canned: CannedServer, caplog: pytest.LogCaptureFixture
) -> None:
    canned.answers = [
        reply(200, model_reply(), x_amzn_RequestId="r-1\x1b[2J"),
        error("ConflictException", 409),
        reply(200, x_amzn_RequestId="r-2"),
        "cut",
    ]
    with caplog.at_level(logging.DEBUG, logger="crml_sdk"):
        await sdk.trained_models.get(MODEL)
        with pytest.raises(errors.ConflictException):
            await sdk.trained_models.get(MODEL)
        await sdk.trained_models.cancel(MODEL, version=BASE)
        with pytest.raises(errors.OutcomeUnknown):
            await sdk.trained_models.create(**TRAINING, timeout=0.2)
    records = [vars(record) for record in caplog.records if record.levelname == "DEBUG"]
    facts = ("crml_operation", "crml_outcome", "crml_request_id", "crml_attempts")
    assert [tuple(record[fact] for fact in facts) for record in records[:4]] == [
        ("GetTrainedModel", "ok", "r-1\ufffd[2J", 1),
        ("GetTrainedModel", "ConflictException", "req-1", 1),
        ("CancelTrainedModel", "ok", "r-2", 1),
        ("CreateTrainedModel", "TransportError", None, 1),
    ]
    assert all(0 <= record["crml_seconds"] < 60 for record in records)
    (looking,) = (record for record in caplog.records if record.levelname == "INFO")
    assert vars(looking)["crml_operation"] == "CreateTrainedModel"
    assert vars(looking)["crml_name"] == "m"
    assert "connection" in vars(looking)["crml_fault"]
