"""Which errors a wait survives, which end it, and how long the service asked to be left alone."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

from .. import errors

UNREADABLE_REPLIES: Final = 3
"""A reply that cannot be read may be a proxy's; so many in a row are the service's."""

LONGEST_RETRY_AFTER: Final = 600.0
"""A `Retry-After` beyond this many seconds is cut to it: a broken proxy must not stop a wait of weeks."""

REFRESH_GRACE: Final = 900.0
"""Seconds after the end of the old credentials for which a wait survives that new ones cannot be had;
where that end is not known, seconds for which credentials that were good may fail to be renewed."""


def is_throttling(error: BaseException) -> bool:
    """The service refused a request for the rate of them."""
    return isinstance(error, errors.ServiceError) and (
        isinstance(error, errors.ThrottlingException) or error.status_code == 429
    )


def is_missing(error: BaseException) -> bool:
    """The service knows no such resource."""
    return isinstance(error, errors.ServiceError) and (
        isinstance(error, errors.ResourceNotFoundException) or error.status_code == 404
    )


def is_transient(error: BaseException, unreadable: int = 0) -> bool:
    """Whether asking again may help: throttling, 5xx, a connection fault, a call that was cut.

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
    """Seconds for which the service asked to be left alone, by its `Retry-After`; 0 without one.

    The header is a number of seconds, or a date, which is read by the reply's own clock.
    """
    response = cast("Mapping[str, Mapping[str, Any]]", getattr(error, "response", None) or {})
    headers: Mapping[str, str] = response.get("ResponseMetadata", {}).get("HTTPHeaders") or {}
    text = headers.get("retry-after")
    if text is None:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(str(text), headers.get("date"))
    # Not a number compares as false, and counts as none.
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else 0.0


def _seconds_until(date: str, now: str | None) -> float:
    if now is None:
        return 0.0
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
