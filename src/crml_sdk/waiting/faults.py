"""Which errors a wait survives, and which end it."""

from __future__ import annotations

from .. import errors

#: A reply that cannot be read may be a proxy's; so many in a row are the service's.
UNREADABLE_REPLIES = 3


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
        error: what the call raised.
        unreadable: how many replies in a row could not be read, this one included.
    """
    if isinstance(error, errors.ServiceError):
        return is_throttling(error) or (error.status_code or 0) >= 500 or error.status_code == 408
    if isinstance(error, errors.ResponseShapeError):
        return unreadable < UNREADABLE_REPLIES
    return isinstance(error, errors.TransportError)
