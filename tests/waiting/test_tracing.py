"""One span per wait with an event per status; nothing at all without OpenTelemetry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crml_sdk import errors
from crml_sdk.waiting import Handle
from crml_sdk.waiting.tracing import WaitSpan

from ..support import samples
from .stage import Service, in_turn, job
from .test_many import Fleet, arn

GET_JOB = "GetTrainedModelInferenceJob"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def test_a_wait_is_a_span_with_an_event_per_status(run: Any, spans: InMemorySpanExporter) -> None:
    current: list[Any] = []

    async def main() -> None:
        def get(params: Any) -> Any:
            current.append(trace.get_current_span())
            return job("CREATE_PENDING" if len(current) < 3 else "ACTIVE")

        service = Service().on(GET_JOB, get)
        await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)
    (span,) = spans.get_finished_spans()
    assert span.name == "crml.wait"
    assert span.attributes is not None
    assert span.attributes["crml.resource"] == samples.JOB
    assert span.attributes["crml.kind"] == "trained-model-inference-job"
    assert span.attributes["crml.outcome"] == "ended"
    assert [event.attributes["crml.status"] for event in span.events if event.attributes] == [
        "CREATE_PENDING",
        "ACTIVE",
    ]
    assert {one.get_span_context().span_id for one in current} == {span.context.span_id}


def test_a_wait_that_fails_and_one_that_is_cancelled(run: Any, spans: InMemorySpanExporter) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_FAILED")))
        with pytest.raises(errors.ResourceFailed):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)
        service.on(GET_JOB, in_turn(job("CREATE_PENDING")))
        with anyio.move_on_after(10):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)
    failed, cancelled = spans.get_finished_spans()
    assert not failed.status.is_ok
    assert failed.attributes is not None
    assert failed.attributes["crml.outcome"] == "ResourceFailed"
    assert cancelled.attributes is not None
    assert cancelled.attributes["crml.outcome"] == "cancelled"
    assert cancelled.status.is_unset


def test_many_waits_are_one_span(run: Any, spans: InMemorySpanExporter) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(n): 10.0 for n in range(4)})
        await service.room.wait_all(fleet.handles(), timeout=60)
        async for _ in service.room.as_completed(fleet.handles(), timeout=60):
            pass
        async for _ in service.room.watch(fleet.handles()[0]):
            pass

    run(main)
    finished = spans.get_finished_spans()
    assert [span.name for span in finished] == ["crml.wait_all", "crml.wait_all", "crml.watch"]
    assert len(finished[0].events) == 8
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_without_opentelemetry_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    span = WaitSpan("crml.wait", {})
    with span.current():
        pass
    span.end()


def test_waiting_imports_neither_opentelemetry_nor_anyio() -> None:
    code = (
        "import sys, crml_sdk.waiting;"
        "assert not {'opentelemetry', 'anyio', 'trio', 'aiobotocore'} & sys.modules.keys(), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
