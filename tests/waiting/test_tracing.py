"""Short spans and metrics of waits, facts in the log; nothing at all without OpenTelemetry."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crml_sdk import errors
from crml_sdk.waiting import Handle

from ..support import samples
from .stage import Service, in_turn, job, reset, service_error
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


def texts(span: Any, name: str = "crml.status") -> Any:
    return (span.attributes or {}).get(name)


def test_a_wait_is_linked_short_spans_one_for_each_status(
    run: Any, spans: InMemorySpanExporter
) -> None:
    current: list[Any] = []
    done: list[list[str]] = []

    async def main() -> None:
        def get(params: Any) -> Any:
            current.append(trace.get_current_span())
            done.append([span.name for span in spans.get_finished_spans()])
            return job(["CREATE_PENDING", "CREATE_IN_PROGRESS", "ACTIVE"][min(len(done) - 1, 2)])

        service = Service().on(GET_JOB, get)
        await service.room.wait(Handle.of(samples.JOB), timeout=None, poll=1e5)

    run(main)
    first, *rest = spans.get_finished_spans()
    assert first.name == "crml.wait"
    assert first.attributes == {
        "crml.kind": "trained-model-inference-job",
        "crml.goal": "finished",
        "crml.resource": samples.JOB,
    }
    assert [(span.name, texts(span)) for span in rest] == [
        ("crml.status", "CREATE_PENDING"),
        ("crml.status", "CREATE_IN_PROGRESS"),
        ("crml.status", "ACTIVE"),
    ]
    assert [texts(span, "crml.outcome") for span in rest] == [None, None, "ended"]
    assert [texts(span, "crml.seconds") for span in rest] == [86_400, 86_400, 0]
    assert [texts(span, "crml.previous_status") for span in rest][1] == "CREATE_PENDING"
    assert all(span.links[0].context == first.context for span in rest)
    assert done[1] == ["crml.wait"], "nothing is left open while a status lasts"
    assert all(one.get_span_context() == first.context for one in current)


def test_a_wait_that_fails_and_one_that_is_cancelled(run: Any, spans: InMemorySpanExporter) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_FAILED")))
        with pytest.raises(errors.ResourceFailed):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)
        service.on(GET_JOB, in_turn(job("CREATE_PENDING")))
        with anyio.move_on_after(10):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)
        service.on(GET_JOB, in_turn(service_error("AccessDeniedException")))
        with pytest.raises(errors.AccessDeniedException):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)
    _, failed, _, cancelled, refused = spans.get_finished_spans()
    assert not failed.status.is_ok
    assert texts(failed, "crml.outcome") == "ResourceFailed"
    assert [event.name for event in failed.events] == ["exception"]
    assert texts(cancelled, "crml.outcome") == "cancelled"
    assert cancelled.status.is_unset
    assert (refused.name, texts(refused, "crml.outcome")) == ("crml.wait", "AccessDeniedException")
    assert not refused.status.is_ok


def test_many_waits_are_one_span_and_one_for_each_status(
    run: Any, spans: InMemorySpanExporter
) -> None:
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
    assert [span.name for span in finished if span.name != "crml.status"] == [
        "crml.wait_all",
        "crml.wait_all",
        "crml.watch",
    ]
    first = finished[0]
    assert first.attributes == {"crml.resources": 4}
    linked = [span for span in finished if span.links and span.links[0].context == first.context]
    assert len(linked) == 8
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("how", ["forgotten", "closed", "left by its block"])
@pytest.mark.parametrize("what", ["watch", "as_completed"])
def test_an_iteration_that_is_left_leaves_no_span_open(
    run: Any, spans: InMemorySpanExporter, what: str, how: str
) -> None:
    async def main() -> None:
        service = Service(rate=None)
        fleet = Fleet(service, {arn(1): 0.0, arn(2): 1e9})
        if what == "watch":
            items: Any = service.room.watch(fleet.handles()[1])
        else:
            items = service.room.as_completed(fleet.handles(), timeout=3600)
        if how == "left by its block":
            async with items as entered:
                assert entered is items
                await items.__anext__()
        else:
            await items.__anext__()
            assert texts(spans.get_finished_spans()[-1], "crml.outcome") != "left"
        if how == "closed":
            await items.aclose()
        if how != "forgotten":
            with pytest.raises(StopAsyncIteration):
                await items.__anext__()
        del items
        gc.collect()

    run(main)
    *_, last = spans.get_finished_spans()
    assert (texts(last), texts(last, "crml.outcome")) == ("CREATE_IN_PROGRESS", "left")


def test_metrics(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(metrics, "get_meter", provider.get_meter)

    async def main() -> None:
        service = Service()
        service.on(GET_JOB, in_turn(job("CREATE_PENDING"), reset(), job("ACTIVE")))
        await service.room.wait(Handle.of(samples.JOB), timeout=None, poll=10)

    run(main)
    data: Any = reader.get_metrics_data()
    found = {
        metric.name: metric.data.data_points
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert {
        point.attributes["crml.outcome"]: (point.value, point.attributes["crml.operation"])
        for point in found["crml.wait.calls"]
    } == {"ok": (2, GET_JOB), "TransportError": (1, GET_JOB)}
    assert [(point.value, dict(point.attributes)) for point in found["crml.wait.retries"]] == [
        (1, {"crml.operation": GET_JOB, "crml.outcome": "TransportError"})
    ]
    times = {point.attributes["crml.status"]: point.sum for point in found["crml.status.duration"]}
    assert times == {"CREATE_PENDING": 20, "ACTIVE": 0}
    provider.shutdown()


def test_without_opentelemetry_there_is_nothing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("opentelemetry.trace", "opentelemetry.metrics"):
        monkeypatch.delitem(sys.modules, name)

    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("ACTIVE")))
        driver = service.room.driver("crml.wait", [Handle.of(samples.JOB)])
        assert driver.trace is None

    run(main)


def test_one_without_the_other(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")

    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING"), job("ACTIVE")))
        await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)


def test_log_records_carry_their_facts(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(reset(), job("RESTING"), job("ACTIVE")))
        await service.room.wait(Handle.of(samples.JOB), timeout=60)

    with caplog.at_level("DEBUG", "crml_sdk.waiting"):
        run(main)
    fault, status = (vars(record) for record in caplog.records)
    assert fault["crml_handle"] == status["crml_handle"] == str(Handle.of(samples.JOB))
    assert "connection was lost" in fault["crml_fault"]
    assert status["crml_status"] == "RESTING"
    assert samples.JOB in caplog.records[1].getMessage()


def test_waiting_imports_neither_opentelemetry_nor_anyio() -> None:
    code = (
        "import sys, crml_sdk.waiting;"
        "assert not {'opentelemetry', 'anyio', 'trio', 'aiobotocore'} & sys.modules.keys(), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_failure_is_told_with_its_words_and_its_exception(
    run: Any, spans: InMemorySpanExporter
) -> None:
    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_FAILED")))
        with pytest.raises(errors.ResourceFailed):
            await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)
    *_, failed = spans.get_finished_spans()
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert samples.JOB in (failed.status.description or "")
    (event,) = failed.events
    assert (event.attributes or {})["exception.type"] == "crml_sdk.errors.ResourceFailed"


def test_an_error_of_the_callers_own_leaves_no_span_open(
    run: Any, spans: InMemorySpanExporter
) -> None:
    def on_update(change: Any) -> None:
        raise KeyError("the caller's own")

    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING")))
        with pytest.raises(KeyError):
            await service.room.wait(Handle.of(samples.JOB), timeout=60, on_update=on_update)

    run(main)
    first, status = spans.get_finished_spans()
    assert first.name == "crml.wait"
    assert (texts(status), texts(status, "crml.outcome")) == ("CREATE_PENDING", "KeyError")


def test_a_span_of_a_status_begins_when_it_was_seen(
    run: Any, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(100, 200))
    monkeypatch.setattr("crml_sdk.waiting.tracing.time.time_ns", lambda: next(times))

    async def main() -> None:
        service = Service().on(GET_JOB, in_turn(job("CREATE_PENDING"), job("ACTIVE")))
        await service.room.wait(Handle.of(samples.JOB), timeout=60)

    run(main)
    begun = [span.start_time for span in spans.get_finished_spans() if span.name == "crml.status"]
    assert len(begun) == 2
    assert all(time is not None and 100 <= time < 200 for time in begun)
    assert begun[0] != begun[1]


def test_what_opentelemetry_cannot_be_told_is_noted_once(
    run: Any,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no exporter")

    monkeypatch.setattr(trace, "Link", broken)

    async def main() -> None:
        service = Service().on(
            GET_JOB, in_turn(job("CREATE_PENDING"), job("CREATE_IN_PROGRESS"), job("ACTIVE"))
        )
        done = await service.room.wait(Handle.of(samples.JOB), timeout=60)
        assert done.status == "ACTIVE"

    with caplog.at_level("WARNING"):
        run(main)
    assert [record.getMessage() for record in caplog.records].count(
        "a span of OpenTelemetry failed: RuntimeError('no exporter')"
    ) == 1
