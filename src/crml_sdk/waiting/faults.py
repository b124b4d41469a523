"""Which errors a wait survives, which end it, and how long `Retry-After` asks it to pause."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from .. import errors

UNREADABLE_REPLIES: Final = 3
"""An unreadable reply may come from a proxy; so many in a row come from the service."""

LONGEST_RETRY_AFTER: Final = 600.0
"""The longest `Retry-After` in seconds that is obeyed: a broken proxy must not stop a long wait."""

REFRESH_GRACE: Final = 900.0
"""Seconds for which a wait survives that credentials cannot be renewed: from the expiry of the old
ones, or from the first failure if the expiry is not known and the old ones were good."""


def is_throttling(error: BaseException) -> bool:
    """Whether the service refused a request because there were too many."""
    return _is(error, errors.ThrottlingException, 429)


def is_missing(error: BaseException) -> bool:
    """Whether the service has no such resource."""
    return _is(error, errors.ResourceNotFoundException, 404)


def _is(error: BaseException, kind: type[errors.ServiceError], status: int) -> bool:
    by_status = isinstance(error, errors.ServiceError) and error.status_code == status
    return isinstance(error, kind) or by_status


def is_transient(error: BaseException, unreadable: int = 0) -> bool:
    """Whether a retry may help: after throttling, a 5xx, a connection fault or a time-out.

    Args:
        error: What the call raised.
        unreadable: How many replies in a row could not be read, this one included.
    """
    if isinstance(error, errors.ServiceError):
        return is_throttling(error) or error.status_code >= 500 or error.status_code == 408
    if isinstance(error, errors.ResponseShapeError):
        return unreadable < UNREADABLE_REPLIES
    return isinstance(error, errors.TransportError)


def retry_after(error: BaseException) -> float:
    """The pause that the service asked for with `Retry-After`, in seconds; 0 without one.

    The header is a number of seconds, or a date, which is compared with the date of the reply.
    """
    response = cast("Mapping[str, Mapping[str, Any]]", getattr(error, "response", None) or {})
    headers: Mapping[str, str] = response.get("ResponseMetadata", {}).get("HTTPHeaders") or {}
    text = headers.get("retry-after")
    if text is None:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
        with suppress(TypeError, ValueError):
            now = parsedate_to_datetime(headers.get("date") or "")
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
    # Not a number compares as false, and counts as none.
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else 0.0
