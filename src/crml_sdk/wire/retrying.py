"""When a request may be sent again, and whether it has left.

No operation of the service has an idempotency token, so a create or start that was perhaps
understood must not be repeated: it might train, and bill, twice. Reads and the rest follow
botocore's policy.
"""

from __future__ import annotations

from typing import Any, Final

from .parsing import CALL, note_sending
from .transport import surely_not_sent

THROTTLED: Final = 429


def stop_retries(**_: Any) -> bool | None:
    """A handler of `needs-retry`, for all operations.

    Returns:
        False for a call that is to be sent once, or whose client has been closed; None leaves it
        to the next handler.
    """
    call = CALL.get()
    return False if call is not None and (call.once or call.is_closed()) else None


def resend_create(
    response: Any = None, caught_exception: Exception | None = None, **_: Any
) -> bool | None:
    """A handler of `needs-retry`, for creates and starts: False stops, None leaves it to the policy.

    Args:
        response: The pair of HTTP response and parsed body, or None.
        caught_exception: What was raised instead of a response, or None.
    """
    if caught_exception is not None:
        again = surely_not_sent(caught_exception)
    else:
        status = response[0].status_code if response is not None else 0
        if status < 400:
            return None
        # Only a throttled request is known to have been turned away.
        again = status == THROTTLED
    call = CALL.get()
    if again and call is not None:
        call.sent = False
    return None if again else False


KNOWN_HANDLERS: Final = (stop_retries, resend_create)
"""The handlers of `needs-retry` here; they let every 2xx reply pass."""


def register(client: Any, service: str, creates: list[str]) -> None:
    """Make a client follow the rules above.

    Args:
        client: An aiobotocore client.
        service: Its service, as in the names of events.
        creates: The operations that create or start something.
    """
    events = client.meta.events
    events.register_first(f"needs-retry.{service}", stop_retries)
    events.register_first(f"before-send.{service}", note_sending)
    for operation in creates:
        events.register_first(f"needs-retry.{service}.{operation}", resend_create)
