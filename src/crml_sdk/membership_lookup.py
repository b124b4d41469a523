"""The account's only `ACTIVE` membership, for lists and creates without a membership.

A client looks it up once. Calls that need it meanwhile wait for that look-up. The client keeps what
it finds; a failure is raised in every call that waited, and the next call tries again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ._runtime import Event, Expired, current_runtime
from .api.operations import LIST_MEMBERSHIPS
from .errors import (
    AccessDeniedException,
    CallTimeout,
    ClientClosed,
    ConfigurationError,
    MissingCredentials,
    MissingMembership,
    ResponseShapeError,
    ServiceError,
)
from .pagination import read_list
from .times import seconds_of
from .untrusted import as_line, plain_logger
from .waiting.faults import is_transient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from .core import Core
    from .models import MembershipSummary

NAMED: Final = 10
"""How many memberships an error names."""

logger: logging.Logger = plain_logger("crml_sdk")


@dataclass
class _Look:
    """One look-up and its result; neither rows nor fault when the call that began it was cancelled."""

    ended: Event
    rows: list[MembershipSummary] | None = None
    fault: Exception | None = None


class MembershipLookup:
    """Finds the only active membership of a client's account."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._found: MembershipSummary | None = None
        self._look: _Look | None = None

    async def only(
        self, operation: str, timeout: float | timedelta | None = None
    ) -> tuple[MembershipSummary, float | timedelta | None]:
        """Find the only `ACTIVE` membership.

        Args:
            operation: The documented name of the operation that needs it, for errors.
            timeout: Seconds (or a `timedelta`) for the call, this look-up included.

        Returns:
            Its row, and what is left of the time.

        Raises:
            MissingMembership: There is none or more than one, or they could not be listed.
            CallTimeout: The timeout passed.
            CleanRoomsMLError: The list failed with an error that may pass, or that any call would meet.
        """
        if self._found is not None or timeout is None:
            return await self._only(operation), timeout
        runtime = current_runtime()
        seconds = seconds_of("timeout", timeout)
        began = runtime.clock()
        try:
            found = await runtime.bounded(seconds, lambda: self._only(operation))
        except Expired as error:
            problem = f"its membership was not found within {seconds:g} seconds; nothing was sent"
            raise CallTimeout(operation, problem, False) from error
        return found, max(seconds - (runtime.clock() - began), 0.0)

    async def _only(self, operation: str) -> MembershipSummary:
        while self._found is None:
            look = self._look
            if look is None:
                look = await self._begin()
            else:
                await look.ended.wait()
            if look.fault is not None:
                raise _explained(operation, look.fault)
            if look.rows is not None and self._found is None:
                raise MissingMembership(operation, _why(look.rows), look.rows)
        return self._found

    async def _begin(self) -> _Look:
        look = self._look = _Look(current_runtime().event())
        try:
            look.rows = rows = await read_list(
                self._core.call, LIST_MEMBERSHIPS, {"status": "ACTIVE"}
            )
            if len(rows) == 1:
                self._found = rows[0]
                logger.info(
                    "no membership was given: taking the account's only active one, %s (%s)",
                    rows[0].id,
                    rows[0].collaboration_name,
                )
        except Exception as fault:
            look.fault = fault
        finally:
            self._look = None
            look.ended.set()
        return look


def _explained(operation: str, fault: Exception) -> Exception:
    """The error for the caller: its membership is missing, unless the fault has another cause."""
    if isinstance(fault, ClientClosed):
        return ClientClosed(operation)
    # A 401 or 403 that is not AccessDeniedException is about the credentials.
    refused = isinstance(fault, AccessDeniedException) or (
        isinstance(fault, ServiceError)
        and not is_transient(fault)
        and fault.status_code not in (401, 403)
    )
    set_up = isinstance(fault, ConfigurationError) and not isinstance(fault, MissingCredentials)
    if not (refused or set_up or isinstance(fault, ResponseShapeError)):
        return fault
    reason = f"the account's memberships could not be listed ({as_line(str(fault))})"
    error = MissingMembership(operation, reason)
    error.__cause__ = fault
    return error


def _why(rows: Sequence[MembershipSummary]) -> str:
    """Why the account has not exactly one active membership."""
    if not rows:
        return "the account has none that is active in this region"
    named = [f"{row.collaboration_name!r} ({row.id})" for row in rows[:NAMED]]
    if len(rows) > NAMED:
        named.append(f"{len(rows) - NAMED} more")
    return f"the account has {len(rows)} that are active, {', '.join(named)}"
