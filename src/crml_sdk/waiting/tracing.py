"""One OpenTelemetry span per wait, with an event for each status that was seen.

The calls themselves are the aiobotocore instrumentation's to trace; they become children of the
wait's span. OpenTelemetry is never imported here: who uses it has imported it, and for everybody
else there is nothing to pay.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import __version__
from .statuses import Goal
from .tracker import StatusChange, status_text


class WaitSpan:
    """The span of one wait, or nothing at all."""

    def __init__(self, name: str, attributes: Mapping[str, Any]) -> None:
        self._api: Any = sys.modules.get("opentelemetry.trace")
        self._span: Any = None
        if self._api is not None and hasattr(self._api, "get_tracer"):
            tracer = self._api.get_tracer("crml_sdk", __version__)
            span = tracer.start_span(name, attributes=dict(attributes))
            self._span = span if span.is_recording() else None

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
        except BaseException as error:
            self.end(error)
            raise

    def status(self, change: StatusChange[Any]) -> None:
        """An event for a status that was seen."""
        if self._span is None:
            return
        attributes = {
            "crml.resource": change.handle.arn,
            "crml.status": status_text(change.status),
            "crml.elapsed": change.elapsed,
        }
        if change.previous is not None:
            attributes["crml.previous_status"] = status_text(change.previous)
        self._span.add_event("crml.status", attributes)

    def end(self, error: BaseException | None = None) -> None:
        """The end of the wait. Cancelling a wait is no error of it."""
        span, self._span = self._span, None
        if span is None:
            return
        outcome = "ended"
        if isinstance(error, Exception) and not isinstance(error, StopAsyncIteration):
            outcome = type(error).__name__
            span.record_exception(error)
            span.set_status(self._api.Status(self._api.StatusCode.ERROR, str(error)))
        elif error is not None and not isinstance(error, StopAsyncIteration):
            outcome = "cancelled"
        span.set_attribute("crml.outcome", outcome)
        span.end()


def wait_attributes(kind: str, goal: Goal, **more: Any) -> dict[str, Any]:
    """The attributes of a wait's span; those that are None are left out."""
    attributes = {"crml.kind": kind, "crml.goal": goal.value, **more}
    return {name: value for name, value in attributes.items() if value is not None}
