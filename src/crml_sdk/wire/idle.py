"""Handlers of botocore's that have nothing to do for these services.

Every call asks them, and each asking costs microseconds. They leave a client's events for good, by
the public way, when the service model shows that there is nothing for them to do.
"""

# botocore comes without types.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import os
from typing import Any, Final

from botocore import handlers

_BUILD: Final = "before-parameter-build"


def drop_idle_handlers(client: Any) -> None:
    """Unregister what can never do anything for the operations of a client."""
    description: Any = getattr(client.meta.service_model, "_service_description", None)
    events = client.meta.events
    if description is not None and not _has_tokens(description):
        events.unregister(_BUILD, handlers.generate_idempotent_uuid)
    checksums: Any = getattr(handlers, "_handle_request_validation_mode_member", None)
    if description is not None and checksums is not None and not _has_checksums(description):
        events.unregister(_BUILD, checksums)
    if "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        events.unregister("before-call", handlers.add_recursion_detection_header)


def _has_tokens(description: Any) -> bool:
    """Whether any member is an idempotency token that botocore would make up."""
    return any(
        "idempotencyToken" in member
        for shape in description["shapes"].values()
        for member in shape.get("members", {}).values()
    )


def _has_checksums(description: Any) -> bool:
    return any("httpChecksum" in operation for operation in description["operations"].values())
