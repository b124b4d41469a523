"""What OpenTelemetry is told of a wait: short spans, linked to each other, and metrics.

A wait may last for weeks, and a span that is open for so long is lost with its process, so none
is. `crml.wait` (`crml.wait_all`, `crml.watch`) ends with the first look; each status that was
passed is a span of its own, `crml.status`, told when it is over and linked to the first; the last
of them carries how the wait ended. The calls themselves are the aiobotocore instrumentation's to
trace; they become children of the wait's span.

OpenTelemetry is never imported here: who uses it has imported it, and for everybody else there is
nothing to pay.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import __version__
from .handles import Handle
from .outcomes import Outcome, StatusChange


@dataclass(frozen=True)
class _Passing:
    """A status that something is in."""

    change: StatusChange[Any]
    since: int


class Trace:
    """What is told of one `wait`, `wait_all`, `as_completed` or `watch`.

    Args:
        name: The span's.
        handles: What is waited for.
    """

    def __init__(self, name: str, handles: Sequence[Handle]) -> None:
        self._api: Any = sys.modules.get("opentelemetry.trace")
        self._meters = _Meters()
        self._statuses: dict[Any, _Passing] = {}
        self._tracer: Any = None
        self._span: Any = None
        if self._api is not None and hasattr(self._api, "get_tracer"):
            self._tracer = self._api.get_tracer("crml_sdk", __version__)
            self._span = self._tracer.start_span(name, attributes=_attributes(handles))
        self._open = self._span is not None

    @contextmanager
    def current(self) -> Generator[None]:
        """A block whose calls belong to the wait; an error in it is the wait's end."""
        if self._span is None:
            yield
            return
        try:
            with self._api.use_span(
                self._span,
                end_on_exit=False,
                record_exception=False,
                set_status_on_exception=False,
            ):
                yield
        except Exception as error:
            self._end_first(error)
            self.close(type(error).__name__)
            raise
        except BaseException:
            self.close("cancelled")
            raise

    def call(self, operation: str, reply: Any) -> None:
        """A request was answered, or failed."""
        failed = isinstance(reply, BaseException)
        self._meters.call(operation, type(reply).__name__ if failed else "ok")
        if not failed:
            self._end_first()

    def status(self, change: StatusChange[Any]) -> None:
        """A status was seen."""
        key = _key(change.handle)
        before = self._statuses.pop(key, None)
        if before is not None:
            self._pass(before, change.elapsed)
        self._statuses[key] = _Passing(change, time.time_ns())

    def settled(self, ready: Iterable[tuple[int, Outcome[Any]]]) -> None:
        """Some waits have ended."""
        for _, outcome in ready:
            passing = self._statuses.pop(_key(outcome.handle), None)
            ended = "ended" if outcome.error is None else type(outcome.error).__name__
            if passing is not None:
                self._pass(passing, outcome.elapsed, ended, outcome.error)
            elif self._open:
                self._end_first(outcome.error, ended)

    def close(self, outcome: str = "left") -> None:
        """The end of it all; a second time does nothing. Nobody waits for what has not ended."""
        while self._statuses:
            passing = self._statuses.pop(next(iter(self._statuses)))
            self._pass(passing, None, outcome)
        self._end_first(None, outcome)

    def _end_first(self, error: BaseException | None = None, outcome: str | None = None) -> None:
        """The wait's own span ends with its first look."""
        if not self._open:
            return
        self._open = False
        if outcome is not None:
            self._span.set_attribute("crml.outcome", outcome)
        self._blame(self._span, error)
        self._span.end()

    def _pass(
        self,
        passing: _Passing,
        until: float | None,
        outcome: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """A status is over."""
        change = passing.change
        attributes: dict[str, Any] = {
            "crml.resource": change.handle.arn,
            "crml.kind": change.handle.kind,
            "crml.status": _text(change.status),
            "crml.previous_status": change.previous,
            "crml.outcome": outcome,
        }
        if until is not None:
            attributes["crml.seconds"] = until - change.elapsed
            self._meters.passed(change, until - change.elapsed)
        if self._span is None:
            return
        links = [self._api.Link(self._span.get_span_context())]
        span = self._tracer.start_span(
            "crml.status", attributes=_set(attributes), links=links, start_time=passing.since
        )
        self._blame(span, error)
        span.end()

    def _blame(self, span: Any, error: BaseException | None) -> None:
        if error is not None:
            span.record_exception(error)
            span.set_status(self._api.Status(self._api.StatusCode.ERROR, str(error)))


class _Meters:
    """Counters of calls and of looks taken again, and the time in each status."""

    def __init__(self) -> None:
        api: Any = sys.modules.get("opentelemetry.metrics")
        self._calls: Any = None
        if api is None or not hasattr(api, "get_meter"):
            return
        meter = api.get_meter("crml_sdk", __version__)
        self._calls = meter.create_counter("crml.wait.calls", description="Requests of waits")
        self._retries = meter.create_counter(
            "crml.wait.retries", description="Requests of waits that failed and are made again"
        )
        self._time = meter.create_histogram(
            "crml.status.duration", unit="s", description="Time that resources were in a status"
        )

    def call(self, operation: str, outcome: str) -> None:
        if self._calls is None:
            return
        self._calls.add(1, {"crml.operation": operation, "crml.outcome": outcome})
        if outcome != "ok":
            self._retries.add(1, {"crml.operation": operation, "crml.outcome": outcome})

    def passed(self, change: StatusChange[Any], seconds: float) -> None:
        if self._calls is not None:
            facts = {"crml.kind": change.handle.kind, "crml.status": _text(change.status)}
            self._time.record(seconds, facts)


def _key(handle: Handle) -> Any:
    # The version may be pinned and the collaboration found on the way.
    return handle.kind, handle.arn, handle.version, handle.name, handle.goal


def _text(status: Any) -> str:
    return str(getattr(status, "value", status))


def _attributes(handles: Sequence[Handle]) -> dict[str, Any]:
    if len(handles) != 1:
        return {"crml.resources": len(handles)}
    (handle,) = handles
    return _set(
        {
            "crml.kind": handle.kind,
            "crml.goal": handle.goal.value,
            "crml.resource": handle.arn,
            "crml.version": handle.version,
            "crml.name": handle.name,
        }
    )


def _set(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without those that are None."""
    return {name: value for name, value in attributes.items() if value is not None}
