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

import functools
import logging
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import __version__
from ..telemetry import Metrics
from ..untrusted import plain_logger
from .handles import Handle
from .outcomes import Outcome, StatusChange

logger: logging.Logger = plain_logger("crml_sdk.waiting")


@dataclass(frozen=True)
class _Passing:
    """A status that something is in."""

    change: StatusChange[Any]
    since: int


def _told(method: Callable[..., None]) -> Callable[..., None]:
    """A method that tells OpenTelemetry something: when that fails, the wait goes on."""

    @functools.wraps(method)
    def telling(self: Trace, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:
            self.complain(error)

    return telling


class Trace:
    """What is told of one `wait`, `wait_all`, `as_completed` or `watch`.

    Args:
        name: The span's.
        handles: What is waited for.
        metrics: The client's.
    """

    def __init__(self, name: str, handles: Sequence[Handle], metrics: Metrics) -> None:
        self._api: Any = sys.modules.get("opentelemetry.trace")
        self._metrics = metrics
        self._statuses: dict[Any, _Passing] = {}
        self._tracer: Any = None
        self._span: Any = None
        self._failed = False
        self._start(name, handles)
        self._open = self._span is not None

    @_told
    def _start(self, name: str, handles: Sequence[Handle]) -> None:
        if hasattr(self._api, "get_tracer"):
            self._tracer = self._api.get_tracer("crml_sdk", __version__)
            self._span = self._tracer.start_span(name, attributes=_attributes(handles))

    def complain(self, error: Exception) -> None:
        """Note, once for a wait, that OpenTelemetry could not be told."""
        if not self._failed:
            self._failed = True
            logger.warning("a span of OpenTelemetry failed: %r", error)

    @contextmanager
    def current(self) -> Generator[None]:
        """A block whose calls belong to the wait; an error in it is the wait's end."""
        try:
            if self._span is None:
                yield
                return
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
        outcome = type(reply).__name__ if failed else "ok"
        self._metrics.tell("crml.wait.calls", 1, operation=operation, outcome=outcome)
        if failed:
            self._metrics.tell("crml.wait.retries", 1, operation=operation, outcome=outcome)
        else:
            self._end_first()

    @_told
    def status(self, change: StatusChange[Any]) -> None:
        """A status was seen."""
        key = _key(change.handle)
        before = self._statuses.pop(key, None)
        if before is not None:
            self._pass(before, change.elapsed)
        self._statuses[key] = _Passing(change, time.time_ns())

    @_told
    def settled(self, ready: Iterable[tuple[int, Outcome[Any]]]) -> None:
        """Some waits have ended."""
        for _, outcome in ready:
            passing = self._statuses.pop(_key(outcome.handle), None)
            ended = "ended" if outcome.error is None else type(outcome.error).__name__
            if passing is not None:
                self._pass(passing, outcome.elapsed, ended, outcome.error)
            elif self._open:
                self._end_first(outcome.error, ended)

    @_told
    def close(self, outcome: str = "left") -> None:
        """The end of it all; a second time does nothing. Nobody waits for what has not ended."""
        while self._statuses:
            passing = self._statuses.pop(next(iter(self._statuses)))
            self._pass(passing, None, outcome)
        self._end_first(None, outcome)

    @_told
    def _end_first(self, error: BaseException | None = None, outcome: str | None = None) -> None:
        """The wait's own span ends with its first look."""
        if not self._open:
            return
        self._open = False
        if outcome is not None:
            self._span.set_attribute("crml.outcome", outcome)
        self._blame(self._span, error)
        self._span.end()

    @_told
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
            facts = {"kind": change.handle.kind, "status": _text(change.status)}
            self._metrics.tell("crml.status.duration", until - change.elapsed, **facts)
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
