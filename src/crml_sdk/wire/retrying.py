"""When a create or a start may be sent again.

No operation of the service has an idempotency token, so a request that was perhaps understood must
not be repeated: it might train, and bill, twice. Reads and the rest follow botocore's policy.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

from .transport import surely_not_sent

THROTTLED: Final = 429

ONCE: ContextVar[bool] = ContextVar("crml_sdk_once", default=False)
"""Set around a call whose caller decides itself when to ask again, as waiting does."""


def send_once(**_: Any) -> bool | None:
    """A handler of `needs-retry`, for all operations: stops when the call is to be sent once."""
    return False if ONCE.get() else None


def resend_create(
    response: Any = None, caught_exception: Exception | None = None, **_: Any
) -> bool | None:
    """A handler of `needs-retry`: False stops, None leaves it to the policy.

    Args:
        response: The pair of HTTP response and parsed body, or None.
        caught_exception: What was raised instead of a response, or None.
    """
    if caught_exception is not None:
        return None if surely_not_sent(caught_exception) else False
    status = response[0].status_code if response is not None else 0
    # Only a throttled request is known to have been turned away at the door.
    return None if status < 400 or status == THROTTLED else False
