"""What logs and OpenTelemetry's metrics are told of calls and waits.

OpenTelemetry is never imported here: who uses it has imported it, and for everybody else there is
nothing to pay. Whatever fails in it costs a warning, and neither a reply nor a wait.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from .untrusted import plain_logger

if TYPE_CHECKING:
    from .wire.parsing import Call

logger: logging.Logger = plain_logger("crml_sdk")

METRICS_API: Final = "opentelemetry.metrics"

INSTRUMENTS: Final = {
    "crml.calls": ("counter", "{call}", "Calls, each with all its attempts"),
    "crml.call.retries": ("counter", "{request}", "Requests that were sent again"),
    "crml.call.duration": ("histogram", "s", "Time that calls took with all their attempts"),
    "crml.wait.calls": ("counter", "{call}", "Calls of waits"),
    "crml.wait.retries": ("counter", "{call}", "Calls of waits that failed and are made again"),
    "crml.status.duration": ("histogram", "s", "Time that resources were in a status"),
}


class Metrics:
    """The instruments of one client, each made when it is first used."""

    def __init__(self) -> None:
        self._instruments: dict[str, Callable[[float, dict[str, Any]], None]] = {}
        self._failed = False

    def tell(self, name: str, value: float, **facts: Any) -> None:
        """Add to a counter, or record in a histogram.

        Args:
            name: Of the instrument.
            value: What is added or recorded.
            facts: Its attributes, without the `crml.` of their names.
        """
        api: Any = sys.modules.get(METRICS_API)
        if not hasattr(api, "get_meter"):  # None, or it is being imported just now
            return
        try:
            told = self._instruments.get(name)
            if told is None:
                told = self._instruments[name] = _instrument(api, name)
            told(value, {f"crml.{fact}": found for fact, found in facts.items()})
        except Exception as error:
            if not self._failed:
                self._failed = True
                logger.warning("a metric of OpenTelemetry failed, %s: %r", name, error)


def _instrument(api: Any, name: str) -> Any:
    from . import __version__

    kind, unit, description = INSTRUMENTS[name]
    meter = api.get_meter("crml_sdk", __version__)
    made = getattr(meter, f"create_{kind}")(name, unit=unit, description=description)
    return made.add if kind == "counter" else made.record


async def observed(
    call: Call,
    make: Callable[[], Awaitable[Any]],
    clock: Callable[[], float],
    metrics: Metrics,
) -> Any:
    """Make a call, and tell what became of it.

    Args:
        call: What is known of the call while it is under way.
        make: Makes it.
        clock: In seconds.
        metrics: The client's.

    Returns:
        What the call gives.
    """
    start, outcome, request_id = clock(), "cancelled", None
    try:
        reply = await make()
        outcome = "ok"
        return reply
    except Exception as error:
        outcome = type(error).__name__
        request_id = getattr(error, "request_id", None)
        raise
    finally:
        facts = {"operation": call.operation.name, "outcome": outcome}
        known = {"request_id": request_id or call.request_id, "attempts": call.attempts}
        seconds = clock() - start
        every = {**facts, **known, "seconds": seconds}
        logger.debug(
            "%s %s request_id=%s attempts=%s %.0f ms",
            *(found or "-" for found in (*facts.values(), *known.values())),
            seconds * 1000,
            extra={f"crml_{fact}": found for fact, found in every.items()},
        )
        metrics.tell("crml.calls", 1, **facts)
        metrics.tell("crml.call.duration", seconds, **facts)
        if call.attempts > 1:
            metrics.tell("crml.call.retries", call.attempts - 1, operation=call.operation.name)
