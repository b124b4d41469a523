"""Creating once: what happens when the reply to a create or start does not come.

No operation of the service has an idempotency token, so such a request is not sent again. Instead
the SDK searches for what it may have made: a resource of its exact name, made since the call began,
with the same settings as far as the service shows them. Exactly one such resource is taken as the
reply ("adopted"). Otherwise the outcome is unknown, and the error says what was found.

Whether the service refuses a second resource of a name is not documented for every operation, nor
how soon a new one shows in the lists; both are assumed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from .errors import (
    CallTimeout,
    CleanRoomsMLError,
    ClientClosed,
    ConflictException,
    OutcomeUnknown,
    ServiceError,
    TransportError,
)
from .request_search import RequestSearch
from .resource_types import type_of
from .untrusted import plain_logger

if TYPE_CHECKING:
    from .core import Core
    from .operation import Operation

logger: logging.Logger = plain_logger("crml_sdk")

PAUSES: Final = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each search: the service may still be working on a request whose reply was lost."""

SEARCH_LIMIT: Final = 20.0
"""Seconds for each call of a search."""

HURRIED_LIMIT: Final = 5.0
"""The same when the caller's own `timeout` has passed already; there is one search then."""

DATE_TOLERANCE: Final = timedelta(seconds=2)
"""Between `createTime` and the `Date` header of the service: both may be cut to whole seconds."""

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""Between `createTime` and this machine's clock, for replies without a `Date`. A request that is
signed with a clock further off is refused."""


async def create_once(
    core: Core, operation: Operation, params: dict[str, Any], timeout: float | timedelta | None
) -> Any:
    """Send a create or start; after a fault that leaves the outcome open, search for what it made.

    Args:
        core: Sends the calls.
        operation: What to call.
        params: The request by wire names, checked.
        timeout: Seconds for the call with all its retries. When they have passed there is one
            search, of a few seconds.

    Returns:
        The reply, or the model that it would have been.

    Raises:
        OutcomeUnknown: The search did not tell.
        CleanRoomsMLError: As any call.
    """
    began = core.clock()
    try:
        reply = await core.call(operation, params, timeout)
    except ClientClosed as fault:
        if not fault.request_sent:
            raise
        raise _closed(operation, params, "the reply came") from fault
    except (TransportError, ServiceError) as fault:
        if not core.find_lost_creates or not may_have_happened(fault):
            raise
        reply = await _found(core, operation, params, fault, began)
    made = type_of(operation)
    if reply is not None and made.has_arn:
        core.note_start(getattr(reply, made.arn))
    return reply


def _closed(operation: Operation, params: Mapping[str, Any], what: str) -> OutcomeUnknown:
    """The error when a client was closed too early for a search; it says where to look."""
    lookup = type_of(operation).list
    why = f"the client was closed before {what}"
    where = f"{lookup.name} would show it (sdk.{lookup.group}.{lookup.method})"
    return OutcomeUnknown(operation.name, str(params.get("name")), (why, where))


def may_have_happened(fault: Exception) -> bool:
    """Whether a create or start that failed so may have been carried out all the same.

    A conflict counts when the request was sent more than once: then it may be with itself.
    """
    if isinstance(fault, TransportError):
        return fault.request_sent is not False
    if isinstance(fault, ConflictException):
        return fault.attempts > 1
    return isinstance(fault, ServiceError) and (
        fault.status_code >= 500 or fault.status_code == 408
    )


async def _found(
    core: Core, operation: Operation, params: dict[str, Any], fault: Exception, began: float
) -> Any:
    """The reply that a lost one would have been, by what the request has made."""
    name: str = params["name"]
    facts = {"crml_operation": operation.name, "crml_name": name, "crml_fault": repr(fault)}
    logger.info("%s: searching for %r after %r", operation.name, name, fault, extra=facts)
    hurried = isinstance(fault, CallTimeout)
    search = RequestSearch(core, operation, params, HURRIED_LIMIT if hurried else SEARCH_LIMIT)
    looked: dict[str, None] = {}  # each line once, in order
    for pause in PAUSES[:1] if hurried else PAUSES:
        try:
            if pause:
                await core.sleep(pause)
            rows, reply = await search.rows((name,))
            since = _since(core.clock() - began, reply)
            if any(row.create_time < since for row in rows):
                rows = await search.with_versions(rows)
            fresh = [row for row in rows if row.create_time >= since]
            compared = [await search.compared(row, unshown_fits=True) for row in fresh]
        except ClientClosed:
            raise _closed(operation, params, "it could be looked for") from fault
        except CleanRoomsMLError as error:
            looked[f"a search failed: {error}"] = None
            continue
        fitting = [one for one in compared if one.setting is None]
        for one in compared:
            result = "fits" if one.setting is None else f"differs in {one.setting}"
            looked[f"{search.identity(one.row)} {result}"] = None
        older = [row for row in rows if row.create_time < since]
        for row in older:
            looked[f"{search.identity(row)} was made before, at {row.create_time}"] = None
        if not rows:
            looked[f"{type_of(operation).list.name} shows nothing of that name"] = None
        if len(fitting) == 1:
            facts["crml_resource"] = found = search.identity(fitting[0].row)
            logger.warning("%s: adopted %s after %r", operation.name, found, fault, extra=facts)
            return search.reply(fitting[0])
        if fitting:
            break
        if older and isinstance(fault, ConflictException):
            raise fault  # the name was taken before; nothing was made
    raise OutcomeUnknown(operation.name, name, tuple(looked)) from fault


def _since(seconds: float, reply: Any) -> datetime:
    """When a call began that many seconds before a reply, by the service's clock if that has it."""
    ago = timedelta(seconds=max(seconds, 0.0))
    metadata = reply.response_metadata
    try:
        date = parsedate_to_datetime(metadata.headers["date"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return datetime.fromtimestamp(time.time(), timezone.utc) - ago - CLOCK_TOLERANCE
    return date.replace(tzinfo=date.tzinfo or timezone.utc) - ago - DATE_TOLERANCE
