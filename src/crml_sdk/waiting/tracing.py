"""What OpenTelemetry learns of a wait: short spans, linked to each other, and metrics.

A wait may last for weeks, and a span that is open for so long is lost with its process, so none
is. `crml.wait` (`crml.wait_all`, `crml.watch`) ends with the first poll. Each status that was
passed is a span of its own, `crml.status`, written when it is over and linked to the first. The
last of them says how the wait ended. The calls themselves are traced by the instrumentation of
aiobotocore; they become children of the wait's span.

OpenTelemetry is never imported here: who uses it has imported it, and for everybody else there is
nothing to pay.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from .. import __version__
from ..telemetry import Metrics
from ..untrusted import plain_logger
from .handles import Handle
from .outcomes import Outcome, StatusChange

logger: logging.Logger = plain_logger("crml_sdk.waiting")


class Trace:
    """The spans and metrics of one `wait`, `wait_all`, `as_completed` or `watch`.

    Args:
        name: The span's.
        handles: What is waited for.
        metrics: The client's.
    """

    def __init__(self, name: str, handles: Sequence[Handle], metrics: Metrics) -> None:
        self._api: Any = sys.modules.get("opentelemetry.trace")
        self._metrics = metrics
        self._statuses: dict[Any, tuple[StatusChange[Any], int]] = {}  # with when each was seen
        self._tracer: Any = None
        self._span: Any = None
        self._failed = False
        with self._guarded():
            if hasattr(self._api, "get_tracer"):
                self._tracer = self._api.get_tracer("crml_sdk", __version__)
                self._span = self._tracer.start_span(name, attributes=_of_handles(handles))
        self._open = self._span is not None

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """A block that informs OpenTelemetry: when it fails, the wait goes on."""
        try:
            yield
        except Exception as error:
            if not self._failed:
                self._failed = True
                logger.warning("a span of OpenTelemetry failed: %r", error)

    @contextmanager
    def current(self) -> Generator[None]:
        """A block whose calls belong to the wait; an error in it is the wait's end."""
        options = dict.fromkeys(
            ("end_on_exit", "record_exception", "set_status_on_exception"), False
        )
        try:
            with self._api.use_span(self._span, **options) if self._span else nullcontext():
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
        outcome = type(reply).__name__ if failed else "ok"
        self._metrics.tell("crml.wait.calls", 1, operation=operation, outcome=outcome)
        if failed:
            self._metrics.tell("crml.wait.retries", 1, operation=operation, outcome=outcome)
        else:
            self._end_first()

    def status(self, change: StatusChange[Any]) -> None:
        """A status was seen."""
        self._pass(change.handle, change.elapsed)
        self._statuses[_key(change.handle)] = change, time.time_ns()

    def settled(self, ready: Iterable[tuple[int, Outcome[Any]]]) -> None:
        """Some waits have ended."""
        for _, outcome in ready:
            ended = "ended" if outcome.error is None else type(outcome.error).__name__
            if not self._pass(outcome.handle, outcome.elapsed, ended, outcome.error):
                self._end_first(outcome.error, ended)

    def close(self, outcome: str = "left") -> None:
        """The end of it all; a second time does nothing. Nobody waits for what has not ended."""
        for change, _ in list(self._statuses.values()):
            self._pass(change.handle, None, outcome)
        self._end_first(None, outcome)

    def _end_first(self, error: BaseException | None = None, outcome: str | None = None) -> None:
        """The wait's own span ends with its first poll."""
        with self._guarded():
            if self._open:
                self._open = False
                if outcome is not None:
                    self._span.set_attribute("crml.outcome", outcome)
                self._end(self._span, error)

    def _pass(
        self,
        handle: Handle,
        until: float | None,
        outcome: str | None = None,
        error: BaseException | None = None,
    ) -> bool:
        """The status of a resource is over, if one was seen. Whether one was."""
        passing = self._statuses.pop(_key(handle), None)
        if passing is None:
            return False
        change, since = passing
        facts = {"kind": change.handle.kind, "status": str(change.status)}
        seconds = None if until is None else until - change.elapsed
        if seconds is not None:
            self._metrics.tell("crml.status.duration", seconds, **facts)
        with self._guarded():
            if self._span is not None:
                facts |= {"resource": change.handle.arn, "previous_status": change.previous}
                span = self._tracer.start_span(
                    "crml.status",
                    attributes=_attributes(**facts, outcome=outcome, seconds=seconds),
                    links=[self._api.Link(self._span.get_span_context())],
                    start_time=since,
                )
                self._end(span, error)
        return True

    def _end(self, span: Any, error: BaseException | None) -> None:
        if error is not None:
            span.record_exception(error)
            span.set_status(self._api.Status(self._api.StatusCode.ERROR, str(error)))
        span.end()


def _key(handle: Handle) -> Any:
    # The version may be pinned and the collaboration found on the way.
    return handle.kind, handle.arn, handle.version, handle.name, handle.goal


def _of_handles(handles: Sequence[Handle]) -> dict[str, Any]:
    if len(handles) != 1:
        return _attributes(resources=len(handles))
    (one,) = handles
    facts = {"kind": one.kind, "goal": one.goal.value, "resource": one.arn}
    return _attributes(**facts, version=one.version, name=one.name)


def _attributes(**facts: Any) -> dict[str, Any]:
    """The attributes of a span, without those that are None."""
    return {f"crml.{name}": value for name, value in facts.items() if value is not None}
