"""What is known of the HTTP exchange behind a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ResponseMetadata:
    """The exchange that a model or a page came from.

    Attributes:
        request_id: The service's identifier of the request (`x-amzn-requestid`), or None.
        http_status: The HTTP status code.
        headers: The reply's headers, names in lower case.
        attempts: How many times the request was sent, 1 without a retry.
        operation: The documented name of the operation.
    """

    request_id: str | None
    http_status: int
    headers: Mapping[str, str] = field(repr=False)
    attempts: int
    operation: str
