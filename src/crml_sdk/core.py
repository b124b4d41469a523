"""What all scopes and groups of one client share: open connections, the default membership, calls."""

from __future__ import annotations

import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ._runtime import Expired, current_runtime
from .errors import CallTimeout, CleanRoomsMLError, ClientClosed
from .telemetry import METRICS_API, Metrics, observed
from .times import seconds_of
from .untrusted import plain_logger
from .wire.connection import Connection, connect
from .wire.parsing import Call

if TYPE_CHECKING:
    from datetime import timedelta

    from .membership_lookup import MembershipLookup
    from .operation import Operation
    from .waiting.driver import Waiting
    from .wire.settings import Settings

logger: logging.Logger = plain_logger("crml_sdk")

STARTS_REMEMBERED: Final = 2_000
"""How many resources that this client made it remembers the time of."""


class Core:
    """The working part of an open `CleanRoomsML`."""

    def __init__(self, settings: Settings, membership: str | None) -> None:
        self.settings = settings
        self.membership = membership
        self.find_lost_creates: bool = settings.find_lost_creates
        self.find_membership: bool = settings.find_membership
        self.clock: Callable[[], float] = settings.clock or time.monotonic
        self._sleep = settings.sleep
        self.started: OrderedDict[str, float] = OrderedDict()
        self._connections: dict[str, Connection] = {}
        self._open = False
        self._was_open = False
        self._closing: Any = None
        self._metrics = Metrics()

    async def open(self) -> None:
        """Open the client of the service; that of AWS Clean Rooms is opened when it is first needed."""
        if self._open:
            return
        self._open = self._was_open = True
        try:
            self._connections["cleanroomsml"] = await connect("cleanroomsml", self.settings)
        except BaseException:
            self._open = False
            raise

    async def close(self) -> None:
        """Close every connection; a second time does nothing."""
        self._open = False
        if self._closing is not None:
            self._closing.set()
            self._closing = None
        while self._connections:
            _, connection = self._connections.popitem()
            await connection.close()

    async def sleep(self, seconds: float) -> None:
        """Wait, by the client's clock.

        Raises:
            ClientClosed: The client is closed, or was meanwhile.
        """
        if not self._is_closed():
            if self._sleep is not None:
                await self._sleep(seconds)
            else:
                runtime = current_runtime()
                closing = self._closing = self._closing or runtime.event()
                with suppress(Expired):
                    await runtime.bounded(seconds, closing.wait)
                if closing.is_set():
                    raise ClientClosed("a pause between two requests")
        if self._is_closed():
            raise ClientClosed("a pause between two requests")

    def _is_closed(self) -> bool:
        return self._was_open and not self._open

    @cached_property
    def waiting(self) -> Waiting:
        """Everything about waiting, made when it is first needed."""
        from .waiting.driver import Waiting

        return Waiting(self, self.settings.polling_rate)

    @cached_property
    def memberships(self) -> MembershipLookup:
        """The look-up of the account's only membership, made when it is first needed."""
        from .membership_lookup import MembershipLookup

        return MembershipLookup(self)

    @property
    def raw(self) -> Any:
        """The aiobotocore client of the service."""
        return self._opened("the raw client").client

    @property
    def fast_path(self) -> str | None:
        """None when calls take the fast path; otherwise why they do not."""
        return self._opened("fast_path").fast_path

    def _opened(self, wanted: str) -> Connection:
        connection = self._connections.get("cleanroomsml")
        if connection is None:
            raise self._not_open(wanted)
        return connection

    def _not_open(self, wanted: str) -> CleanRoomsMLError:
        if self._was_open:
            return ClientClosed(wanted)
        return CleanRoomsMLError(
            "the client is not open: use `async with CleanRoomsML(...) as sdk`, or await sdk.open()"
        )

    async def _connection(self, operation: Operation) -> Connection:
        service = operation.service
        connection = self._connections.get(service)
        if connection is not None:
            return connection
        if not self._open:
            raise self._not_open(operation.name)
        connection = await connect(service, self.settings)
        if not self._open:  # closed meanwhile
            await connection.close()
            raise self._not_open(operation.name)
        kept = self._connections.setdefault(service, connection)
        if kept is not connection:  # another task was quicker
            await connection.close()
        return kept

    def note_start(self, arn: str) -> None:
        """Remember that this client made a resource just now: it may not show at once."""
        self.started[arn] = self.clock()
        self.started.move_to_end(arn)
        if len(self.started) > STARTS_REMEMBERED:
            self.started.popitem(last=False)

    async def call(
        self,
        operation: Operation,
        params: dict[str, Any],
        timeout: float | timedelta | None = None,
        *,
        once: bool = False,
    ) -> Any:
        """Send a checked request and give the model of its reply.

        Args:
            operation: What to call. A create or start goes by way of `creating.create_once`.
            params: The request by wire names, checked.
            timeout: Seconds (or a `timedelta`) for the call with all its retries.
            once: Not to be sent again on a fault: the caller decides that itself.

        Raises:
            CleanRoomsMLError: See `errors`.
        """
        connection, call = await self._connection(operation), Call(operation, once)
        if not logger.isEnabledFor(logging.DEBUG) and METRICS_API not in sys.modules:
            return await self._timed(connection, call, params, timeout)
        return await observed(
            call,
            lambda: self._timed(connection, call, params, timeout),
            self.clock,
            self._metrics,
        )

    async def _timed(
        self,
        connection: Connection,
        call: Call,
        params: dict[str, Any],
        timeout: float | timedelta | None,
    ) -> Any:
        if timeout is None:
            return await connection.make(call, params)
        seconds = seconds_of("timeout", timeout)
        try:
            return await current_runtime().bounded(seconds, lambda: connection.make(call, params))
        except Expired as error:
            name = call.operation.name
            raise CallTimeout(name, f"no reply within {seconds:g} seconds") from error
